"""Random claims about one step with draws, with numbers: what is known of the best constants is never contradicted."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from optgen.passes.differentiate import differentiate
from optgen.proof.attack import attack_vectors
from optgen.proof.decide import prove
from optgen.proof.refute_members import by_members
from tests.proof.test_averages import SGD, problem

COMPRESSED = """algorithm m(f, C)
  oracle f : R[n] -> R, C : R[n] -> R[n]
  param lr in (0, inf)
  state x : R[n]
  step
    x' = x - lr*C(grad f(x))
"""


def verdict(head: str, lines: str) -> str:
    claim, goal, found = problem(head, lines)
    attack_vectors(claim, goal, found, differentiate)
    refuted = by_members(claim, goal, found, differentiate).status == "refuted"
    proved = prove(found.problem, 10) is not None
    assert not (refuted and proved)
    return "refuted" if refuted else "proved" if proved else "unknown"


@pytest.mark.parametrize("seed", range(4))
def test_no_claim_is_proved_beyond_the_best_constants(seed):
    random = Random(seed)

    def fraction(low: int, high: int, parts: int) -> Fraction:
        return Fraction(random.randint(low, high), parts)

    lr, mu = fraction(1, 8, 8), fraction(1, 4, 4)
    L, r, omega = mu + fraction(1, 8, 4), fraction(1, 6, 3), fraction(0, 8, 4)
    slack = random.choice([Fraction(9, 10), Fraction(99, 100), Fraction(101, 100), Fraction(11, 10)])
    numbers = f"mu = {mu}, L = {L}, lr = {lr}"
    distance = "prove E(sqnorm(x' - argmin f)) <="

    best = max((1 - lr * mu) ** 2, (1 - lr * L) ** 2)
    given = "for all v > 0\ngiven f in smooth_strongly_convex(mu, L), variance(f) <= v"
    found = verdict(SGD, f"{given}\nat {numbers}\n{distance} {slack * best}*sqnorm(x - argmin f) + {lr**2}*v")
    assert found != ("proved" if slack < 1 else "refuted")

    best = max((1 - lr * c) ** 2 + lr**2 * r * c**2 for c in (mu, L))
    given = "given f in smooth_strongly_convex(mu, L), f in noise(a, r)"
    bound = f"{slack * best}*sqnorm(x - argmin f) + {lr**2}"
    found = verdict(SGD, f"{given}\nat {numbers}, r = {r}, a = 1\n{distance} {bound}")
    assert found != ("proved" if slack < 1 else "refuted")

    best = lr * (1 - L * lr * (1 + omega) / 2)
    wanted = f"f(x) + {abs(best) * (1 - slack) - best}*sqnorm(grad f(x))"
    given = f"given f in smooth(L), C in unbiased(omega)\nat L = {L}, lr = {lr}, omega = {omega}"
    found = verdict(COMPRESSED, f"{given}\nprove E(f(x')) <= {wanted}")
    assert found != ("proved" if slack > 1 else "refuted")
