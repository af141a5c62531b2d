"""Claims of `problem` and `function` blocks: of an objective at any point, of a function at any argument."""

from __future__ import annotations

from typing import Any

import pytest

import optgen
from optgen.diagnostics import SpecError

HEADS = {
    "squares": """problem squares
  data A : R[m, n], y : R[m]
  param reg = 0 in [0, inf)
  var x : R[n]
  minimize mean(i: (dot(A[i], x) - y[i])^2)/2 + reg/2*sqnorm(x)
""",
    "valley": """problem valley
  var x : R[2]
  minimize 100*(x[2] - x[1]^2)^2 + (1 - x[1])^2
""",
    "two": """problem two
  param c in (0, inf)
  var u : R, v : R > 0
  let gap = u - v
  maximize -c*gap^2 - u^2
""",
    "curve": """function curve(x : f32) -> f32 = 1/(1 + exp(-x))
  accuracy 1 ulp
""",
    "bell": "function bell(x : R in [-1, 1]) -> R = x*(1 + erf(x))\n",
    "shrink": "function shrink(v : R[d], t : R >= 0) -> R[d] = sign(v)*max(abs(v) - t, 0)\n",
    "blend": """function blend(x : R, w : R in [0, 1]) -> R
  let a = w*x, b = (1 - w)*x^2
  value a + b
""",
}


def verdict(head: str, *lines: str) -> Any:
    text = HEADS[head] + '  claim "it"\n' + "".join(f"    {line}\n" for line in lines)
    (found,) = optgen.verify(optgen.parse(text), cache=False)
    return found


TRUE = {
    "a gradient": ("squares", "prove grad objective(x) = A.T @ (A @ x - y)/m + reg*x"),
    "an expansion": ("squares", "for all u in R[n]", "prove objective(u) = objective(x) + dot(grad objective(x), u - x)"
                     " + sqnorm(A @ (u - x))/(2*m) + reg/2*sqnorm(u - x)"),
    "a bound": ("valley", "prove objective(x) >= 0"),
    "an optimal value": ("valley", "prove objective([1, 1]) = 0, grad objective([1, 1]) = 0*x"),
    "two variables, one positive": ("two", "prove objective(u, v) >= u^2, v > 0, objective(0, v) = c*v^2"),
    "a let of the variables": ("two", "prove gap = u - v"),
    "a symmetry": ("curve", "prove curve(x) + curve(-x) = 1"),
    "a slope": ("curve", "prove grad curve(x) = curve(x)*(1 - curve(x))"),
    "an odd part": ("bell", "prove bell(x) - bell(-x) = 2*x"),
    "a range on a domain": ("bell", "prove bell(x) <= 2"),
    "no entry grows": ("shrink", "prove abs(shrink(v, t)[1]) <= abs(v[1])"),
    "lets of a function": ("blend", "prove a + b = blend(x, w), blend(1, w) = 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_of_a_block_is_proved(name):
    assert verdict(*TRUE[name]).verdict == "proved"


FALSE = {
    "a gradient without its mean": ("squares", "refute grad objective(x) = A.T @ (A @ x - y) + reg*x"),
    "an expansion without its last part": ("squares", "for all u in R[n]", "refute objective(u) = objective(x)"
                                           " + dot(grad objective(x), u - x) + sqnorm(A @ (u - x))/(2*m)"),
    "a valley is not convex": ("valley", "for all u in R[2]",
                               "refute objective(u) >= objective(x) + dot(grad objective(x), u - x)"),
    "what is maximised has its sign": ("two", "refute objective(u, v) <= 0"),
    "a slope without its square": ("curve", "refute grad curve(x) = curve(x)"),
    "a symmetry with another sum": ("curve", "refute curve(x) + curve(-x) = 1.001"),
    "a range": ("bell", "refute bell(x) <= 1.8"),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_wrong_neighbours_are_refuted(name):
    found = verdict(*FALSE[name])
    assert (found.verdict, found.counterexample["replayed"]) == ("refuted", True)


STEPS = ("prove decreases(objective(x))", "prove x' = x", "prove generator(objective(x)) = 0")


@pytest.mark.parametrize("lines", STEPS)
def test_what_speaks_of_a_step_or_a_flow_is_refused(lines):
    with pytest.raises(SpecError):
        verdict("squares", lines)
