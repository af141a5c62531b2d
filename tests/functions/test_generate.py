"""Programs made from meanings: found by analysis, and good to what was asked."""

from fractions import Fraction
from itertools import pairwise

import pytest

from optgen.functions.certificate import Claim, prove
from optgen.functions.errors import Refused
from optgen.functions.fit import (
    Model,
    chebyshev_points,
    exactly,
    minimax,
    round_jointly,
    to_bits_of,
    to_float32,
    to_multiple_of,
)
from optgen.functions.generate import candidates, cost, generate, target_of
from optgen.functions.request import Accuracy, Domain
from optgen.functions.schemes import (
    angle,
    arc,
    area,
    bell_logarithm,
    circular,
    decaying,
    exponential,
    gated,
    gaussian,
    hyperbolic,
    logarithm,
    logistic,
    octaves,
    ratio,
    reflected,
    roots,
    saturating,
    shifted_exponential,
    shifted_logarithm,
    turning,
)
from optgen.functions.target import ball, precise, to_fraction
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise


def meaning(text):
    return elementwise(parse_expression(text), lambda name: None)


SCHEMES = (
    exponential, logarithm, circular, saturating, logistic, decaying, gaussian,
    turning, angle, arc, hyperbolic, ratio, area,
)  # fmt: skip

