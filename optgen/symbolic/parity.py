"""Whether a function is odd or even: by the rules of its operations, which prove it, else by values, which do not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Input, Scalar
from optgen.symbolic.arb import Meaning, Undecided, Undefined

ODD = {"sin", "tan", "sinh", "tanh", "erf", "sign", "erfinv", "bessel_i1e", "bessel_j1"}
EVEN = {"cos", "cosh", "abs", "bessel_i0e", "bessel_j0"}
POINTS = (Fraction(1, 8), Fraction(3, 8), Fraction(7, 8), Fraction(5, 4), Fraction(27, 8), Fraction(21, 2))


def by_rules(expression: Scalar, argument: Input) -> int:
    """1 for even, -1 for odd, 0 where the rules do not say."""
    known: dict[Any, int] = {}
    for node in walk.postorder([expression]):
        match node:
            case ir.Constant():
                known[node] = 1
            case ir.Access(tensor=tensor) if tensor is argument:
                known[node] = -1
            case ir.Access(tensor=ir.Array(body=body)):
                known[node] = known[body]
            case ir.Choose(condition=c, then=a, otherwise=b):
                known[node] = known[a] if known[c] == 1 and known[a] == known[b] else 0
            case ir.Operation(name="power_int", arguments=(base, ir.Constant(value=exponent))):
                known[node] = abs(known[base]) if exponent % 2 == 0 else known[base]
            case ir.Operation(name=name, arguments=arguments):
                known[node] = _of(name, [known[part] for part in arguments])
    return known[expression]


def _of(name: str, parts: list[int]) -> int:
    if all(part == 1 for part in parts):
        return 1
    match name, parts:
        case "neg", [part]:
            return part
        case ("add" | "sub" | "minimum" | "maximum"), [a, b]:
            return a if a == b and (a == 1 or name in ("add", "sub")) else 0
        case ("mul" | "div"), [a, b]:
            return a * b
        case "arctan2", [-1, 1]:
            return -1
        case _, [-1]:
            return -1 if name in ODD else 1 if name in EVEN else 0
    return 0


def by_values(meaning: Meaning) -> int:
    """1 or -1 if no value speaks against even or odd, 0 if for each of them one does (that is certain)."""
    possible = {1, -1}
    for x in POINTS:
        try:
            here, there = (meaning.refined([at], 80) for at in (x, -x))
        except (Undecided, Undefined):
            continue
        possible = {sign for sign in possible if (there - sign * here).contains(0)}
    return possible.pop() if len(possible) == 1 else 0
