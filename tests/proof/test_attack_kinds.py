"""Planted mistakes behind proofs of stability, of rates and of lemmas are caught before a verdict is given."""

from __future__ import annotations

import copy
from fractions import Fraction

import pytest

from optgen.compiler import parse
from optgen.passes.differentiate import differentiate
from optgen.passes.lower import claims
from optgen.proof import forms, linear_claims, quantities, reading, slopes, terms
from optgen.proof.attack import MistranslatedError
from optgen.proof.attack_linear import attack_form, attack_rate, attack_stable
from optgen.proof.child import multipliers
from optgen.proof.domains import intervals
from optgen.proof.instances import attack_lemma
from optgen.proof.lemma import lemma_of, questions
from optgen.proof.linear import lyapunov
from optgen.proof.linear_claims import curvatures, linear_claim
from optgen.proof.problem import problem_to_json, square, vector
from tests.proof.specs import claim
from tests.proof.test_attack import (
    explicit_for_implicit,
    gradient_doubled,
    proximal_sign,
    sign_of_momentum,
    step_forgotten,
)

STABLE = "given f in quadratic(mu, L), mu > 0, lr in (0, 2*(1 + beta)/L)\nprove stable"
RATE = "given f in smooth_strongly_convex(1, 10)\nat lr = 1/10, beta = 1/4\nprove rate(norm(x - argmin f)) <= 0.95"


def linear(head: str, lines: str):
    made = claim(head, lines)
    found = linear_claim(made)
    domain, _ = intervals(found.constraints, found.symbols())
    return made, found, domain


# ---------------------------------------------------------------- the linear form of a step


def gradient_elsewhere(patch):
    plain = forms.Reader.slope
    patch.setattr(forms.Reader, "slope", lambda self, oracle, x: plain(self, oracle, x + x))


def states_exchanged(patch):
    plain = linear_claims.matrix
    patch.setattr(linear_claims, "matrix", lambda rows, names: plain(rows, names[::-1]))
    patch.setattr(linear_claims, "fixed_weights", lambda method: [])


def answer_with_the_other_sign(patch):
    plain = forms.Reader.slope
    patch.setattr(forms.Reader, "slope", lambda self, oracle, x: -plain(self, oracle, x))


def step_squared(patch):
    plain = quantities.OPERATIONS["mul"]
    patch.setitem(quantities.OPERATIONS, "mul", lambda a, b: plain(plain(a, a), b))


FORMS = [
    (sign_of_momentum, "momentum"),
    (step_forgotten, "momentum"),
    (gradient_doubled, "momentum"),
    (gradient_elsewhere, "momentum"),
    (states_exchanged, "momentum"),
    (answer_with_the_other_sign, "momentum"),
    (step_squared, "momentum"),
    (explicit_for_implicit, "implicit"),
    (proximal_sign, "implicit"),
]
IMPLICIT = """algorithm m(h)
  oracle h : R[n] -> R
  param lr in (0, inf)
  state x : R[n]
  step
    x' = prox(h, lr)(x)
  claim "it"
    given h in smooth_strongly_convex(1, 10)
    at lr = 1/10
    prove rate(norm(x - argmin h)) <= 0.95
"""


def read(head: str):
    if head == "implicit":
        (made,) = claims(parse(IMPLICIT).file, lambda name: None)
        found = linear_claim(made)
        return made, found, intervals(found.constraints, found.symbols())[0]
    return linear(head, STABLE if head == "momentum" else RATE)


@pytest.mark.parametrize("head", ["momentum", "nesterov", "implicit"])
def test_a_faithful_form_survives(head):
    made, found, domain = read(head)
    attack_form(made, found, domain, differentiate)


