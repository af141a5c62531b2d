"""Normal forms: what is equal for every dimension has one, what is not has two."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from optgen.language import parse
from optgen.passes.lower.programs import lower
from optgen.proof.assumptions import Question
from optgen.proof.check import check
from optgen.proof.contractions import TooLarge, text
from optgen.proof.evidence import identity
from optgen.proof.reading import Reading, eliminated
from optgen.proof.terms import Reader, Rules
from optgen.proof.written import Rejected
from tests.proof.lemma_texts import reader, sides

IDENTITIES = {
    "innovation": ("g - m'", "beta*(g - m)"),
    "newton_for_the_inverse": ("I - A @ (X @ (2*I - A @ X))", "(I - A @ X) @ (I - A @ X)"),
    "square_of_a_difference": ("sqnorm(z - w)", "sqnorm(z) - 2*dot(z, w) + sqnorm(w)"),
    "symmetry": ("dot(z, A @ w)", "dot(A @ z, w)"),
    "solution": ("dot(z, A @ (w - s))", "dot(A @ z, w) - dot(z, b)"),
    "gradient_of_least_squares": ("grad (y -> sqnorm(B @ y)/2)(z)", "B.T @ (B @ z)"),
    "norm": ("norm(z)^2", "sqnorm(z)"),
    "chain_rule": ("grad (y -> f(A @ y))(z)", "A @ grad f(A @ z)"),
    "names_of_indices": ("sum(i, j: exp(z[i] + w[j]))", "sum(i, j: exp(w[i] + z[j]))"),
    "softmax": ("grad (y -> log(sum(exp(y))))(z)", "exp(z)/sum(exp(z))"),
    "step_length": ("sqnorm(x' - x)", "lr^2*sqnorm(m')"),
    "trace": ("trace(A @ X)", "trace(X @ A)"),
    "hessian": ("(hess f(x)) @ z", "jac (y -> grad f(y))(x).T @ z"),
    "exponentials": ("exp(z + w)*exp(-z)", "exp(w)"),
    "quotients": ("z/(1 + z) + 1/(1 + z)", "1"),
    "identity_keeps_its_size": ("(2*I - A) @ z", "2*z - A @ z"),
    "roots_below": ("sqnorm(z)/norm(z)", "norm(z)"),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_has_one_normal_form(name):
    left, right, reading = sides(*IDENTITIES[name])
    assert reader(reading).vanishes(["+", left, ["*", "-1", right]])


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_with_a_wrong_constant_has_not(name):
    left, right, reading = sides(*IDENTITIES[name])
    assert not reader(reading).vanishes(["+", left, ["*", "-1001/1000", right]])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("A @ X", "X @ A"),
        ("dot(z, X @ w)", "dot(X @ z, w)"),
        ("sum(i: z[i]*w[i])", "sum(z)*sum(w)"),
        ("norm(z + w)", "norm(z) + norm(w)"),
        ("grad f(z)", "grad f(w)"),
        ("abs(z)", "z"),
    ],
)
def test_what_differs_for_some_values_has_two_normal_forms(left, right):
    a, b, reading = sides(left, right)
    assert not reader(reading).vanishes(["+", a, ["*", "-1", b]])


def test_a_certificate_of_an_identity_is_expanded_again():
    left, right, reading = sides(*IDENTITIES["solution"])
    inputs = tuple((made, name, reading.axes[name]) for made, name in reading.names.items())
    data = identity(Question((), ["=", left, right], reader(reading).rules, inputs=inputs))
    assert data is not None
    assert "both sides are the same" in check(data).words[-1]
    for broken in (["=", left, ["+", right, "1"]], ["<", left, right]):
        with pytest.raises(Rejected):
            check({**data, "problem": {**data["problem"], "statements": [{"name": "claim", "goal": broken}]}})
    with pytest.raises(Rejected):
        check({**data, "problem": {**data["problem"], "symmetric": []}})


def test_the_normal_form_does_not_depend_on_how_a_sum_is_written():
    chance = random.Random(1)
    atoms = [["atom", "x", "i"], ["atom", "y", "i"], ["atom", "a"], "3/7"]
    for _ in range(200):
        parts = [["*", *(chance.choice(atoms) for _ in range(chance.randint(1, 3)))] for _ in range(4)]
        once = ["sum", "i", "n", ["+", *parts]]
        shuffled = [["*", *chance.sample(part[1:], len(part) - 1)] for part in chance.sample(parts, 4)]
        renamed = ["+", *(["sum", "k", "n", with_label(part, "k")] for part in shuffled)]
        assert text(Reader().normal(once)) == text(Reader().normal(renamed))


def with_label(term, label):
    if isinstance(term, str):
        return label if term == "i" else term
    return [with_label(part, label) for part in term]


def test_a_value_stands_for_its_atom():
    rules = Rules(values={"lr": ((), ["/", "2", ["+", ["atom", "L"], ["atom", "mu"]]])})
    gap = ["+", ["*", ["atom", "lr"], ["+", ["atom", "L"], ["atom", "mu"]]], "-2"]
    assert Reader(rules).vanishes(gap)
    assert not Reader().vanishes(gap)


def test_a_sum_of_ones_is_the_length_of_the_axis():
    assert text(Reader().normal(["sum", "i", "3", ["atom", "a"]])) == "3*<a>"
    assert text(Reader().normal(["sum", "i", "n", "1"])) == "1*<n>"
    assert Reader().normal("2/4").top == {(): Fraction(1, 2)}


def test_an_expansion_is_bounded():
    large = ["^", ["+", *(["atom", f"x{k}"] for k in range(30))], 12]
    with pytest.raises(TooLarge):
        Reader().normal(large)


SOR = """
algorithm sor(A, b)
  data A : R[n, n] spd, b : R[n]
  param omega = 1 in (0, 2)
  state x : R[n] = 0
  let D = diag(diag(A)), V(x) = dot(x - solve(A, b), A @ (x - solve(A, b)))/2
  step
    x' = x + solve(D/omega + strict_lower(A), b - A @ x)
    record left = V(x') - V(x), right = FACTOR*(2 - omega)/(2*omega)*dot(x' - x, D @ (x' - x))
"""


@pytest.mark.parametrize(("factor", "holds"), [("-1", True), ("-2", False), ("1", False)])
def test_the_energy_of_successive_over_relaxation_falls_by_the_diagonal(factor, holds):
    program, _ = lower(parse(SOR.replace("FACTOR", factor), "sor.opt"), "sor", None, lambda name: None)
    records = {record.name: record.value for record in program.phases[0].records}
    reading = Reading()
    left, right = (reading.entry(records[side], []) for side in ("left", "right"))
    rules = Rules(frozenset({"A"}), reading.solutions, eliminated(reading))
    assert Reader(rules).vanishes(["+", left, ["*", "-1", right]]) == holds


def test_a_sum_under_the_diagonal_is_half_of_a_symmetric_sum():
    def double(mark):
        entry = ["*", ["atom", "A", "i", "j"], ["atom", "d", "i"], ["atom", "d", "j"], *mark]
        return ["sum", "i", "n", ["sum", "j", "n", entry]]

    below, diagonal = double([["before", "j", "i"]]), double([["same", "i", "j"]])
    claim = ["+", double([]), ["*", "-1", diagonal], ["*", "-2", below]]
    assert Reader(Rules(frozenset({"A"}))).vanishes(claim)
    assert not Reader().vanishes(claim)
