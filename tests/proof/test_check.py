"""The checker: its table agrees with that of the provers, and a certificate that was changed is rejected."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from optgen.proof import check_classes
from optgen.proof.check import Rejected, Signs, check
from optgen.proof.check import conditions as rebuilt
from optgen.proof.interpolation import CLASSES, Conditions, conditions
from optgen.proof.parametric import prove
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import Membership, Oracle, Point, Problem, problem_to_json, value, vector
from tests.proof.methods import STAR
from tests.proof.theorems import THEOREMS


def points_of(names: str) -> tuple[Point, ...]:
    return tuple(Point(n, vector(f"x{n}"), vector(f"g{n}"), value(f"f{n}"), adjoint=n == "b") for n in names)


@pytest.mark.parametrize("name", CLASSES)
def test_both_tables_give_the_same_conditions(name):
    arguments = tuple(symbol(p) for p in CLASSES[name].parameters)
    oracle = Oracle("f", (Membership(name, arguments),), (STAR, *points_of("abc")))
    expected: Conditions = conditions(oracle)
    data: Any = problem_to_json(Problem((oracle,), ()))["oracles"][0]  # type: ignore[index]
    made = [(label, equal, rule()) for label, equal, rule in rebuilt(data, None)]
    found = {label: (equal, q) for label, equal, q in made if q.products or q.values}
    assert {label for label, (equal, _) in found.items() if equal} == set(expected.equalities)
    for label, quadratic in {**expected.inequalities, **expected.equalities}.items():
        difference = quadratic - found[label][1]
        assert not difference.products and not difference.values, label
    kinds = {(owner, kind) for owner, kind in check_classes.GRAMS if owner == name}
    assert {f"f {owner} {kind}" for owner, kind in kinds} == set(expected.matrices)


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all numbers written as strings."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        if isinstance(item, str):
            if is_number(item):
                yield (*path, key)
        else:
            yield from leaves(item, (*path, key))


def is_number(text: str) -> bool:
    try:
        Fraction(text)
    except ValueError:
        return False
    return True


def changed(data: Any, path: tuple[Any, ...], by: Fraction) -> Any:
    new = copy.deepcopy(data)
    place = new
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = str(Fraction(place[path[-1]]) + by)
    return new


CHANGES = (Fraction(1), Fraction(-1), Fraction(1, 1000), Fraction(-7, 3))


@pytest.fixture(scope="module")
def certificates() -> list[Any]:
    found = [prove(make()) for make in THEOREMS.values()]
    return [json.loads(json.dumps(f.to_json())) for f in found if f is not None]


def test_two_hundred_changed_certificates_are_rejected(certificates):
    rng = random.Random(5)
    places = [
        (data, prefix + leaf)
        for data in certificates
        for prefix in (("multipliers", "claim"), ("squares", "claim"), ("problem", "statements", 0, "claim"))
        for leaf in leaves(at_path(data, prefix))
    ]
    for data, path in rng.sample(places, 200):
        with pytest.raises((Rejected, ZeroDivisionError)):
            check(changed(data, path, rng.choice(CHANGES)))
    assert len(certificates) == len(THEOREMS)


def at_path(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def test_a_multiplier_of_no_class_is_rejected(certificates):
    data = copy.deepcopy(certificates[0])
    data["multipliers"]["claim"]["f smooth pair 0 x nowhere"] = "0"
    with pytest.raises(Rejected, match="no class gives"):
        check(data)


def test_a_stronger_class_than_the_proof_needs_is_another_proof(certificates):
    data = copy.deepcopy(certificates[0])
    data["problem"]["oracles"][0]["classes"] = [["convex", []]]
    with pytest.raises(Rejected):
        check(data)


@pytest.mark.parametrize(
    ("low_closed", "high_closed", "number", "sign"),
    [
        (False, False, symbol("t"), True),
        (False, False, 1 / symbol("t"), True),
        (True, False, 1 / symbol("t"), False),
        (False, True, 1 / (1 - symbol("t")), False),
        (False, False, symbol("t") - Fraction(1, 2), False),
        (True, True, symbol("t") * (1 - symbol("t")), True),
        (True, True, 1 / (symbol("t") * (1 - symbol("t"))), False),
    ],
)
def test_signs_on_an_interval(low_closed: bool, high_closed: bool, number: Number, sign: bool):
    assert Signs([["t", "0", "1", low_closed, high_closed]], ()).nonnegative(number) is sign


def test_a_symbol_without_bounds_counts_by_even_powers():
    signs = Signs([["t", None, None, False, False]], ())
    assert signs.nonnegative(symbol("t") * symbol("t") + 1)
    assert not signs.nonnegative(symbol("t") + 1)


def test_a_symbol_without_a_domain_and_one_named_like_a_slack_are_rejected():
    with pytest.raises(Rejected, match="without a domain"):
        Signs([["t", "0", "1", False, False]], ()).nonnegative(symbol("t~>"))
    with pytest.raises(Rejected, match="slack"):
        Signs([["t~>", None, None, False, False]], ())
