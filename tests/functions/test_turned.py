"""Sine and cosine in doubles up to the largest: how near multiples of pi/2 come, the reduction, the bound."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import optgen
from optgen import elementwise
from optgen.functions.bounds import turned
from optgen.functions.bounds.interval import certify
from optgen.functions.certificate import Claim
from optgen.functions.doubles import circular, turns
from optgen.functions.errors import Refused
from optgen.functions.request import Accuracy
from optgen.functions.target import ball, precise, to_fraction
from optgen.ir.straight import evaluate
from optgen.ir.straight_builder import Builder
from optgen.symbolic.arb import Undecided

NEAREST = 6381956970095103 * 2.0**797  # known to be the double that comes nearest to a multiple of pi/2
BITS = 1400


def large_doubles(count: int) -> list[float]:
    draw = random.Random(5)
    anywhere = [2.0 ** draw.uniform(5, 1023.9) for _ in range(count)]
    multiples = [float(np.float64(draw.randrange(10**9) * np.pi / 2)) for _ in range(count)]
    return [NEAREST, 1.7976931348623157e308, 32.000000000000007, 1e22, *anywhere, *multiples]


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_results_are_within_the_certified_bound(name):
    function = getattr(optgen.functions, name)
    x = np.array([*large_doubles(150), *np.linspace(0.1, 40, 100)])
    x = np.concatenate([x, -x])
    with precise(BITS):
        for argument, found in zip(x, function(x), strict=True):
            value = getattr(ball(float(argument)), name)()
            unit = Fraction(float(np.spacing(abs(float(value)))))
            assert abs(Fraction(float(found)) - to_fraction(value)) <= Fraction(function.error.float64) * unit


def test_every_double_has_a_bound():
    for name in ("sin", "cos"):
        error = getattr(optgen.functions, name).error
        assert error.float64 < 1 and error.float64_domain is None
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0])
    found = optgen.functions.sin(x)
    assert np.isnan(found[:3]).all() and np.signbit(found[3:]).tolist() == [False, True]


def test_no_double_is_nearer_than_closest_says():
    draw = random.Random(1)
    with precise(BITS):
        quarters = to_fraction(1 / (ball(1).atan() * 2))
    for _ in range(300):
        exponent = draw.randrange(5, 1024)
        turn = (2**52 + draw.randrange(2**52)) * Fraction(2) ** (exponent - 52) * quarters
        assert abs(turn - round(turn)) >= turned.closest(exponent)
    known = Fraction(NEAREST) * quarters
    assert abs(known - round(known)) < turned.closest(849) * 2
    assert min(turned.closest(exponent) for exponent in range(4, 1024)) == turned.closest(849) > turned.LEAST


def reduction(which: str):
    b = Builder("reduced")
    quarters, r = turns.reduced(b, b.parameter("x", "f64"))
    return b.finish({"high": r.high, "low": r.low, "quarters": b.apply("f64", quarters)}[which])


def test_what_is_left_is_exact_to_what_the_bound_takes_it_for():
    x = np.array(large_doubles(200))
    with precise(BITS):
        programs = [reduction(which) for which in ("quarters", "high", "low")]
        turn = ball(1).atan() * 2
        for argument, quarters, high, low in zip(x, *(evaluate(p, [x]) for p in programs), strict=True):
            whole = round(to_fraction(ball(float(argument)) / turn))
            left = to_fraction(ball(float(argument)) - whole * turn)
            assert whole % 4 == quarters
            assert abs(Fraction(float(high)) + Fraction(float(low)) - left) <= turned.RELATIVE * abs(left)
            assert abs(low) <= np.spacing(abs(high)) / 2


def test_a_polynomial_that_is_too_short_has_no_bound(monkeypatch):
    monkeypatch.setattr(circular, "SINE_TERMS", 5)
    with pytest.raises(Undecided):
        turned.kernel_error(turned.kernels()[0])


def test_another_program_is_refused():
    claim = Claim(elementwise.meaning_of("sin"), Accuracy())
    known = optgen.functions.sin.programs["float64"]
    assert turned.beyond(known, claim).error < 1
    place = next(k for k, one in enumerate(known.instructions) if one.operation == "constant" and one.type == "f64")
    changed = replace(known.instructions[place], constant=(known.instructions[place].constant or 0) ^ 1)
    other = replace(known, instructions=(*known.instructions[:place], changed, *known.instructions[place + 1 :]))
    with pytest.raises(Refused, match="that doubles/circular writes"):
        certify(other, claim)
