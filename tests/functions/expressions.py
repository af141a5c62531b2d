"""Random expressions in one variable, as text, with a domain."""

from __future__ import annotations

import random

from optgen.functions.request import Domain

UNARY = (
    "exp({})", "exp(-({})^2)", "tanh({})", "sin({})", "cos({})", "erf({})", "sqrt(1 + ({})^2)", "1/(1 + ({})^2)",
    "softplus({})", "sigmoid({})", "arctan({})", "log(2 + ({})^2)", "abs({})", "({})^3", "arcsinh({})", "expm1({})",
    "log1p(abs({}))", "j0({})", "erfc({})", "gelu({})", "max({}, 0)", "cosh({})", "i0e({})",
)  # fmt: skip
BINARY = ("{} + {}", "({})*({})", "{} - ({})/3", "({})/(2 + cos({}))")


def expression(seed: int) -> tuple[str, Domain]:
    """An expression with two to five operations, and an interval of a few units."""
    draw = random.Random(seed)
    low = draw.choice((-4.0, -2.5, -1.0, 0.0, 0.125))
    return _node(draw, draw.choice((2, 2, 3))), Domain(low, low + draw.choice((1.0, 3.0, 6.5)))


def _node(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(("x", "x", "x", f"{draw.randint(1, 9)}*x/4", f"(x - {draw.randint(1, 7)}/8)"))
    if draw.random() < 0.6:
        return draw.choice(UNARY).format(_node(draw, depth - 1))
    return draw.choice(BINARY).format(_node(draw, depth - 1), _node(draw, depth - 1))
