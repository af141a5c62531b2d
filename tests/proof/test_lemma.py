"""Claims of specs decided by algebra and arithmetic, from their text."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import optgen
from optgen.compiler import _shipped
from optgen.ir import claims as said
from optgen.ir.claims import Special
from optgen.passes.lower import claims
from optgen.proof.lemma import lemma


def claim(lines: str, head: str = "") -> said.Claim:
    text = head + 'claim "it"\n' if not head else head + '  claim "it"\n'
    indent = "    " if head else "  "
    text += "".join(f"{indent}{line.strip()}\n" for line in lines.strip().split("\n"))
    (found,) = claims(optgen.parse(text).file, _shipped(None))
    return found


MOMENTS = """algorithm moments(f)
  param beta = 0.9 in [0, 1), eps = 1e-8 in (0, inf)
  state x : space(f), s : space(f) = 0
  step k
    g  = grad f(x)
    s' = beta*s + (1 - beta)*g^2 + eps
    x' = x - g/sqrt(s')
"""

TRUE = {
    "matrices": (
        "for all A in R[n, n], X in R[n, n]\nprove I - A @ (X @ (2*I - A @ X)) = (I - A @ X) @ (I - A @ X)",
        "",
    ),
    "a mistake adds little": (
        "for all w in R[n], x in R[n]\ngiven dot(w, x) <= 0, sqnorm(x) <= 1\nprove sqnorm(w + x) <= sqnorm(w) + 1",
        "",
    ),
    "an invariant": ("prove invariant(s >= 0)", MOMENTS),
    "a bound that needs the step": ("given s >= 0\nprove s' >= eps", MOMENTS),
    "numbers": ("at beta = 1/2\nprove 2*s' - s - 2*eps = g^2", MOMENTS),
    "a derivative": ("for all x > 0, a\nprove grad (u -> log(u) + a*u^2)(x) = 1/x + 2*a*x", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_proved_exactly(name):
    decision = lemma(claim(*TRUE[name]))
    assert (decision.status, decision.trust) == ("proved", "algebra")


def test_a_false_claim_is_refuted_by_numbers():
    decision = lemma(claim("for all a, b\nprove a*b <= a^2 + b^2/5"))
    assert decision.status == "refuted"
    a, b = (decision.numbers[f"<{name}>"] for name in "ab")
    assert a * b > a**2 + b**2 / Fraction(5)


def test_numbers_do_not_refute_what_speaks_of_functions():
    assert lemma(claim("given s >= 0\nprove f(x') <= f(x)", MOMENTS)).status == "unknown"


def test_an_average_over_draws_is_taken_by_pairs():
    head = """algorithm noisy(f)
  param lr in (0, inf)
  state x : R[d] = 0
  step
    draw z ~ normal(d)
    x' = x + lr*z
"""
    assert lemma(claim("prove E(sqnorm(x')) = sqnorm(x) + lr^2*d", head)).status == "proved"
    assert lemma(claim("prove E(sqnorm(x')) = sqnorm(x) + lr*d", head)).status != "proved"
    assert lemma(claim("prove E(sqnorm(x' - x)^2) = lr^4*d*(d + 2)", head)).status == "proved"


def test_what_is_said_of_all_entries_holds_for_all_entries_of_a_counterexample():
    lines = "for all A in R[n, n], X in R[n, n], Z in R[n, n]\ngiven A @ Z = I\nprove A @ (Z - X) = I - A @ X"
    assert lemma(claim(lines)).trust == "algebra"
    wrong = lemma(claim(lines.replace("I - A @ X", "I - 2*A @ X")))
    assert wrong.status == "refuted"
    numbers = wrong.numbers
    assert numbers["<A[=1,=1]>"] * numbers["<Z[=1,=1]>"] == 1


def test_a_condition_that_is_not_understood_refutes_nothing():
    lines = "for all A in R[n, n], x in R[n]\ngiven max_eig(A.T @ A) <= 1/4\nprove sqnorm(A @ x) <= sqnorm(x)/8"
    assert lemma(claim(lines)).status == "unknown"


SPECS = Path(__file__).parents[2] / "specs"
WHOLE = (
    *("adabelief", "adam", "cg", "consensus", "diffgrad", "exponentiated_gradient", "line_direction"),
    *("newton_schulz", "noisy_quadratic", "random_search", "sinkhorn_newton_sparse", "sor"),
    *("factored_descent", "perceptron", "tableaus", "tsit5"),
)
SHIPPED = [*sorted((SPECS / "claims").glob("*.opt")), *(SPECS / f"{name}.opt" for name in WHOLE)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_claim_of_arithmetic_has_the_verdict_it_states(path):
    for found in claims(optgen.load(path).file, _shipped(path.parent)):
        if (found.derived and found.mode == "refute") or any(isinstance(g, Special) for g in found.goals):
            continue  # refuted by a run, or by a method of its own: test_flows, test_same
        decision = lemma(found)
        assert decision.status == ("proved" if found.mode == "prove" else "refuted"), found.text
        assert decision.certificate or found.mode == "refute"


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.opt")), ids=lambda path: path.stem)
def test_every_claim_that_ships_is_well_formed(path):
    for found in claims(optgen.load(path).file, _shipped(path.parent)):
        assert found.goals or found.lyapunov


def test_a_function_at_an_entry_belongs_to_that_entry():
    lines = "for all h(u), a in R[n]\nprove n*sum(i: a[i]*h(a[i])) = sum(a)*sum(i: h(a[i]))"
    assert lemma(claim(lines)).status == "unknown"
    assert lemma(claim("for all h(u), a in R[n]\nprove sum(i: 2*h(a[i])) = 2*sum(j: h(a[j]))")).trust == "algebra"


def test_the_root_of_a_square_is_a_size():
    assert lemma(claim("for all a, b\nprove sqrt(a^2*b^2*4) = 2*abs(a*b)")).trust == "algebra"
    assert lemma(claim("for all a\nprove sqrt(a^2) = a")).status == "refuted"
    assert lemma(claim("for all a, b in (0, 1)\nprove sqrt((a - a*b)/(1 - b)) = sqrt(a)")).status == "proved"


def test_equations_between_products_are_used():
    head = "for all p in R[n], q in R[n], r in R[n]\n"
    lines = "given dot(p, r) = sqnorm(r), dot(q, r) = 0\nprove dot(p - q, r) = sqnorm(r)"
    assert lemma(claim(head + lines)).trust == "algebra"
    assert lemma(claim(head + lines.replace("q, r) = sqnorm(r)", "q, r) = sqnorm(p)"))).status != "proved"


LAWS = """algorithm laws(f)
  dim m = 3
  param count : N = 2
  state x : R = 0, y : R[m] = 0
  step
    draw u ~ uniform(0, 1)
    x' = x + u
    y' = y
"""


@pytest.mark.parametrize(
    "goal",
    ["x' <= x + 1", "2*count != 1", "count >= 0", "sqnorm(y + 1) >= 3*(1 + 2*sum(y)/m) or sum(y) != 0 or m != 1"],
    ids=["the range of a law", "an integer", "a count", "a dimension with a value"],
)
def test_numbers_that_can_not_be_refute_nothing(goal):
    assert lemma(claim(f"prove {goal}", LAWS)).status != "refuted"


def test_numbers_that_can_be_do():
    assert lemma(claim("prove x' <= x + count", LAWS)).status == "unknown"
    assert lemma(claim("prove count <= 5", LAWS)).status == "refuted"
