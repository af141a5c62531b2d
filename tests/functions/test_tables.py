"""Any function: a program of tables from the expression alone, within its accuracy, or a reason why there is none."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optgen.functions.anchors import anchors
from optgen.functions.certificate import Claim, known, prove
from optgen.functions.errors import Refused
from optgen.functions.request import Accuracy, Domain
from optgen.functions.tables import table_program
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise
from tests.functions.expressions import expression


def claim(text: str, domain: Domain | None = None, amount: Fraction = Fraction(1)) -> Claim:
    return Claim(elementwise(parse_expression(text), lambda name: None), Accuracy(amount), domain)


def checked(text: str, domain: Domain | None = None, amount: Fraction = Fraction(1)):
    """The quick sweep of the program for an expression."""
    made = claim(text, domain, amount)
    reality = known(made, turns=False)
    return prove(table_program("made", made, reality), made, full=False, against=reality)


@pytest.mark.parametrize("text", ["gelu(x)", "arccos(x)", "log(x)", "erfinv(x)"])
def test_a_whole_function_with_its_zeros_poles_and_ends(text):
    found = checked(text)
    assert found.holds and found.findings.error < 0.51


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("j0(x)", -10.0, 10.0), ("lgamma(x)", 0.01, 30.0), ("sqrt(abs(x - 0.3)) + x^3 - 2", -4.0, 4.0),
     ("sin(x)/x", -3.0, 3.0), ("relu(x - 1/3)", -2.0, 2.0), ("max(x, 0.1) - min(x^2, 0.7)", -1.0, 1.0)],
)  # fmt: skip
def test_a_function_on_a_stated_domain(text, low, high):
    found = checked(text, Domain(low, high))
    assert found.holds and found.findings.error < 0.52


@pytest.mark.parametrize("text", ["exp(x)", "tanh(x)"])
def test_asked_for_correct_rounding_it_misses_few(text):
    found = checked(text, amount=Fraction(1, 2))
    assert found.findings.sound and found.findings.rounded_wrong <= 2


def test_anchors_are_the_zeros_kinks_and_ends():
    found = anchors(known(claim("(x - 1/3)*sqrt(2 - x) + abs(x + 0.7)*0", Domain(-2.0, 3.0)), turns=False))
    assert [float(anchor.at) for anchor in found] == pytest.approx([-0.7, 1 / 3, 2.0], abs=1e-15)
    assert abs(found[1].at - Fraction(1, 3)) < Fraction(1, 10**40)


@pytest.mark.parametrize(
    ("text", "domain", "reason"),
    [
        ("sin(x)", Domain(-100.0, 100.0), "more than 12 zeros"),
        ("sin(40/x)", Domain(0.5, 1.0), "more than 12"),
    ],
)
def test_what_can_not_be_reached_is_refused_with_the_reason(text, domain, reason):
    with pytest.raises(Refused, match=reason):
        checked(text, domain)


def random_expression(seed: int) -> None:
    text, domain = expression(seed)
    try:
        found = checked(text, domain)
    except Refused as refused:
        assert str(refused), text
        return
    assert found.holds, (text, domain, found.findings)


@pytest.mark.parametrize("seed", (1, 4, 5, 9))
def test_random_expressions(seed):
    random_expression(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_many_random_expressions(seed):
    random_expression(1000 + seed)
