"""Stability with symbols: the regions of Jury for momentum methods, proved for every curvature between mu and L."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import pytest

from optgen.proof.linear import LinearMethod, momentum
from optgen.proof.meanings import check_stability
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import Interval
from optgen.proof.refute_linear import quadratic
from optgen.proof.stability import prove_stable
from optgen.proof.written import Rejected

lr, b, curvature, mu, L = (symbol(name) for name in ("lr", "b", "l", "mu", "L"))
ZERO, ONE = Fraction(0), Fraction(1)
FRICTION = Interval("b", ZERO, ONE, low_closed=True)
SPECTRUM = (Interval("mu", ZERO), Interval("L", mu), Interval("l", mu, L, True, True))
METHODS = {
    "gradient descent": (momentum(lr), 2 / L),
    "heavy ball": (momentum(lr, b), 2 * (1 + b) / L),
    "nesterov": (momentum(lr, b, b), 2 * (1 + b) / ((1 + 2 * b) * L)),
}


def region(limit: Number) -> tuple[Interval, ...]:
    return (FRICTION, *SPECTRUM, Interval("lr", ZERO, limit))


@pytest.mark.parametrize("name", METHODS)
def test_the_region_of_stability_is_proved(name):
    method, limit = METHODS[name]
    found = prove_stable(method, region(limit), "l")
    assert found is not None
    assert check_stability(json.loads(json.dumps(found))).trust == "algebra"


@pytest.mark.parametrize("name", METHODS)
def test_a_larger_region_is_not_proved_and_refuted_by_a_quadratic(name):
    method, limit = METHODS[name]
    assert prove_stable(method, region(Fraction(1001, 1000) * limit), "l") is None
    numbers: dict[str, Number] = {"b": Fraction(1, 3), "L": ONE, "lr": Fraction(1001, 1000) * at_numbers(limit)}
    assert quadratic(method.at(numbers), Fraction(1, 100), ONE) is not None


def at_numbers(limit: Number) -> Number:
    from optgen.proof.polynomial import at

    return at(limit, {"b": Fraction(1, 3), "L": ONE})


def test_an_implicit_step_is_stable_for_every_step_size():
    """x' = x - lr g(x'): proximal point."""
    method = LinearMethod(("x",), ("f",), ((ONE,),), ((-lr,),), ((ONE,),), ((-lr,),))
    assert prove_stable(method, (*SPECTRUM, Interval("lr", ZERO)), "l") is not None


def test_a_changed_certificate_is_rejected():
    method, limit = METHODS["heavy ball"]
    found = prove_stable(method, region(limit), "l")
    assert found is not None
    for change in ("1/2", "99/100"):
        data = copy.deepcopy(found)
        data["radius"] = change
        with pytest.raises(Rejected):
            check_stability(data)
    data = copy.deepcopy(found)
    data["domain"][-1][2] = None
    with pytest.raises(Rejected):
        check_stability(data)
