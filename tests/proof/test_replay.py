"""Counterexamples of every kind are run by a compiled solver before they are reported; what shows nothing is not."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import optgen
from optgen.compiler import parse
from optgen.proof.verify import Tools, decided
from optgen.proof.worker import Worker
from optgen.verification import as_spec, claims_of, differentiated, replay
from tests.proof.specs import HEADS

FORWARD = """algorithm m(A)
  oracle A : R[n] -> R[n]
  param lr in (0, inf)
  state x : R[n]
  step
    x' = x - lr*A(x)
"""
BACKWARD = FORWARD.replace("x - lr*A(x)", "resolvent(A, lr)(x)")
CLIENTS = """algorithm m(f = mean(i in clients: f[i]))
  dim clients, n
  oracle f[i in clients] : R[n] -> R
  param lr in (0, inf)
  state x : R[n]
  step
    x' = x - lr*mean(i: grad f[i](x))
"""
ADAPTIVE = """algorithm m(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f), v : space(f) = 0
  step
    v' = beta*v + (1 - beta)*(grad f(x))^2
    x' = x - lr*grad f(x)/(1 + v')
"""
COUNTED = """algorithm m(f)
  param lr in (0, inf)
  state x : space(f)
  step k
    x' = x - lr*k*grad f(x)
