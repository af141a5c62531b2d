"""`same(a, b)`: equal iterates proved by equations that a step keeps, refuted by two runs that part."""

from __future__ import annotations

from typing import Any

import pytest

import optgen
from optgen.proof import same
from optgen.proof.recheck import recheck
from optgen.proof.written import Rejected

METHODS = """use nesterov from "specs/momentum.opt"
algorithm two_step(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f), z : space(f) = x
  step
    x' = x - lr*grad f(x) + beta*(x - z)
    z' = x
algorithm averaging(g)
  param lr in (0, inf), beta in [0, 1)
  state y : space(g), z : space(g) = y
  step
    z' = z - lr/(1 - beta)*grad g(y)
    y' = beta*y + (1 - beta)*z'
algorithm points(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f), z : space(f) = x
  step
    y = x + beta*(x - z)
    x' = y - lr*grad f(y)
    z' = x
algorithm counted(f)
  param lr in (0, inf)
  state x : space(f), n : R = 0
  step k
    x' = x - lr*(n + 1)*grad f(x)
    n' = n + 1
algorithm by_counter(f)
  param lr in (0, inf)
  state x : space(f)
  step k
    x' = x - lr*k*grad f(x)
algorithm late(f)
  param lr in (0, inf)
  state x : space(f), z : space(f) = 0
  step
    x' = x - lr*grad f(z)
    z' = x'
algorithm shaken(f)
  param lr in (0, inf)
  state x : space(f)
  step
    draw u ~ uniform(0, 1)
    x' = x - lr*u*grad f(x)
"""


def verdict(*lines: str) -> Any:
    text = METHODS + 'claim "it"\n' + "".join(f"  {line}\n" for line in lines)
    (found,) = optgen.verify(optgen.parse(text), cache=False)
    return found


TRUE = {
    "two forms of the heavy ball": ("prove same(momentum, two_step)",),
    "an average, under other names": ("prove same(averaging, momentum)",),
    "where a function is asked": ("prove same(nesterov, points)",),
    "a method and itself": ("prove same(gradient_descent, gradient_descent)",),
    "arguments": ("for all a in (0, 1)", "prove same(momentum(lr = a, beta = a), two_step(beta = a, lr = a))"),
    "no momentum": ("prove same(momentum(beta = 0), gradient_descent)",),
    "a state that counts": ("prove same(by_counter, counted)",),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_methods_in_other_variables_are_the_same(name):
    found = verdict(*TRUE[name])
    assert (found.verdict, found.trust) == ("proved", "algebra"), found.tried
    assert recheck(found.certificate).trust == "algebra"


FALSE = {
    "another method": ("refute same(momentum, nesterov)",),
    "another step": ("for all a in (0, 1)", "refute same(momentum(lr = a), two_step(lr = 2*a))"),
    "another weight": ("refute same(momentum, averaging(lr = 1))",),
    "another start of a hidden state": ("refute same(gradient_descent, late)",),
    "momentum forgotten": ("refute same(momentum, gradient_descent)",),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_methods_that_part_are_shown_by_two_runs(name):
    found = verdict(*FALSE[name])
    assert (found.verdict, found.counterexample["replayed"]) == ("refuted", True)
    assert "steps" in found.counterexample["violated"]


def test_a_method_that_draws_stays_open():
    found = verdict("prove same(shaken, shaken)")
    assert found.verdict == "unknown"
    assert any("draws" in came for _, came, _ in found.tried)


def test_an_equation_with_a_pole_in_the_domain_is_not_used():
    """v = (x - z)(1 - 1/beta) would do but for beta = 0: the other equation is taken."""
    found = verdict("prove same(averaging, momentum)")
    (shown,) = (part["mathematics"] for part in found.certificate["parts"] if "mathematics" in part)
    assert not any("beta^-" in line for line in shown)


def test_equations_that_a_step_does_not_keep_are_no_proof(monkeypatch):
    """A search that forgets to look at a step is caught by the checker of its identities."""

    def careless(pair: same.Pair, first: str, second: str) -> None:
        labels, _ = pair.after[first]
        pair.values[second] = (tuple(labels), ["atom", first, *labels])

    monkeypatch.setattr(same, "close_up", careless)
    found = verdict("prove same(momentum, two_step)")
    assert found.verdict == "unknown"
    assert any(method == "the steps of the proof" for method, _, _ in found.tried)


def test_a_certificate_with_another_number_is_rejected():
    found = verdict("prove same(momentum, two_step)")
    first = found.certificate["parts"][0]
    (statement,) = first["problem"]["statements"]
    text = str(statement["goal"])
    assert "'-1'" in text
    problem = first["problem"] | {"statements": [statement | {"goal": changed(statement["goal"])}]}
    broken = first | {"problem": problem}
    with pytest.raises(Rejected):
        recheck(broken)


def changed(term: Any) -> Any:
    if term == "-1":
        return "-2"
    return [changed(part) for part in term] if isinstance(term, list) else term
