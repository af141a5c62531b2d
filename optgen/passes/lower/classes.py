"""The classes that claims and `where` name: their arguments, what these may be, and of what they are said.

What a class means for the points of a member stands in proof/interpolation; here it is only a word of the language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Class:
    """`domain`: comparisons (left, operator, right) between arguments and integers that hold for every member."""

    parameters: tuple[str, ...] = ()
    domain: tuple[tuple[str, str, str | int], ...] = ()
    of: Literal["function", "operator", "compressor", "samples"] = "function"
    functions: tuple[str, ...] = ()  # parameters that are functions themselves


def positive(name: str) -> tuple[tuple[str, str, str | int], ...]:
    return ((name, ">", 0),)


def nonnegative(name: str) -> tuple[tuple[str, str, str | int], ...]:
    return ((name, ">=", 0),)


CLASSES: dict[str, Class] = {
    "convex": Class(),
    "concave": Class(),
    "smooth": Class(("L",), positive("L")),
    "strongly_convex": Class(("mu",), positive("mu")),
    "smooth_strongly_convex": Class(("mu", "L"), (*positive("L"), ("mu", ">=", 0), ("mu", "<=", "L"))),
    "weakly_convex": Class(("rho",), nonnegative("rho")),
    "lipschitz": Class(("M",), nonnegative("M")),
    "pl": Class(("mu",), positive("mu")),
    "rsi": Class(("mu",), positive("mu")),
    "quadratic": Class(("mu", "L"), (*positive("L"), ("mu", "<=", "L"))),
    "homogeneous": Class(("p",)),
    "indicator": Class(),
    "bounded": Class(("D", "R"), (*positive("D"), *positive("R"))),
    "support": Class(("M",), positive("M")),
    "upper_growth": Class(("L",), positive("L")),
    "error_bound": Class(("L",), positive("L")),
    "relatively_smooth": Class(("L", "h"), positive("L"), functions=("h",)),
    "monotone": Class(of="operator"),
    "strongly_monotone": Class(("mu",), positive("mu"), "operator"),
    "cocoercive": Class(("b",), positive("b"), "operator"),
    "nonexpansive": Class(of="operator"),
    "averaged": Class(("a",), (*positive("a"), ("a", "<", 1)), "operator"),
    "linear": Class(("L",), positive("L"), "operator"),
    "skew": Class(of="operator"),
    "lipschitz_operator": Class(("L",), positive("L"), "operator"),
    "comonotone": Class(("rho",), (), "operator"),
    "weak_minty": Class(("rho",), (), "operator"),
    "contractive": Class(("alpha",), (*positive("alpha"), ("alpha", "<=", 1)), "compressor"),
    "unbiased": Class(("omega",), nonnegative("omega"), "compressor"),
    "noise": Class(("s", "r"), (*nonnegative("s"), *nonnegative("r")), "samples"),
}

# classes of the language without an inequality: they may stand in `where`, not in a claim
WITHOUT_INEQUALITY = frozenset({"separable", "affine", "l0l1_smooth", "lipschitz_hessian"})