"""
WRONG = {
    "one step of a function": (HEADS["gradient"], "given f in smooth(L), lr = 3/L\nrefute f(x') <= f(x)"),
    "from any velocity": (
        HEADS["momentum"],
        "given f in convex, f in smooth(L), lr = 1/L\nat L = 1, beta = 1/2\nrefute f(x') <= f(x)",
    ),
    "four steps": (
        HEADS["momentum"],
        "given f in convex, f in smooth(1)\nat lr = 1, beta = 1/2\n"
        "refute f(x(4)) - min f <= sqnorm(x(0) - argmin f)/40",
    ),
    "a subgradient": (HEADS["gradient"], "given f in convex\nat lr = 1\nrefute f(x') <= f(x)"),
    "two functions": (
        HEADS["proximal"],
        "given f in convex, f in smooth(L), h in convex, lr = 5/(2*L)\nat L = 1\n"
        "refute sqnorm(x' - fix(x)) <= sqnorm(x - fix(x))",
    ),
    "three steps of two functions": (
        HEADS["proximal"],
        "given f in convex, f in smooth(1), h in convex\nat lr = 1\n"
        "refute sqnorm(x(3) - fix(x)) <= sqnorm(x(0) - fix(x))/2",
    ),
    "an operator": (
        FORWARD,
        "given A in lipschitz_operator(1)\nat lr = 1/2\nrefute sqnorm(x' - fix(x)) <= sqnorm(x - fix(x))",
    ),
    "one property of an operator": (
        FORWARD,
        "given A in cocoercive(1)\nat lr = 9/4\nrefute sqnorm(x' - fix(x)) <= sqnorm(x - fix(x))",
    ),
    "a resolvent": (
        BACKWARD,
        "given A in monotone\nat lr = 1\nrefute sqnorm(x' - fix(x)) <= sqnorm(x - fix(x)) - 2*sqnorm(x' - x)",
    ),
    "a family of functions": (
        CLIENTS,
        "given f[i] in smooth(1), lr = 3\nat clients = 2\nrefute mean(i: f[i](x')) <= mean(i: f[i](x))",
    ),
    "numbers of a solver": (ADAPTIVE, "refute v' >= v"),
    "numbers of a solver and a vector": (ADAPTIVE, "refute sqnorm(x') <= sqnorm(x)"),
    "a step that counts": (COUNTED, "given f in smooth(1)\nat lr = 1/2\nrefute f(x') <= f(x)"),
    "eigenvalues": (
        HEADS["momentum"],
        "given f in quadratic(mu, L), mu > 0, lr in (0, 3*(1 + beta)/L)\nrefute stable",
    ),
    "a rate": (
        HEADS["momentum"],
        "given f in smooth_strongly_convex(1, 10)\nat lr = 1/10, beta = 0\nrefute rate(norm(x - argmin f)) <= 0.899",
    ),
    "a cycle": (
        HEADS["momentum"],
        "given f in smooth_strongly_convex(1, 25)\nat lr = 1/9, beta = 4/9\nrefute rate(norm(x - argmin f)) <= 0.99",
    ),
    "no step at all": ("", "for all a in (0, 1), x\nrefute (x + a)^2 <= x^2 + a^2"),
    "vectors and no step": ("", "for all x in R[n], y in R[n]\nrefute dot(x, y) <= sqnorm(x)/4 + sqnorm(y)/4"),
    "an equation": ("", "for all x, y\ngiven x > 0, y > 0\nrefute sqrt(x*y) = (x + y)/2"),
}


def text(head: str, lines: str) -> str:
    indent = "  " if head else ""
    return head + f'{indent}claim "it"\n' + "".join(f"{indent}  {line}\n" for line in lines.split("\n"))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refuted_was_run(name):
    (found,) = optgen.verify(text(*WRONG[name]), cache=False, seconds=10)
    assert found.verdict == "refuted", found.tried
    assert found.counterexample is not None and found.counterexample["replayed"] is True
    assert found.words[0].startswith("replayed: ") and any(c.isdigit() for c in found.words[0])


def doubled(item: Any) -> Any:
    return [doubled(part) for part in item] if isinstance(item, list) else f"{item}1"


@pytest.mark.parametrize("name", ["one step of a function", "four steps", "two functions", "numbers of a solver"])
def test_a_run_that_ends_elsewhere_shows_nothing(name):
    (found,) = optgen.verify(text(*WRONG[name]), cache=False, seconds=10)
    spec = as_spec(text(*WRONG[name]))
    (claim,) = claims_of(spec)
    example = copy.deepcopy(dict(found.counterexample or {}))
    assert replay(spec, claim, example).shows is True
    example["run"]["after"] = doubled({**example["run"]["after"]}["x"]) and {
        state: doubled(value) for state, value in example["run"]["after"].items()
    }
    assert replay(spec, claim, example).shows is False


def test_a_rate_that_is_reached_is_not_shown_to_be_missed():
    spec = as_spec(text(*WRONG["eigenvalues"]))
    (found,) = optgen.verify(spec, cache=False)
    (claim,) = claims_of(spec)
    example = copy.deepcopy(dict(found.counterexample or {}))
    example["run"]["growth"]["above"] = 5.0
    assert replay(spec, claim, example).shows is False


def test_without_a_replay_nothing_is_refuted():
    from optgen.proof.verdict import Replay

    spec = parse(text(*WRONG["one step of a function"]))
    (claim,) = claims_of(spec)
    with Worker() as worker:
        found = decided(claim, Tools(differentiated, lambda *_: Replay(False, "lands elsewhere")), worker, 5.0)
    assert found.verdict == "unknown"
    assert any(outcome == "it does not show: lands elsewhere" for _, outcome, _ in found.tried)


def test_a_method_of_several_functions_takes_an_objective_for_each():
    square = optgen.objective(lambda x: x @ x / 2, grad=lambda x: x)
    size = optgen.objective(lambda x: np.abs(x).sum(), prox=lambda z, t: np.sign(z) * np.maximum(np.abs(z) - t, 0))
    solver = optgen.compile(parse(HEADS["proximal"]), f={"f": square, "h": size})
    assert solver(x=np.array([4.0, -0.5]), lr=0.5, steps=1).x.tolist() == [1.5, 0.0]


@pytest.mark.parametrize(("given", "words"), [({"f": 1}, "none of that name: h"), ({"f": 1, "h": 1, "g": 1}, "g")])
def test_objectives_that_do_not_fit_are_named(given, words):
    with pytest.raises(optgen.SpecError, match=words):
        optgen.compile(parse(HEADS["proximal"]), f={name: optgen.objective(abs) for name in given})
