"""The way from a step to the finite problem: points, forms, domains."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optgen.proof.domains import Constraint, Contradiction, intervals
from optgen.proof.extract import extracted
from optgen.proof.polynomial import symbol
from optgen.proof.quantities import NotLinear, shown
from tests.proof.specs import claim

L, mu, lr = symbol("L"), symbol("mu"), symbol("lr")


def only(head: str, lines: str):
    (found,) = extracted(made := claim(head, lines), made.goals[0])
    return found


def points(found):
    return {
        p.name: ({n: shown(c) for n, c in p.x.terms.items()}, {n: shown(c) for n, c in p.g.terms.items()})
        for o in found.problem.oracles
        for p in o.points
    }


def test_a_gradient_step_has_the_points_before_and_after_it():
    found = only("gradient", "given f in smooth(L)\nprove f(x') <= f(x)")
    assert points(found) == {"x": ({}, {"f'(x)": "1"}), "y1": ({"f'(x)": "-1*lr"}, {"f'(y1)": "1"})}


def test_the_minimiser_is_at_zero_with_gradient_zero():
    found = only("gradient", "given f in convex\nprove sqnorm(x' - argmin f) <= sqnorm(x - argmin f)")
    assert points(found)["x*"] == ({}, {})


def test_a_step_that_no_shift_leaves_alone_keeps_its_minimiser():
    text = "given f in convex, lr = 1\nprove sqnorm(x') <= sqnorm(argmin f)"
    assert points(only("gradient", text))["x*"] == ({"x*": "1"}, {})


def test_momentum_is_asked_where_the_step_says():
    found = only("nesterov", "given f in smooth(L), beta = 1/2\nprove f(x') <= f(x)")
    assert {"x": "3/2", "z": "-1/2"} in [x for x, _ in points(found).values()] or {"z": "-1/2"} in [
        x for x, _ in points(found).values()
    ]


def test_a_proximal_step_is_a_subgradient_at_its_result():
    found = only("proximal", "given f in smooth(L), h in convex\nprove h(x') <= h(x) + f(x)")
    (oracle,) = [o for o in found.problem.oracles if o.name == "h"]
    answers = [n for p in oracle.points for n in p.g.terms]
    implicit = next(p for p in oracle.points if p.name == "p1")
    assert len(set(answers)) == 2 and shown(implicit.x.terms["h'(p1)"]) == "-1*lr"


def test_iterates_are_written_out_from_the_start():
    found = only("weighted", "given f in smooth(1), lr = 1\nprove f(x(2)) <= f(x(0))")
    forms = [x for x, _ in points(found).values()]
    assert {"f'(x(0))": "-3/2", "f'(y1)": "-1/2"} in forms


def test_what_is_not_linear_is_refused_with_a_reason():
    made = claim("gradient", "given f in smooth(L)\nprove f(x' * x') <= f(x)")
    with pytest.raises(NotLinear, match="elementwise product"):
        extracted(made, made.goals[0])


def test_bounds_become_intervals_in_an_order_in_which_each_is_known():
    given = [
        Constraint(">", L, Fraction(0), "L > 0"),
        Constraint(">=", mu, Fraction(0), "mu >= 0"),
        Constraint("<=", mu, L, "mu <= L"),
        Constraint("<", lr, 2 / (mu + L), "lr"),
        Constraint(">", lr, Fraction(0), "lr > 0"),
    ]
    domain, exact = intervals(given, {"L", "mu", "lr"})
    assert exact
    known: set[str] = set()
    for interval in domain:
        for bound in (interval.low, interval.high):
            assert bound is None or isinstance(bound, Fraction) or bound.names() <= known
        known.add(interval.name)
    assert known == {"L", "mu", "lr"}


def test_a_symbol_may_be_bounded_inside_a_product():
    domain, exact = intervals(
        [
            Constraint(">", L, Fraction(0), ""),
            Constraint("<", lr * L, Fraction(2), ""),
            Constraint(">", lr, Fraction(0), ""),
        ],
        {"lr", "L"},
    )
    assert exact and {shown(i.high) for i in domain if i.high is not None} <= {"(2)/(L)", "(2)/(lr)"}


def test_contradictory_numbers_are_found():
    with pytest.raises(Contradiction):
        intervals([Constraint("<", Fraction(2), Fraction(1), "2 < 1")], set())
    with pytest.raises(Contradiction):
        intervals([Constraint(">", lr, Fraction(2), ""), Constraint("<", lr, Fraction(1), "")], {"lr"})


def test_the_expectation_of_what_is_not_drawn_is_itself():
    (part,) = (q for q in [only("gradient", "given f in smooth(L)\nprove sqnorm(E(x')) >= sqnorm(x')")])
    assert not part.problem.statements[0].claim.products
