"""Cells found by the bits of the argument: zeros, poles by reflection, decay beyond the floats, whole lines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optgen.elementwise import meaning_of
from optgen.functions.certificate import Claim, prove
from optgen.functions.composed import cells_of, composed
from optgen.functions.request import Accuracy, Domain
from optgen.functions.schemes import binades
from optgen.ir import nodes as ir
from optgen.ir.straight import evaluate
from optgen.symbolic.arb import Meaning

INF = math.inf


def compiled(text: str) -> Meaning:
    meaning = meaning_of(text)
    return Meaning.of(ir.access(meaning.results[0][1]), list(meaning.parameters))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("j0(x)", -30.0, 30.0), ("j1(x)", 0.0, 12.0), ("airy_ai(x)", -4.0, INF), ("lgamma(x)", -3.5, INF),
     ("airy_ai(-7*x)", 0.0, 1.0), ("sin(3*x)/(2 + cos(x))", -8.0, 8.0), ("x^2*j0(x)", -5.0, 5.0),
     ("exp(-x)*sin(5*x)", 0.5, 7.0), ("log(x)*exp(-x)", 0.0, INF), ("grad (x -> lgamma(x))(x)", 0.25, INF)],
)  # fmt: skip
def test_each_float_of_a_stretch_has_its_digits(text, low, high):
    """At a zero of the function too: errors count in ulps of the smallest results."""
    claim = Claim(meaning_of(text), Accuracy(), Domain(low, high, strict=True))
    (program,) = binades.programs("made", claim.meaning, claim.domain)
    found = prove(program, claim, full=False).findings
    assert found.sound and found.error < 0.51


@pytest.mark.parametrize("text", ["sin(1/x)", "abs(x - 0.3)", "1/(x - 0.3)", "sqrt(x - 0.1)", "j0(1000000*x)"])
def test_what_is_not_smooth_has_no_cells(text):
    assert binades.recognise(compiled(text), Domain(0.0, 2.0)) is None


def test_what_oscillates_for_ever_has_none_on_the_whole_line():
    assert binades.recognise(compiled("j0(x)"), Domain(-INF, INF)) is None


def test_symmetry_halves_the_cells():
    for text, mirror in (("j0(x)", 1), ("j1(x)", -1), ("exp(x)", 0)):
        found = binades.recognise(compiled(text), Domain(-8.0, 8.0))
        assert found is not None and found.mirror == mirror and len(found.sides) == (1 if mirror else 2)


def test_poles_of_the_negative_line_are_left_to_a_reflection():
    """log Gamma(x) = log pi - log|sin(pi x)| - log Gamma(1 - x); psi(x) = psi(1 - x) - pi/tan(pi x)."""
    found = binades.recognise(compiled("lgamma(x)"), Domain(-10.0, 10.0))
    assert found is not None
    assert found.reflection == binades.Reflection("log|sin|", -1, -1, pytest.approx(math.log(math.pi)))
    found = binades.recognise(compiled("grad (x -> lgamma(x))(x)"), Domain(-10.0, 10.0))
    assert found is not None and found.reflection == binades.Reflection("cotangent", 1, -1, 0.0)


def test_a_zero_is_kept_in_two_doubles():
    side = binades.recognise(compiled("j0(x)"), Domain(0.0, 4.0)).sides[0]
    (cell,) = {(cell.high, cell.low) for cell in side.cells if cell.coefficients[0] == 0}
    assert cell[0] == 2.404825557695773 and abs(cell[1] + 1.176692651032862e-16) < 1e-22  # 2.40482555769577276862...


def test_beyond_the_domain_is_nan():
    (program,) = binades.programs("made", meaning_of("j0(x)"), Domain(-3.0, 2.0))
    x = np.array([-3.0, 2.0, np.nextafter(np.float32(-3), -4, dtype="f"), 2.5, INF, -INF, math.nan], np.float32)
    assert np.isnan(evaluate(program, [x])).tolist() == [False, False, True, True, True, True, True]


@pytest.mark.parametrize(("operation", "text"), [("bessel_j1", "j1(x)"), ("airy_ai", "airy_ai(x)")])
def test_in_doubles_an_operation_without_formula_is_cells_of_more_terms(operation, text):
    """Within 4 ulp at points away from zeros, against Arb."""
    assert cells_of(operation) is not None
    program, meaning = composed("made", meaning_of(text), "f64"), compiled(text)
    x = np.random.default_rng(5).uniform(-60, 60, 200)
    wanted = np.array([float(meaning.refined([float(a)], 60)) for a in x])
    plain = np.abs(wanted) > 1e-300
    error = np.abs(evaluate(program, [x]) - wanted) / np.spacing(np.abs(wanted))
    assert error[plain].max() < 4
