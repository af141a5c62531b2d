"""What the solvers are told of functions is true of them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from optgen.proof.smt import BOUNDS

FUNCTIONS = {"exp": math.exp, "log": math.log, "log1p": math.log1p, "tanh": math.tanh, "sin": math.sin,
             "cos": math.cos, "erf": math.erf, "power": math.pow}  # fmt: skip
POINTS = [-40.0, -7.3, -2.0, -1.0, -0.999, -0.5, -0.1, -1e-9, 0.0, 1e-9, 0.1, 0.5, 0.999, 1.0, 1.7, 2.0, 3.0, 30.0]


def parsed(text: str):
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()

    def read():
        token = tokens.pop(0)
        if token != "(":
            return float(token)
        items = []
        while tokens[0] != ")":
            items.append(tokens.pop(0) if not items and tokens[0] not in "()" else read())
        tokens.pop(0)
        return items

    return read()


def value(expression, slack: float):
    if isinstance(expression, float):
        return expression
    word, *parts = expression
    found = [value(p, slack) for p in parts]
    scale = slack * (1 + max((abs(v) for v in found if not isinstance(v, bool)), default=0))
    match word:
        case "+":
            return sum(found)
        case "-":
            return -found[0] if len(found) == 1 else found[0] - sum(found[1:])
        case "*":
            return math.prod(found)
        case "/":
            return found[0] / found[1]
        case "and":
            return all(found)
        case "=>":
            return not found[0] or found[1]
        case "=":
            return abs(found[0] - found[1]) <= scale
        case "<" | "<=" | ">" | ">=":
            ordered = found if word[0] == "<" else found[::-1]
            strict = slack == 0 and len(word) == 1
            return all(a < b if strict else a <= b + scale for a, b in pairwise(ordered))
    raise AssertionError(word)


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_holds_at_every_point_where_the_function_is_defined(name):
    checked = 0
    pairs = [(x, y) for x in POINTS for y in POINTS] if name == "power" else [(x, 0.0) for x in POINTS]
    for x, y in pairs:
        try:
            here = FUNCTIONS[name](x, y) if name == "power" else FUNCTIONS[name](x)
        except (ValueError, OverflowError, ZeroDivisionError):
            continue
        if name == "power" and x < 0 and y != int(y):
            continue
        for bound in BOUNDS[name]:
            premise_exact = parsed(bound.format(repr(here), repr(x), repr(y)))
            if premise_exact[0] == "=>" and not value(premise_exact[1], 0.0):
                continue
            conclusion = premise_exact[2] if premise_exact[0] == "=>" else premise_exact
            assert value(conclusion, 1e-12), (bound, x, y)
            checked += 1
    assert checked > 10
