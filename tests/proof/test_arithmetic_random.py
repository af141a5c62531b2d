"""Random inequalities: what is proved holds at every point tried, what is refuted fails at the numbers given."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from optgen.proof.arithmetic import Question, decide
from optgen.proof.terms import Reader
from optgen.proof.values import Undefined, holds, named

NAMES = ("a", "b", "c")
GIVEN = (["<", "0", ["atom", "a"]], ["<", ["atom", "a"], "2"], ["<=", "0", ["atom", "b"]])


def random_term(chance: Random, depth: int):
    if depth == 0:
        number = str(Fraction(chance.randint(-3, 3), chance.randint(1, 3)))
        return chance.choice([["atom", chance.choice(NAMES)], number])
    one, two = (random_term(chance, depth - 1) for _ in range(2))
    return chance.choice(
        [
            ["+", one, two],
            ["*", one, two],
            ["^", one, 2],
            ["max", one, two],
            ["abs", one],
            ["/", one, ["+", "1", ["^", two, 2]]],
            ["sqrt", ["+", "1", ["^", one, 2]]],
        ]
    )


def inequality(seed: int) -> list:
    """Half of them true by construction: t^2 + s <= t^2 + s + positive."""
    chance = Random(seed)
    one, two = random_term(chance, 2), random_term(chance, 2)
    if seed % 2:
        return ["<=", one, ["+", one, ["^", two, 2], ["*", ["atom", "a"], ["atom", "b"]]]]
    return [chance.choice(["<=", ">", ">="]), one, two]


@pytest.mark.parametrize("seed", range(24))
def test_a_verdict_agrees_with_exact_evaluation(seed):
    goal = inequality(seed)
    decision = decide(Question(GIVEN, goal), 4.0)
    plain, reader = named(goal, Reader()), Reader()
    if decision.status == "refuted":
        numbers = dict.fromkeys((f"<{name}>" for name in NAMES), Fraction(1)) | decision.numbers
        assert holds(plain, numbers) is False
        assert all(holds(named(g, reader), numbers) for g in GIVEN)
    if decision.status == "proved":
        chance = Random(seed)
        for _ in range(200):
            numbers = {
                "<a>": Fraction(chance.randint(1, 199), 100),
                "<b>": Fraction(chance.randint(0, 400), 100),
                "<c>": Fraction(chance.randint(-400, 400), 100),
            }
            try:
                assert holds(plain, numbers) is not False
            except Undefined:
                continue
    if seed % 2:
        assert decision.status != "refuted"