@pytest.mark.parametrize(("plant", "head"), FORMS, ids=lambda item: getattr(item, "__name__", item))
def test_a_planted_mistake_in_the_form_of_a_step_is_caught(plant, head, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(MistranslatedError, match="unit vectors"):
        attack_form(*read(head), differentiate)


def test_a_step_that_is_not_stable_has_a_member_that_shows_it():
    made, found, domain = linear("momentum", STABLE.replace("2*(1", "3*(1"))
    bounds = curvatures(found.classes["f"])
    with pytest.raises(MistranslatedError, match="eigenvalue outside"):
        attack_stable(made, found, bounds, domain, differentiate)
    made, found, domain = linear("momentum", STABLE)
    assert attack_stable(made, found, bounds, domain, differentiate) == 20


def test_a_lyapunov_function_falls_on_members_and_one_that_was_changed_does_not():
    made, found, _ = linear("momentum", RATE)
    problem = lyapunov(found.method, found.classes, Fraction(9, 10), 1, 1, lambda run: square(vector("x")))
    data = multipliers({"problem": problem_to_json(problem), "seconds": 10.0})["certificate"]
    bounds = Fraction(1), Fraction(10)
    assert attack_rate(made, found, bounds, data, differentiate) == 20
    for name in ("<x, x>", "<v, v>"):
        wrong = copy.deepcopy(data)
        wrong["unknowns"][name] = str(-Fraction(wrong["unknowns"][name]))
        with pytest.raises(MistranslatedError, match="fails on a member"):
            attack_rate(made, found, bounds, wrong, differentiate)
    faster = copy.deepcopy(data)
    problem = lyapunov(found.method, found.classes, Fraction(1, 10), 1, 1, lambda run: square(vector("x")))
    faster["problem"] = problem_to_json(problem)
    with pytest.raises(MistranslatedError, match="decrease fails"):
        attack_rate(made, found, bounds, faster, differentiate)


# ---------------------------------------------------------------- lemmas


def minus_read_as_plus(patch):
    plain = reading.Reading._operation

    def read(self, node, env, read_part):
        if node.name == "sub":
            return ["+", read_part(node.arguments[0]), read_part(node.arguments[1])]
        return plain(self, node, env, read_part)

    patch.setattr(reading.Reading, "_operation", read)


def power_off_by_one(patch):
    plain = reading.Reading._power
    patch.setattr(reading.Reading, "_power", lambda self, b, e: plain(self, b, str(int(e) + 1)))


def quotient_turned_over(patch):
    plain = reading.Reading._operation

    def read(self, node, env, read_part):
        if node.name == "div":
            return ["/", read_part(node.arguments[1]), read_part(node.arguments[0])]
        return plain(self, node, env, read_part)

    patch.setattr(reading.Reading, "_operation", read)


def slope_with_the_other_sign(patch):
    plain = slopes.derivative
    patch.setattr(reading, "derivative", lambda *a: ["*", "-1", plain(*a)])


def sums_of_one_entry(patch):
    plain = terms.Reader.summed
    patch.setattr(terms.Reader, "summed", lambda self, value, label, extent: plain(self, value, label, "1"))


def product_loses_a_factor(patch):
    plain = terms.Reader.times
    patch.setattr(terms.Reader, "times", lambda self, a, b: a if a == b and len(a.top) > 1 else plain(self, a, b))


def matrix_is_taken_for_symmetric(patch):
    plain = terms.Reader._sorted
    patch.setattr(
        terms.Reader, "_sorted", lambda self, f: (f[0], tuple(sorted(f[1]))) if f[0] == "A" else plain(self, f)
    )


LEMMAS = [
    (minus_read_as_plus, "for all a, b\nprove (a - b)^2 = a^2 + 2*a*b + b^2"),
    (power_off_by_one, "for all a\nprove a^2 = a*a*a"),
    (quotient_turned_over, "for all a > 0, b > 0\nprove a/b*a = b"),
    (slope_with_the_other_sign, "for all x\nlet q(x) = x^2\nprove grad q(x) = -2*x"),
    (sums_of_one_entry, "for all x in R[n], y in R[n]\nprove dot(x, y)*dot(x, y) = sqnorm(x)*sqnorm(y)*n"),
    (product_loses_a_factor, "for all a, b\nprove (a + b)*(a + b) = a + b"),
    (matrix_is_taken_for_symmetric, "for all A in R[n, n], x in R[n], y in R[n]\nprove dot(x, A @ y) = dot(y, A @ x)"),
]


def lemma_claim(lines: str):
    text = 'claim "it"\n' + "".join(f"  {line}\n" for line in lines.split("\n"))
    (made,) = claims(parse(text).file, lambda name: None)
    return made


@pytest.mark.parametrize(("plant", "lines"), LEMMAS, ids=lambda item: getattr(item, "__name__", ""))
def test_a_planted_mistake_in_the_algebra_of_a_lemma_is_caught(plant, lines, monkeypatch):
    made = lemma_claim(lines)
    assert lemma_of(made, list(questions(made)), 5.0).status != "proved"
    plant(monkeypatch)
    asked = list(questions(made))
    found = lemma_of(made, asked, 5.0)
    in_the_prover = plant in (sums_of_one_entry, product_loses_a_factor, matrix_is_taken_for_symmetric)
    assert found.status == "proved" or in_the_prover
    assert found.trust != "algebra" or not in_the_prover  # the checker multiplies out by itself
    with pytest.raises(MistranslatedError, match="fails at numbers"):
        attack_lemma(made, asked, differentiate)


TRUE = [
    "for all a, b\nprove (a - b)^2 = a^2 - 2*a*b + b^2",
    "for all x in R[n], y in R[n]\nprove dot(x, y) <= sqnorm(x)/2 + sqnorm(y)/2",
    "for all x in R[n], y in R[n]\ngiven dot(x, y) = 0\nprove sqnorm(x + y) = sqnorm(x) + sqnorm(y)",
    "for all A in R[n, n], x in R[n]\ngiven A psd\nprove dot(x, A @ x) >= 0",
    "for all a in (0, 1), b\ngiven b = 1 - a\nprove a*b <= 1/4",
]


@pytest.mark.parametrize("lines", TRUE)
def test_a_true_lemma_holds_at_twenty_choices(lines):
    made = lemma_claim(lines)
    assert attack_lemma(made, list(questions(made)), differentiate) == 20


LANGEVIN = """algorithm langevin(U)
  oracle U : R[d] -> R
  param h in (0, inf)
  state x : R[d]
  step
    draw z ~ normal(d)
    x' = x - h*grad U(x) + sqrt(2*h)*z
  claim "it"
    given h <= 1
    prove {}
"""
MOMENTS = {
    "E(x') = x - h*grad U(x)": "E(x') = x - 2*h*grad U(x)",
    "E(sqnorm(x' - x + h*grad U(x))) = 2*h*d": "E(sqnorm(x' - x + h*grad U(x))) = h*d",
    "E(sqnorm(x' - x + h*grad U(x))^2) = 4*h^2*d*(d + 2)": "E(sqnorm(x' - x + h*grad U(x))^2) = 4*h^2*d*(d + 1)",
}


@pytest.mark.parametrize(("true", "false"), MOMENTS.items())
def test_a_mean_over_normal_numbers_is_run_over_outcomes_with_the_same_moments(true, false):
    def runs(said: str) -> int:
        (made,) = claims(parse(LANGEVIN.format(said)).file, lambda name: None)
        return attack_lemma(made, list(questions(made)), differentiate)

    assert runs(true) == 20
    with pytest.raises(MistranslatedError, match="fails at numbers"):
        runs(false)


def test_a_mean_with_higher_moments_than_outcomes_have_is_not_run():
    (made,) = claims(parse(LANGEVIN.format("E(sqnorm(x' - x)^3) >= 0")).file, lambda name: None)
    assert attack_lemma(made, list(questions(made)), differentiate) == 0
