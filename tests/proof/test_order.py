"""Orders of Runge-Kutta methods: read off a step, checked tree by tree, refused where the step is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optgen.compiler import _shipped, parse
from optgen.diagnostics import SpecError
from optgen.passes.lower import claims
from optgen.proof import order
from optgen.proof.attack import MistranslatedError
from optgen.proof.meanings import check_order, density, trees
from optgen.proof.recheck import recheck
from optgen.proof.written import Rejected

METHOD = """algorithm method(f, a, b, c)
  data a : R[S, S] strict_lower, b : R[S], c : R[S]
  oracle f : (R[m], R) -> R[m]
  param h = 0.1 in (0, inf)
  state z : R[m], t : R = 0
  step
    k[i] = f(z + h*sum(j where j < i: a[i, j]*k[j]), t + c[i]*h)
    z' = z + h*sum(i: b[i]*k[i])
    t' = t + h
"""
KNOWN = {  # tableau, order
    "euler": ("a = [0;], b = [1], c = [0]", 1),
    "midpoint": ("a = [0, 0; 1/2, 0], b = [0, 1], c = [0, 1/2]", 2),
    "heun": ("a = [0, 0; 1, 0], b = [1/2, 1/2], c = [0, 1]", 2),
    "kutta": ("a = [0, 0, 0; 1/2, 0, 0; -1, 2, 0], b = [1/6, 2/3, 1/6], c = [0, 1/2, 1]", 3),
    "three eighths": (
        "a = [0, 0, 0, 0; 1/3, 0, 0, 0; -1/3, 1, 0, 0; 1, -1, 1, 0], b = [1/8, 3/8, 3/8, 1/8], c = [0, 1/3, 2/3, 1]",
        4,
    ),
}


def verdict(text: str, goal: str):
    (found,) = claims(parse(f'{text}\nclaim "it"\n  prove {goal}\n').file, _shipped(None))
    return order.order_claim(*found.goals[0].arguments)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_method_has_its_order_and_no_other(name):
    given, known = KNOWN[name]
    for claimed in range(1, 7):
        found = verdict(METHOD, f"order(method({given})) = {claimed}")
        assert found.status == ("proved" if claimed == known else "refuted")
        if claimed == known:
            assert recheck(found.certificate).trust == "exact"


def test_a_weight_that_is_slightly_wrong_loses_the_order():
    given = KNOWN["kutta"][0].replace("2/3, 1/6]", "2/3 + 1/1000000, 1/6 - 1/1000000]")
    found = verdict(METHOD, f"order(method({given})) = 3")
    assert found.status == "refuted" and "y1' = 1" in found.counterexample["functions"]["f"]["equations"]


def test_there_are_as_many_rooted_trees_as_is_known():
    assert [len(trees(n)) for n in range(1, 9)] == [1, 1, 2, 4, 9, 20, 48, 115]
    assert density(((), ())) == 3 and density((((),),)) == 6


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("z' = z + h*", "z' = z + h^2*", "the length of the step"),
        ("z' = z + h*", "z' = 2*z + h*", "does not begin where the step does"),
        ("t + c[i]*h)", "t + 2*c[i]*h)", "the sum of its row"),
        ("z' = z + h*sum(i: b[i]*k[i])", "z' = z + h*z*sum(i: b[i]*k[i])", "a product of vectors"),
        ("z' = z + h*sum(i: b[i]*k[i])", "z' = if z > 0 then z else z + h*sum(i: b[i]*k[i])", "comparison of vectors"),
        ("z' = z + h*sum(i: b[i]*k[i])", "z' = z + h*sum(i: b[i]*sin(k[i]))", "not applicable"),
        ("param h = 0.1 in (0, inf)", "param h = 0.1 in (0, inf), g = 1", "one param"),
    ],
)
def test_a_step_that_is_none_of_a_runge_kutta_method_is_refused(old, new, why):
    found = verdict(METHOD.replace(old, new), f"order(method({KNOWN['heun'][0]})) = 2")
    assert found.status == "unknown" and why in found.tried[-1][1]


def test_the_step_is_run_on_equations_of_trees_before_it_is_believed(monkeypatch):
    plain = order.tableau

    def mistaken(program):
        found = plain(program)
        return replace(found, b=found.b[::-1])

    monkeypatch.setattr(order, "tableau", mistaken)
    with pytest.raises(MistranslatedError):
        verdict(METHOD, f"order(method({KNOWN['midpoint'][0]})) = 2")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order", 3),
        ("order", 1),
        ("b", ["1/2", "1/3"]),
        ("a", [["0", "0"], ["1/2", "0"]]),
        ("not", [[]]),
        ("a", [["0"]]),
    ],
)
def test_a_changed_certificate_is_rejected(key, value):
    certificate = verdict(METHOD, f"order(method({KNOWN['heun'][0]})) = 2").certificate
    check_order(certificate)
    with pytest.raises(Rejected):
        check_order(certificate | {key: value})


def test_an_order_is_claimed_of_an_algorithm():
    with pytest.raises(SpecError, match="not an algorithm"):
        verdict("let A = [1, 2]", "order(A) = 1")