RECOGNISED = [
    ("exp(x)", exponential), ("2^x", exponential), ("exp(-3*x)/7", exponential), ("log(x)", logarithm),
    ("-log(x)/log(10)", logarithm), ("sin(x)", circular), ("cos(x)", circular), ("sin(x + pi/2)", circular),
    ("tanh(x)", saturating), ("erf(x)", saturating), ("2/(1 + exp(-x)) - 1", saturating), ("x^2", None),
    ("x/(1 + x^2)", None), ("1/(1 + exp(-x))", logistic), ("softplus(x)", decaying), ("-softplus(-x)", decaying),
    ("x/2*(1 + erf(x/sqrt(2)))", gaussian), ("(1 + erf(x/sqrt(2)))/2", gaussian),
    ("tan(x)", turning), ("-1/tan(x + pi/2)", turning), ("-sin(x)/cos(x)", turning), ("arctan(x)", angle),
    ("2*arctan(x/(1 + sqrt(1 + x^2)))", angle), ("arctan(2*x)", None), ("arcsin(x)", arc), ("arccos(x)", arc),
    ("pi/2 - arcsin(x)", arc), ("sinh(x)", hyperbolic), ("(exp(x) + exp(-x))/2", hyperbolic),
    ("cosh(x) + 1", None), ("arcsinh(x)", area), ("log(x + sqrt(x^2 - 1))", area), ("arctanh(x)", ratio),
    ("log((1 - x)/(1 + x))/2", ratio),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scheme"), RECOGNISED, ids=lambda v: v if isinstance(v, str) else "")
def test_a_function_is_recognised_by_what_it_is_and_not_by_its_name(text, scheme):
    target = target_of(meaning(text))
    wanted = {scheme, decaying} if scheme is logistic else {scheme}  # a logistic function decays as well
    with precise():
        for one in SCHEMES:
            assert (one.recognise(target) is not None) == (one in wanted)


PLAIN = (shifted_exponential, shifted_logarithm, roots, gated, gaussian, bell_logarithm, reflected, octaves)
PLAIN_CASES = [
    ("expm1(x)", shifted_exponential), ("1 - exp(-2*x)", shifted_exponential), ("log1p(x)", shifted_logarithm),
    ("log(1 + x)/log(2)", shifted_logarithm), ("1/sqrt(x)", roots), ("cbrt(x)", roots), ("x*sigmoid(x)", gated),
    ("x*sigmoid(-x)", gated), ("mish(x)", gated), ("i0e(x)", octaves), ("i1e(x)", octaves), ("erfinv(x)", octaves),
    ("log((1 + x)/(1 - x))", octaves), ("exp(x)", None), ("erfc(x)", gaussian), ("erfcx(-x)", reflected),
    ("log_ndtr(x)", bell_logarithm), ("sin(20*x)", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scheme"), PLAIN_CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_plain_case_is_offered_by_the_scheme_of_the_function_alone(text, scheme):
    target = target_of(meaning(text))
    with precise():
        offering = [one for one in PLAIN if next(one.programs("f", target, 2.0**-25), None) is not None]
    assert offering == ([] if scheme is None else [scheme])


@pytest.mark.parametrize("text", ["1 - exp(-2*x)", "-log1p(x)", "x*sigmoid(-x)"])
def test_beside_a_plain_case_a_program_in_doubles_stands_for_the_rest(text):
    claim = Claim(meaning(text), Accuracy())
    program = generate("f", claim)
    assert program.plain is not None
    plain = program.live(program.plain.condition, program.plain.value)
    assert all(program.instructions[number].type != "f64" for number in plain)
    assert any(one.type == "f64" for one in program.instructions)
    proof = prove(program, claim, full=False, seed=1)
    assert proof.findings.sound and proof.findings.error < 1


def test_joining_keeps_the_value_of_the_plain_case_and_else_that_of_the_rest():
    import numpy as np

    from optgen.functions.schemes.joined import joined
    from optgen.ir.straight import evaluate
    from optgen.ir.straight_builder import Builder

    b = Builder("plain")
    x = b.parameter("x", "f32")
    plain = b.finish(x + 1.0, plain=(abs(x) <= 1.0, x + 1.0))
    b = Builder("rest")
    x = b.parameter("x", "f32")
    rest = b.finish(b.apply("f32", b.apply("f64", x) * 2.0))
    made = joined(plain, rest)
    assert evaluate(made, [np.array([0.5, -1, 3], np.float32)]).tolist() == [1.5, 0, 6]
    with pytest.raises(ValueError, match="no plain case"):
        joined(rest, rest)


@pytest.mark.parametrize("text", ["2^x", "log(x)/log(10)", "cos(x)", "tanh(x)"])
def test_one_ulp_is_reached(text):
    claim = Claim(meaning(text), Accuracy())
    proof = prove(generate("f", claim), claim, full=False, seed=1)
    assert proof.findings.sound and proof.findings.error < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["exp(x)", "10^x", "log(x)", "log(x)/log(2)", "sin(x)", "erf(x)", "1/(1 + exp(-x))", "softplus(x)", "erfc(x)"],
)
def test_one_ulp_is_reached_by_more(text):
    claim = Claim(meaning(text), Accuracy())
    assert prove(generate("f", claim), claim, full=False, seed=2).findings.error < 1


def test_less_accuracy_costs_less():
    exact = next(candidates("f", meaning("exp(x)"), Accuracy()))
    rough = next(candidates("f", meaning("exp(x)"), Accuracy(Fraction(1, 1000), relative=True)))
    assert len(rough.instructions) < len(exact.instructions)


def test_what_no_scheme_computes_is_refused_with_the_reason():
    with pytest.raises(Refused, match="no scheme computes"):
        generate("f", Claim(meaning("arccos(x)*exp(x)"), Accuracy(), Domain(-0.5, 0.5)))


def test_in_doubles_the_cheaper_way_comes_first():
    for text in ("x/(1 + x^2)", "x*exp(-x^2)*erfc(x)"):
        costs = [cost(program) for program in candidates("f", meaning(text), Accuracy(Fraction(1, 2)))]
        assert len(costs) >= 2 and costs[:2] == sorted(costs[:2])


def polynomial_model(count):
    points = chebyshev_points(Fraction(-1), Fraction(1), 80)
    rows = tuple(tuple(ball(x) ** k for k in range(count)) for x in points)
    return Model(rows, tuple(ball(x).exp() for x in points), tuple(ball(1) for _ in points))


def test_minimax_levels_the_error():
    with precise():
        model = polynomial_model(4)
        coefficients, error = minimax(model)
        residuals = [float(r) for r in model.residuals(coefficients)]
    peaks = [r for r in residuals if abs(r) > 0.98 * error]
    assert error == pytest.approx(0.00553, rel=0.01)  # known of exp on [-1, 1]
    assert sum(a * b < 0 for a, b in pairwise(peaks)) >= 4


def test_joint_rounding_is_better_than_rounding_one_by_one():
    with precise():
        model = polynomial_model(6)
        coarse = to_bits_of(8)
        together, error = round_jointly(model, [(k, coarse) for k in range(6)])
        apart = [ball(coarse(c)) for c in minimax(model)[0]]
        assert error < max(abs(float(r)) for r in model.residuals(apart))
        assert all(coarse(ball(c)) == c for c in together)


def test_a_coefficient_in_two_parts_is_nearly_exact():
    with precise():
        points = [Fraction(k, 64) for k in range(1, 40)]
        third = ball(1) / 3
        model = Model(tuple((ball(x),) for x in points), tuple(third * ball(x) for x in points), (ball(1),) * 39)
        (high, low), error = round_jointly(model, [(0, to_float32), (0, to_float32)])
    assert high == to_fraction(ball(11184811) / 2**25) and 0 < abs(low) < 2**-25 and error < 2**-49


def test_formats():
    with precise():
        assert to_multiple_of(Fraction(1, 8))(ball(Fraction(17, 100))) == Fraction(1, 8)
        assert exactly(3)(ball(7)) == 3
        assert to_float32(ball(-1) / 3) == Fraction(-11184811, 2**25)
