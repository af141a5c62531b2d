"""The checker: its table agrees with that of the provers, and a certificate that was changed is rejected."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from optgen.proof.accepted import RULES
from optgen.proof.check import SPANS, Facts, Signs, check
from optgen.proof.interpolation import CLASSES, Conditions, conditions
from optgen.proof.parametric import prove
from optgen.proof.polynomial import Number, symbol, to_json
from optgen.proof.problem import (
    Membership,
    Oracle,
    Point,
    Problem,
    Quadratic,
    problem_to_json,
    quadratic_to_json,
    total,
    value,
    vector,
)
from optgen.proof.written import Rejected
from tests.proof.methods import STAR
from tests.proof.theorems import THEOREMS


def points_of(names: str) -> tuple[Point, ...]:
    return tuple(Point(n, vector(f"x{n}"), vector(f"g{n}"), value(f"f{n}"), adjoint=n == "b") for n in names)


@pytest.mark.parametrize("name", CLASSES)
def test_both_tables_give_the_same_conditions(name):
    arguments = tuple(symbol(p) for p in CLASSES[name].parameters)
    oracle = Oracle("f", (Membership(name, arguments),), (STAR, *points_of("abc")))
    expected: Conditions = conditions(oracle)
    data: Any = problem_to_json(Problem((oracle,), ()))
    facts = Facts(data)
    made = {label: facts.find(label) for label in facts.rules}
    found = {label: (word == "=", q) for label, (word, q) in made.items() if q.top}
    assert {label for label, (equal, _) in found.items() if equal} == set(expected.equalities)
    for label, quadratic in {**expected.inequalities, **expected.equalities}.items():
        assert not (facts.read(as_data(quadratic)) - found[label][1]).top, label
    kinds = {kind for owner, kind, _ in RULES if owner == name and kind in SPANS}
    assert {f"f {name} {kind}" for kind in kinds} == set(expected.matrices)
    for label, matrix in expected.matrices.items():
        along = [Fraction(k + 2, 3) for k in range(len(matrix))]
        whole = total([a * b * q for a, row in zip(along, matrix) for b, q in zip(along, row)])
        assert not (facts.read(as_data(whole)) - facts.combined(label, [str(a) for a in along])).top, label


def as_data(quadratic: Quadratic) -> Any:
    return json.loads(json.dumps(quadratic_to_json(quadratic)))


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


def signs_on(*interval: Any) -> tuple[Facts, Signs]:
    problem = {"oracles": [], "statements": [], "assumptions": {}, "equalities": {}, "domain": [list(interval)]}
    facts = Facts(problem)
    return facts, Signs(facts, problem, ())


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
    facts, signs = signs_on("t", "0", "1", low_closed, high_closed)
    assert signs.hold(facts.read(to_json(number))) is sign


@pytest.mark.parametrize(("closed", "positive"), [(False, True), (True, False)])
def test_a_number_is_positive_where_its_end_is_open(closed: bool, positive: bool):
    facts, signs = signs_on("t", "0", None, closed, False)
    assert signs.hold(facts.read("t"))
    assert signs.hold(facts.read("t"), strict=True) is positive


def test_a_symbol_without_bounds_counts_by_even_powers():
    facts, signs = signs_on("t", None, None, False, False)
    assert signs.hold(facts.read(["+", ["^", "t", 2], "1"]))
    assert not signs.hold(facts.read(["+", "t", "1"]))


def test_a_symbol_without_a_domain_and_one_with_two_are_rejected():
    facts, signs = signs_on("t", "0", "1", False, False)
    with pytest.raises(Rejected, match="no bounds"):
        signs.hold(facts.read(">t"))
    problem = {"oracles": [], "statements": [], "assumptions": {}, "equalities": {}}
    twice = {**problem, "domain": [["t", "0", "1", False, False], ["t", "1", "2", False, False]]}
    with pytest.raises(Rejected, match="is bounded"):
        Signs(Facts(twice), twice, ())
