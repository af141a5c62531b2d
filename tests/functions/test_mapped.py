"""Half-lines mapped to an interval: what a function is near 0 and far out is read off its values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from optgen.functions.certificate import Claim, prove
from optgen.functions.request import Accuracy, Domain
from optgen.functions.schemes import mapped
from optgen.functions.target import precise, target_of
from optgen.ir.straight import evaluate
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise


def meaning(text):
    return elementwise(parse_expression(text), lambda name: None)


def found(text, limits=mapped.FLOATS):
    with precise():
        return mapped.recognise(target_of(meaning(text)), limits)


# power at 0, exponent far out, e^(q a^2 + l a), of each half-line; the other side of one
LAWS = [
    ("erfc(x)", [(0, "-1", "-1", "0")], (0, 2, -1)),
    ("gelu(x)", [(1, "0", "-1/2", "0")], (1, 0, 1)),
    ("i1e(x)", [(1, "-1/2", "0", "0")], (0, 0, -1)),
    ("cosh(x)", [(0, "0", "0", "1")], (0, 0, 1)),
    ("x*sigmoid(x)", [(1, "1", "0", "-1")], (1, 0, 1)),
    ("erfcx(x)", [(0, "-1", "0", "0"), (0, "0", "1", "0")], (0, 0, 0)),
    ("x^3/(1 + x^2)", [(3, "1", "0", "0")], (0, 0, -1)),
]


@pytest.mark.parametrize(("text", "halves", "other"), LAWS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_laws_of_a_function_are_found(text, halves, other):
    shape = found(text)
    laws = [(half.power, str(half.fall), str(half.quadratic), str(half.linear)) for half in shape.halves]
    assert laws == halves and (shape.slope, shape.offset, shape.mirror) == other


@pytest.mark.parametrize("text", ["sin(x)", "log(x)", "sqrt(1 - x^2)", "cbrt(x)", "exp(x/3)", "x - 1"])
def test_other_functions_are_left_to_others(text):
    assert found(text) is None


def test_a_logarithm_is_known_by_its_exponential():
    """log_ndtr is -x^2/2 - log |x| far to the left, log1p(-ndtr(-x)) to the right: only there it has the law itself."""
    right, left = found("log_ndtr(x)").halves
    assert not right.logarithm and left.logarithm
    assert left.quadratic == right.quadratic == Fraction(-1, 2) and left.fall == -1


def test_a_sum_is_no_tie_unless_it_is_one():
    """-x^2/2 of a float with 24 bits may lie halfway between two floats; log |x| is too small for a double to see."""
    claim = Claim(meaning("log_ndtr(x)"), Accuracy(Fraction(1, 2)), Domain(-2958695600000.0, -2957621800000.0))
    with precise():
        (program,) = mapped.programs("f", target_of(claim.meaning))
    assert prove(program, claim).findings.rounded_wrong == 0


def test_products_that_are_ties_lean_to_the_side_of_the_function():
    """Half of the smallest floats has no float: what comes beside x/2 decides, 2^-149 times smaller."""
    claim = Claim(meaning("x/2*(1 + erf(x/sqrt(2)))"), Accuracy(Fraction(1, 2)))
    with precise():
        (program,) = mapped.programs("f", target_of(claim.meaning))
    x = np.arange(1, 200, dtype=np.uint32).view(np.float32)
    up, down = evaluate(program, [x]), evaluate(program, [-x])
    np.testing.assert_array_equal(up.view(np.uint32), (np.arange(1, 200) + 1) // 2)
    np.testing.assert_array_equal(np.abs(down).view(np.uint32), np.arange(1, 200) // 2)
    assert np.signbit(down).all()


@pytest.mark.slow
@pytest.mark.parametrize("text", [text for text, *_ in LAWS])
def test_nearly_all_results_are_rounded_correctly(text):
    claim = Claim(meaning(text), Accuracy(Fraction(1, 2)))
    with precise():
        program = next(mapped.programs("f", target_of(claim.meaning)))
    findings = prove(program, claim, full=False).findings
    assert findings.error < 0.50001 and findings.rounded_wrong <= 2
