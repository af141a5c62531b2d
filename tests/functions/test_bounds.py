"""Certified bounds: what a program gives lies in its enclosure, and a bound is never below an error."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from optgen import elementwise
from optgen.functions.bounds.enclosures import Constant, Real, Whole
from optgen.functions.bounds.formats import FORMATS, binade, trailing
from optgen.functions.bounds.interval import SPECIAL, _wrong, certify, spot_check
from optgen.functions.bounds.paths import Paths, Piece
from optgen.functions.bounds.pieces import bounds
from optgen.functions.bounds.rules import Split
from optgen.functions.certificate import Claim
from optgen.functions.request import Accuracy, Domain
from optgen.ir import nodes as ir
from optgen.ir.straight import evaluate, to_bits
from optgen.ir.straight_builder import Builder
from optgen.language.parser import parse_expression
from optgen.shipped import double_paths
from optgen.symbolic.arb import Meaning, Undecided, exact, precision_of

F64 = FORMATS["f64"]
ONE = F64.to_bits(1.0)
NUMBERS = st.sampled_from([0.1, -0.7, 1.0, 2.0, 3.0, -0.5, 1e-3, 12345.678, -1.0, 2.0**-60, 0.0])
UNARY = ("neg", "abs", "sqrt", "floor", "round_even")
BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")


def meaning(text):
    return elementwise._meaning(parse_expression(text))


def in_arb(text):
    found = meaning(text)
    ((_, result),) = found.results
    return Meaning.of(ir.access(result), list(found.parameters))


@st.composite
def programs(draw):
    """Up to a dozen operations on earlier values and numbers."""
    b = Builder("random")
    values = [b.parameter("x", "f64")]
    for _ in range(draw(st.integers(1, 12))):
        word = draw(st.sampled_from([*UNARY, *BINARY * 2, "fma", "fma", "select"]))
        first = draw(st.sampled_from(values))
        others = [draw(st.one_of(st.sampled_from(values), NUMBERS)) for _ in range(2)]
        if word in UNARY:
            values.append(b.apply(word, first))
        elif word in BINARY:
            values.append(b.apply(word, first, others[0]))
        elif word == "fma":
            values.append(b.fma(first, *others))
        else:
            values.append(b.select(first < others[0], draw(st.sampled_from(values)), first))
    return b.finish(values[-1])


@st.composite
def pieces(draw):
    middle = draw(st.floats(0.01, 100.0))
    bits = F64.to_bits(middle)
    return Piece(bits, bits + 2 ** draw(st.integers(0, 51)), draw(st.booleans()))


@settings(max_examples=250, deadline=None)
@given(programs(), pieces(), st.integers(0, 2**32))
def test_every_result_lies_in_the_enclosure(program, piece, seed):
    paths = Paths(program)
    try:
        with precision_of(160, 18):
            (enclosure,) = paths.run(piece)
    except (Split, Undecided):
        return
    draw = np.random.default_rng(seed)
    bits = np.unique(np.append(draw.integers(piece.first, piece.last + 1, 50), [piece.first, piece.last]))
    x = bits.astype(np.int64).view(np.float64) * (-1 if piece.negative else 1)
    for point, value in zip(x.tolist(), evaluate(program, [x]).tolist(), strict=True):
        if isinstance(enclosure, Constant):
            assert to_bits(value, "f64") == enclosure.bits or value != value != enclosure.number
            continue
        assert isinstance(enclosure, Real)
        assert enclosure.low <= value <= enclosure.high
        assert value == 0 or trailing(value) >= enclosure.grain
        assert _form_holds(enclosure, piece, point, value)


def _form_holds(enclosure, piece, point, value):
    """Whether the polynomial at this argument, with every rounding as large as it may be, reaches the value."""
    low, high = piece.ends(F64)
    with precision_of(400):
        half = (arb(high) - arb(low)) / 2
        t = (arb(point) - (arb(high) + arb(low)) / 2) / half if low < high else arb(0)
        ball = enclosure.form.main(t)
        for part in enclosure.form.noise.values():
            ball += arb(0, part(t).abs_upper())
        return ball.contains(arb(value))


def test_two_term_arithmetic_is_seen_to_be_exact():
    """The error of a sum is all that is left of it, so the sum of both has no error but the last rounding."""
    b = Builder("sum")
    x = b.parameter("x", "f64")
    total = 3.0 + x
    left = x - (total - 3.0)
    product = x * x
    lost = b.fma(x, x, -product)
    piece = Piece(ONE + 12345, ONE + 2**48)
    with precision_of(160, 18):
        for value, size in ((left, 2.0**-51), (lost, 2.0**-53)):
            (enclosure,) = Paths(b.finish(value)).run(piece)
            assert float(max(abs(enclosure.low), abs(enclosure.high))) <= 1.000001 * size
        (rest,) = Paths(b.finish(left + ((total - 3.0) - x))).run(piece)
    assert rest.low == 0 and rest.high == 0


def test_bits_are_followed_where_they_are_powers_of_two():
    b = Builder("scaled")
    x = b.parameter("x", "f64")
    bits = b.apply("bits", x)
    mantissa = b.apply("from_bits", (bits & (2**52 - 1)) + 0x3FF0000000000000)
    exponent = b.apply("f64", (bits >> 52) - 1023)
    piece = Piece(F64.to_bits(40.0), F64.to_bits(50.0))
    with precision_of(160, 18):
        (found,) = Paths(b.finish(mantissa)).run(piece)
        assert found.low == 40 / 32 and found.high == 50 / 32
        (found,) = Paths(b.finish(exponent)).run(piece)
        assert found == Constant("f64", to_bits(5.0, "f64"))
        with pytest.raises(Split):
            Paths(b.finish(exponent)).run(Piece(F64.to_bits(1.0), F64.to_bits(50.0)))
        (moved,) = Paths(b.finish(bits + 7)).run(piece)
        assert isinstance(moved, Whole) and moved.low == F64.to_bits(40.0) + 7


def test_products_that_vanish_are_zeros_with_their_sign():
    """Near 1e-200 a square is 0, and so is what it is multiplied with: one piece, not one a number."""
    b = Builder("vanishing")
    x = b.parameter("x", "f64")
    square = x * x
    (found,) = _run(b.finish(square * x), 1.5e-201, 1.6e-201)
    assert found == Constant("f64", 0)
    (found,) = _run(b.finish(square * -x), 1.5e-201, 1.6e-201)
    assert found == Constant("f64", 1 << 63)
    (found,) = _run(b.finish(x + square * x), 1.5e-201, 1.6e-201)
    assert isinstance(found, Real) and found.low == 1.5e-201


def _run(program, low, high):
    with precision_of(160, 18):
        return Paths(program).run(Piece(F64.to_bits(low), F64.to_bits(high)))


def test_extremes_are_sharp():
    """1 - x^2/2 round its extreme passes 1 by no more than its coefficients say."""
    from flint import arb_poly

    from optgen.functions.bounds.enclosures import ends

    low, high = ends(arb_poly([arb(1) - arb(2) ** -40, arb(2) ** -20, -(arb(2) ** -1)]))
    assert float(high - 1) <= 0 and float(low) <= 0.5
    low, high = ends(arb_poly([arb(0), arb(-3), arb(1)]))
    assert float(low) == -2 and float(high) >= 4


def test_a_bound_covers_all_numbers_and_is_no_less_than_an_error():
    program = elementwise._programs(elementwise._block(double_paths()["exp"]))[0]
    paths, real = Paths(program), in_arb("exp(x)")
    wanted = Piece(F64.to_bits(0.01), F64.to_bits(3.0))
    found = sorted(bounds(paths, real, [wanted], 0.8), key=lambda pair: pair[0].first)
    assert found[0][0].first == wanted.first and found[-1][0].last == wanted.last
    assert all(a[0].last + 1 == b[0].first for a, b in pairwise(found))
    draw = np.random.default_rng(0)
    for piece, error in found:
        x = draw.integers(piece.first, piece.last + 1, 40).view(np.float64)
        for point, value in zip(x.tolist(), evaluate(program, [x]).tolist(), strict=True):
            right = real.refined([point], 100)
            ulp = arb(2) ** F64.ulp_exponent(binade(right.mid()))
            assert abs(arb(value) - right) / ulp <= error


@pytest.mark.parametrize("place", range(12))
def test_a_changed_coefficient_moves_the_bound(place):
    """Each by half of itself, which is far more than the last bit of the result."""
    program = elementwise._programs(elementwise._block(double_paths()["exp"]))[0]
    places = [k for k, one in enumerate(program.instructions) if one.operation == "constant" and one.type == "f64"]
    numbers = [program.instructions[k].constant for k in places]
    coefficients = [k for k, bits in zip(places, numbers, strict=True) if 0 < F64.of_bits(bits) < 0.6]
    if place >= len(coefficients):
        pytest.skip("there are fewer")
    chosen = coefficients[place]
    instructions = list(program.instructions)
    bits = instructions[chosen].constant
    instructions[chosen] = replace(instructions[chosen], constant=F64.to_bits(F64.of_bits(bits) * 1.5))
    changed = replace(program, instructions=tuple(instructions))
    piece = Piece(F64.to_bits(700.4), F64.to_bits(700.5))
    (_, error), *_ = bounds(Paths(changed), in_arb("exp(x)"), [piece], float("inf"))
    assert error > 1.0


def test_wrong_special_inputs_are_named():
    b = Builder("wrong")
    x = b.parameter("x", "f64")
    program = b.finish(b.select(x.equals(x), x * 1.0, 0.0))
    wrong = list(_wrong(program, in_arb("exp(x) - 1"), None))
    assert [right for _, _, right in wrong] == ["-1", "nan"]
    assert [repr(x) for x, _, _ in wrong] == ["-inf", "nan"] and len(SPECIAL) == 5


def test_a_domain_is_all_that_is_claimed():
    """2^x by its first terms, near 0 and not beyond."""
    b = Builder("short")
    x = b.parameter("x", "f64")
    program = b.finish(b.horner(x, [1.0, float(np.log(2)), float(np.log(2) ** 2 / 2)]))
    near = certify(program, Claim(meaning("2^x"), Accuracy(), Domain(-1e-6, 1e-6)))
    far = certify(program, Claim(meaning("2^x"), Accuracy(), Domain(-1e-3, 1e-3)))
    assert near.proved and near.error < 0.6
    assert not far.proved and far.error > 1.0
    assert near.found.numbers == 2 * F64.to_bits(1e-6)


def test_a_bound_is_found_again_at_random_places():
    program = elementwise._programs(elementwise._block(double_paths()["exp"]))[0]
    claim = Claim(meaning("exp(x)"), Accuracy())
    kept = elementwise.certificate(double_paths()["exp"])
    assert spot_check(program, claim, 100, seed=7).error <= float(kept["error at most"])


def test_rounding_to_a_format_is_that_of_the_processor():
    draw = np.random.default_rng(1)
    for format, dtype in ((FORMATS["f32"], np.float32), (F64, np.float64)):
        for value in [*draw.normal(size=50), *(2.0 ** draw.uniform(-1070, 1000, 50)), 2.0**-149, 1.5 * 2.0**-149]:
            with np.errstate(all="ignore"):
                assert format.nearest(arb(float(value))) == float(dtype(value))
    assert F64.nearest(exact(2**1024 - 2**970)) == float("inf")
    assert F64.nearest(exact(2**1024 - 2**970 - 1)) == float(np.finfo(np.float64).max)
