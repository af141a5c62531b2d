"""Small methods with claims, as texts."""

from __future__ import annotations

from optgen.compiler import _shipped, parse
from optgen.ir.claims import Claim
from optgen.passes.lower import claims

WALK = """algorithm walk(f)
  param lr in (0, inf), beta = 0.5 in [0, 1)
  state x : space(f)
  state v : space(f) = 0
  step
    v' = beta*v - lr*grad f(x)
    x' = x + v'
"""

HEADS = {
    "gradient": """algorithm m(f)
  param lr in (0, inf)
  state x : space(f)
  step
    x' = x - lr*grad f(x)
""",
    "momentum": """algorithm m(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f), v : space(f) = 0
  step
    v' = beta*v - lr*grad f(x)
    x' = x + v'
""",
    "nesterov": """algorithm m(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f), z : space(f) = x
  step
    y = x + beta*(x - z)
    x' = y - lr*grad f(y)
    z' = x
""",
    "proximal": """algorithm m(f, h)
  oracle f : R[n] -> R, h : R[n] -> R
  param lr in (0, inf)
  state x : R[n]
  step
    x' = prox(h, lr)(x - lr*grad f(x))
""",
    "weighted": """algorithm m(f)
  param lr in (0, inf)
  state x : space(f), s : space(f) = 0
  step k
    s' = ((k - 1)*s + grad f(x))/k
    x' = x - lr*s'
""",
}


def claim(head: str, lines: str) -> Claim:
    """The only claim of a method with these lines."""
    text = HEADS[head] + '  claim "it"\n' + "".join(f"    {line.strip()}\n" for line in lines.strip().split("\n"))
    (found,) = claims(parse(text).file, _shipped(None))
    return found
