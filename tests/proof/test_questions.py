"""Questions: best rates, largest parameters, maps; each end of a bracket has something to show for it."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

from optgen.proof.check import check
from optgen.proof.linear import lyapunov, momentum
from optgen.proof.problem import ZERO, Form, Membership, Oracle, Point, Problem, Statement, inner, square, value, vector
from optgen.proof.questions import best_rate, largest, largest_of, stability, stability_map
from optgen.proof.refute_linear import quadratic
from optgen.proof.semidefinite import prove
from tests.proof.methods import tunings

MU = Fraction(1, 25)
CLASSES = {"f": [Membership("smooth_strongly_convex", (MU, Fraction(1)))]}


def test_the_best_rate_of_gradient_descent_is_bracketed_tightly():
    found = best_rate(momentum(Fraction(1)), CLASSES, histories=(1,))
    assert found.proved is not None and found.refuted is not None and found.certificate is not None
    assert 0.959999 < sqrt(found.refuted) <= 0.96 <= sqrt(found.proved) < 0.960001
    assert check(found.certificate.to_json()).trust == "exact"


def test_the_largest_step_of_gradient_descent_is_two():
    found = largest_of(
        lambda lr: lyapunov(momentum(lr), CLASSES, Fraction(9999, 10000)),
        lambda lr: quadratic(momentum(lr), MU, Fraction(1)),
        Fraction(1, 10),
        Fraction(4),
    )
    assert found.proved is not None and found.refuted is not None
    assert 1.9999 <= found.proved < 2 <= found.refuted <= 2.0001


def test_a_question_whose_lower_end_fails_says_so():
    found = largest(lambda lr: None, lambda lr: quadratic(momentum(lr), MU, Fraction(1)), Fraction(3), Fraction(4))
    assert found.proved is None and found.refuted == 3 and found.counterexample is not None


def error_feedback(alpha: Fraction, lr: Fraction) -> Problem:
    """EF21: x' = x - lr g, g' = g + C(grad f(x') - g); V = f + a form in (g, grad f) falls."""
    x, d, g, new_d, c = (vector(name) for name in ("x", "d", "g", "d'", "c"))
    f = Oracle(
        "f",
        (Membership("smooth", (Fraction(1),)),),
        (Point("x", x, d, value("f")), Point("x'", x - lr * g, new_d, value("f'"))),
    )
    compressor = Oracle("C", (Membership("contractive", (alpha,)),), (Point("c", new_d - g, c),))
    pairs: list[tuple[Form, Form]] = [(g, g + c), (d, new_d)]
    falls, positive = {}, {}
    for i in range(2):
        for j in range(i, 2):
            before, after = (inner(pairs[i][k], pairs[j][k]) for k in (0, 1))
            falls[f"{i}{j}"], positive[f"{i}{j}"] = before - after, before
    decrease = value("f") - value("f'") - lr / 1000 * square(d)
    statements = Statement("decrease", decrease, falls), Statement("positive", ZERO, positive, frozenset())
    return Problem((f, compressor), statements)


def test_error_feedback_takes_larger_steps_than_its_paper_proves():
    for alpha, paper, ours in ((0.1, 0.0513, 0.0522), (0.5, 0.2929, 0.3428), (0.9, 0.6838, 1.0386)):
        a = Fraction(alpha).limit_denominator(10)
        found = largest(
            lambda lr, a=a: prove(error_feedback(a, lr)), lambda lr: None, Fraction(1, 100), Fraction(2), 14
        )
        assert found.proved is not None and paper < ours <= found.proved < 1.02 * ours


def test_a_map_has_proved_refuted_and_few_unknown_cells():
    xs, ys = [Fraction(i, 2) for i in range(1, 8)], [Fraction(i, 5) for i in range(5)]
    cells = stability_map(momentum, CLASSES, xs, ys)
    count = {verdict: sum(cell.verdict == verdict for cell in cells) for verdict in ("proved", "refuted", "unknown")}
    assert len(cells) == 35 and count["proved"] >= 14 and count["refuted"] >= 12
    lowest = [cell for cell in cells if cell.y == 0]
    assert [cell.verdict for cell in lowest] == ["proved"] * 3 + ["refuted"] * 4


def test_the_tuning_of_heavy_ball_for_quadratics_is_refuted_and_triple_momentum_proved():
    fast = {name: momentum(m.a, m.b, m.c) for name, m in tunings(1, 25).items()}
    assert stability(fast["heavy ball"], CLASSES)[0] == "refuted"
    assert stability(fast["triple momentum"], CLASSES)[0] == "proved"
