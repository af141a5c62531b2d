"""Functions of two float32: proved bounds, special arguments as C23 lists them in Annex F, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import optgen
from optgen import SpecError, elementwise
from optgen.functions.bounds.stages import between, certify_stage
from optgen.functions.certificate import Claim
from optgen.functions.composed import sampled
from optgen.functions.errors import Refused
from optgen.functions.request import Accuracy, Domain
from optgen.functions.two_argument_bounds import SUMS, prove_stages
from optgen.functions.two_arguments import recognise
from optgen.ir.straight import evaluate
from optgen.shipped import function_paths
from optgen.symbolic.arb import precision_of

NAMES = ("atan2", "hypot", "logaddexp", "pow")
INF, NAN = math.inf, math.nan
TINY, LARGEST = 2.0**-149, float(np.finfo(np.float32).max)
FINITE = (TINY, 2.0**-126, 0.5, 1.0, 1.5, 3.0, 4.0, 1e10, LARGEST)


def value(name, x, y):
    with np.errstate(all="raise"):
        return float(getattr(optgen.functions, name)(np.float32(x), np.float32(y)))


def same(found, wanted):
    """The same number, which for a zero is one of the same sign."""
    if wanted != wanted:
        return found != found
    return found == wanted and math.copysign(1, found) == math.copysign(1, wanted)


def check(name, x, y, wanted):
    found = value(name, x, y)
    wanted = float(np.float32(wanted))
    assert same(found, wanted), f"{name}({x}, {y}) = {found}, not {wanted}"


# ---------------------------------------------------------------- Annex F


def signed(values):
    return [sign * size for size in values for sign in (1, -1)]


def test_angles_of_zeros_and_infinities():
    """C23 F.10.1.4."""
    for sign in (1.0, -1.0):
        check("atan2", sign * 0.0, -0.0, sign * math.pi)
        check("atan2", sign * 0.0, 0.0, sign * 0.0)
        for x in FINITE:
            check("atan2", sign * 0.0, -x, sign * math.pi)
            check("atan2", sign * 0.0, x, sign * 0.0)
            check("atan2", sign * x, 0.0, sign * math.pi / 2)
            check("atan2", sign * x, -0.0, sign * math.pi / 2)
            check("atan2", sign * x, -INF, sign * math.pi)
            check("atan2", sign * x, INF, sign * 0.0)
            check("atan2", sign * INF, x, sign * math.pi / 2)
            check("atan2", sign * INF, -x, sign * math.pi / 2)
        check("atan2", sign * INF, -INF, sign * 3 * math.pi / 4)
        check("atan2", sign * INF, INF, sign * math.pi / 4)
    for other in (0.0, 1.0, INF, NAN):
        check("atan2", NAN, other, NAN)
        check("atan2", other, NAN, NAN)


def test_lengths_with_infinities():
    """C23 F.10.4.5: infinite if an argument is, even beside NaN; symmetric; hypot(x, 0) is |x|."""
    for sign in (1.0, -1.0):
        for other in (0.0, -1.0, INF, -INF, NAN):
            check("hypot", sign * INF, other, INF)
            check("hypot", other, sign * INF, INF)
        for x in FINITE:
            check("hypot", sign * x, 0.0, x)
            check("hypot", -0.0, sign * x, x)
    check("hypot", 0.0, -0.0, 0.0)
    check("hypot", NAN, 1.0, NAN)
    check("hypot", 0.0, NAN, NAN)
    check("hypot", LARGEST, LARGEST, INF)
    check("hypot", 3.0, 4.0, 5.0)


ODD, EVEN, FRACTIONS = (1.0, 3.0, 5.0, 2.0**24 - 1), (2.0, 4.0, 2.0**24, LARGEST), (0.5, 1.5, TINY, 2.0**22 + 0.5)


def test_powers_of_zeros():
    """C23 F.10.4.4."""
    for sign in (1.0, -1.0):
        for odd in ODD:
            check("pow", sign * 0.0, -odd, sign * INF)
            check("pow", sign * 0.0, odd, sign * 0.0)
        for other in (*EVEN, *FRACTIONS):
            check("pow", sign * 0.0, -other, INF)
            check("pow", sign * 0.0, other, 0.0)
        check("pow", sign * 0.0, -INF, INF)
        check("pow", sign * 0.0, INF, 0.0)


def test_powers_of_one_and_by_zero():
    for other in [NAN, INF, -INF, 0.0, -0.0, *signed(FINITE)]:
        check("pow", 1.0, other, 1.0)
        check("pow", other, 0.0, 1.0)
        check("pow", other, -0.0, 1.0)
    check("pow", -1.0, INF, 1.0)
    check("pow", -1.0, -INF, 1.0)


def test_powers_of_negative_numbers():
    for size in FINITE:
        for fraction in signed(FRACTIONS):
            check("pow", -size, fraction, NAN)
    check("pow", -2.0, 3.0, -8.0)
    check("pow", -2.0, 4.0, 16.0)
    check("pow", -2.0, -3.0, -0.125)
    check("pow", -1.0, 2.0**24 - 1, -1.0)
    check("pow", -1.0, 2.0**24, 1.0)


def test_powers_by_and_of_infinities():
    for size in (TINY, 0.5, 1 - 2.0**-24):
        for sign in (1.0, -1.0):
            check("pow", sign * size, -INF, INF)
            check("pow", sign * size, INF, 0.0)
    for size in (1 + 2.0**-23, 3.0, LARGEST, INF):
        for sign in (1.0, -1.0):
            check("pow", sign * size, -INF, 0.0)
            check("pow", sign * size, INF, INF)
    for odd in ODD:
        check("pow", -INF, -odd, -0.0)
        check("pow", -INF, odd, -INF)
    for other in (*EVEN, *FRACTIONS):
        check("pow", -INF, -other, 0.0)
        check("pow", -INF, other, INF)
    for other in (*ODD, *EVEN, *FRACTIONS):
        check("pow", INF, -other, 0.0)
        check("pow", INF, other, INF)


def test_powers_with_nan():
    for other in (2.0, -2.0, 0.5, INF, -INF, NAN):
        check("pow", NAN, other, NAN)
    for other in (2.0, -2.0, 0.0, -1.0, INF, -INF):
        check("pow", other, NAN, NAN)


def test_powers_overflow_and_vanish():
    check("pow", 2.0, 128.0, INF)
    check("pow", -2.0, 129.0, -INF)
    check("pow", 2.0, -149.0, TINY)
    check("pow", 2.0, -151.0, 0.0)
    check("pow", -2.0, -151.0, -0.0)
    check("pow", LARGEST, LARGEST, INF)
    check("pow", TINY, LARGEST, 0.0)


def test_sums_of_exponentials_of_infinities():
    """Annex F has none; these are the limits."""
    for other in [INF, -INF, 0.0, *signed(FINITE)]:
        check("logaddexp", INF, other, INF)
        check("logaddexp", other, INF, INF)
        check("logaddexp", -INF, other, other)
        check("logaddexp", other, -INF, other)
        check("logaddexp", other, NAN, NAN)
        check("logaddexp", NAN, other, NAN)
    check("logaddexp", 0.0, 0.0, math.log(2))
    check("logaddexp", LARGEST, LARGEST, LARGEST)
    check("logaddexp", 0.0, -1000.0, 0.0)


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize("name", NAMES)
def test_its_certificate_is_of_the_program_that_runs(name):
    function, kept = getattr(optgen.functions, name), elementwise.certificate(function_paths()[name])
    assert type(function) is np.ufunc and function.nin == 2
    assert kept["program"] == function.programs["float32"].digest, "a changed program needs a new bound"
    assert kept["verdict"] == "proved" and kept["trust"] == "interval"
    assert function.error.proved and 0.5 < float(function.error) < 0.5001
    assert "proved by interval arithmetic" in repr(function.error)
    assert str(kept["error at most"]) in function.__doc__
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_is_further_off_than_its_bound(name):
    program = getattr(optgen.functions, name).programs["float32"]
    claim = Claim(elementwise.meaning_of(name), getattr(optgen.functions, name).accuracy)
    assert claim.accuracy.floor == SUMS[recognise(claim.meaning).name].floor
    error, at, count = sampled(program, claim, 1_000)
    assert error <= float(elementwise.certificate(function_paths()[name])["error at most"]), at
    assert count > 700


def test_a_bound_is_made_again():
    proof = optgen.functions.hypot.prove()
    assert proof.proved and json.loads(proof.as_json()) == elementwise.certificate(function_paths()["hypot"])
    claim = Claim(elementwise.meaning_of("atan2"), Accuracy())
    (stage,) = SUMS[recognise(claim.meaning).name].stages
    near = replace(stage, domain=Domain(0.9, 1.0))
    kept = elementwise.certificate(function_paths()["atan2"])["stages"][0]
    found = certify_stage(optgen.functions.atan2.programs["float32"], near)
    assert 0.5 < found.error <= float(kept["error at most"])


def test_a_changed_program_is_no_longer_proved():
    """A bound is about the steps that a family writes: one bit of a constant more, and nothing is claimed."""
    program = optgen.functions.hypot.programs["float32"]
    place = next(k for k, one in enumerate(program.instructions) if one.operation == "constant")
    changed = list(program.instructions)
    changed[place] = replace(changed[place], constant=changed[place].constant - 1)
    with pytest.raises(Refused, match="another program"):
        prove_stages(replace(program, instructions=tuple(changed)), Claim(elementwise.meaning_of("hypot"), Accuracy()))


def test_a_wrong_coefficient_shows_in_its_stage():
    program = optgen.functions.atan2.programs["float32"]
    (stage,) = SUMS["angle"].stages
    part = between(program, stage.source, stage.result)
    assert [type for _, type in part.parameters] == ["f64"] and part.type == "f64"
    q = np.linspace(0, 1, 1000)
    np.testing.assert_allclose(evaluate(part, [q]), np.arctan(q), rtol=1e-14)
    wrong = list(program.instructions)
    for place, one in enumerate(wrong):
        if one.operation == "constant" and one.type == "f64" and np.uint64(one.constant).view(np.float64) < -0.3:
            wrong[place] = replace(one, constant=one.constant + 2**24)
    changed = replace(program, instructions=tuple(wrong))
    assert changed != program
    assert certify_stage(changed, replace(stage, domain=Domain(0.5, 0.50001))).error > 1e6


def test_a_function_whose_steps_are_not_known_says_that_it_is_only_tested():
    function = optgen.function("(x, y) -> x*exp(-y*y)")
    assert not function.error.proved and "tested" in repr(function.error)
    assert "tested on samples" in function.__doc__ and "to 1 ulp" not in function.__doc__
    with pytest.raises(SpecError, match="two arguments") as told:
        function.prove()
    assert "f.error says what samples showed" in str(told.value)


def test_a_meaning_is_recognised_by_how_it_is_written_not_by_its_name():
    function = optgen.function("(a, b) -> a^b")
    assert function.programs["float32"].instructions == optgen.functions.pow.programs["float32"].instructions
    assert recognise(elementwise.meaning_of("(s, t) -> log(exp(s) + exp(t))")).name == "sum of exponentials"


@pytest.mark.parametrize("meaning", ["sqrt(x^2 + y^2) + max(0, x - 1000)", "sqrt(x^2 + y^2 + 1e-60)"])
def test_what_agrees_with_a_family_in_most_places_gets_no_proof_from_it(meaning):
    claim = Claim(elementwise.meaning_of(f"(x, y) -> {meaning}"), Accuracy())
    with pytest.raises(Refused, match="no formula"):
        prove_stages(optgen.functions.hypot.programs["float32"], claim)


@settings(max_examples=200, deadline=None)
@given(st.floats(width=32, allow_nan=False), st.floats(width=32, allow_nan=False))
def test_powers_are_those_of_arb(x, y):
    if not (0 < x < INF and abs(y) < INF):
        return
    found = value("pow", x, y)
    with precision_of(120):
        exponent = arb(y) * arb(x).log() / arb(2).log()
        if exponent > 128:
            assert found == INF
        elif exponent < -150:
            assert found == 0
        else:
            right = arb(2) ** exponent
            ulp = max(math.ulp(float(right)) * 2.0**29, TINY)
            assert abs(arb(min(found, 2.0**128)) - right) <= 0.50002 * ulp


@settings(max_examples=100, deadline=None)
@given(st.floats(width=32), st.floats(width=32))
def test_lengths_do_not_depend_on_signs_or_order(x, y):
    found = value("hypot", x, y)
    for a, b in itertools.chain([(y, x)], itertools.product((x, -x), (y, -y))):
        assert same(value("hypot", a, b), found)
