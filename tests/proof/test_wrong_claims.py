"""Well-known claims that are false, and true claims made false: none is proved, and what is refuted was run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import optgen
from tests.proof.specs import HEADS

ADAM = """algorithm m(f)
  param lr in (0, inf), beta1 in [0, 1), beta2 in [0, 1), eps in (0, inf)
  state x : space(f), m : space(f) = 0, v : space(f) = 0
  step
    g = grad f(x)
    m' = beta1*m + (1 - beta1)*g
    v' = beta2*v + (1 - beta2)*g^2
    x' = x - lr*m'/(sqrt(v') + eps)
"""
SPLITTING = """algorithm m(f, h)
  oracle f : R[n] -> R, h : R[n] -> R
  param lr in (0, inf)
  state z : R[n]
  step
    x = prox(h, lr)(z)
    y = prox(f, lr)(2*x - z)
    z' = z + y - x
"""
OPERATOR = """algorithm m(A)
  oracle A : R[n] -> R[n]
  param lr in (0, inf)
  state x : R[n]
  step
    x' = x - lr*A(x)
"""
IMPLICIT = """algorithm m(h)
  oracle h : R[n] -> R
  param lr in (0, inf)
  state x : R[n]
  step
    x' = prox(h, lr)(x)
"""
DECAYED = """algorithm m(f)
  param lr in (0, inf), lam in (0, inf)
  state x : space(f), m : space(f) = 0
  step
    m' = m/2 + grad f(x)/2
    x' = x - lr*(sign(m') + lam*x)
"""
KNOWN = {**HEADS, "adam": ADAM, "splitting": SPLITTING, "operator": OPERATOR, "implicit": IMPLICIT, "signs": DECAYED}

WRONG = {
    "gradient steps longer than 2/L descend": (
        "gradient",
        "given f in smooth(L), lr = 21/(10*L)\nprove f(x') <= f(x)",
    ),
    "the contraction of short steps holds for all steps below 2/L": (
        "gradient",
        "given f in smooth_strongly_convex(mu, L), lr = 19/(10*L)\nat mu = 1, L = 10\n"
        "prove sqnorm(x' - argmin f) <= (1 - lr*mu)^2*sqnorm(x - argmin f)",
    ),
    "the best known contraction is not the best, by a thousandth": (
        "gradient",
        "given f in smooth_strongly_convex(mu, L), lr = 2/(mu + L)\nat mu = 1, L = 10\n"
        "prove sqnorm(x' - argmin f) <= 999/1000*((L - mu)/(L + mu))^2*sqnorm(x - argmin f)",
    ),
    "convexity alone contracts": (
        "gradient",
        "given f in convex, f in smooth(L), lr = 1/L\nat L = 1\n"
        "prove sqnorm(x' - argmin f) <= 0.999*sqnorm(x - argmin f)",
    ),
    "gradients of smooth functions shrink without convexity": (
        "gradient",
        "given f in smooth(L), lr = 1/L\nat L = 1\nprove sqnorm(grad f(x')) <= sqnorm(grad f(x))",
    ),
    "a subgradient step descends": ("gradient", "given f in convex\nat lr = 1/10\nprove f(x') <= f(x)"),
    "the known bound of four steps is not tight": (
        "gradient",
        "given f in convex, f in smooth(L)\nat L = 1, lr = 1\n"
        "prove f(x(4)) - min f <= 999/1000*sqnorm(x(0) - argmin f)/18",
    ),
    "the heavy ball tuned for quadratics converges on all strongly convex functions": (
        "momentum",
        "given f in smooth_strongly_convex(mu, L)\nat mu = 1, L = 25, lr = 1/9, beta = 4/9\n"
        "prove rate(norm(x - argmin f)) <= 0.999",
    ),
    "a step with momentum descends": (
        "momentum",
        "given f in convex, f in smooth(L), lr = 1/L\nat L = 1, beta = 1/2\nprove f(x') <= f(x)",
    ),
    "an accelerated step descends": (
        "nesterov",
        "given f in convex, f in smooth(L), lr = 1/L\nat L = 1, beta = 1/2\nprove f(x') <= f(x)",
    ),
    "the preconditioner of Adam never shrinks": ("adam", "prove v' >= v"),
    "steps along a Lipschitz operator near its zeros": (
        "operator",
        "given A in lipschitz_operator(1)\nat lr = 1/10\nprove sqnorm(x' - fix(x)) <= sqnorm(x - fix(x))",
    ),
    "splitting gains twice what it gains": (
        "splitting",
        "given f in convex, h in convex\nat lr = 1\nprove sqnorm(z' - fix(z)) <= sqnorm(z - fix(z)) - 2*sqnorm(z' - z)",
    ),
    "a proximal step contracts without strong convexity": (
        "implicit",
        "given h in convex\nat lr = 1\nprove sqnorm(x' - argmin h) <= 0.999*sqnorm(x - argmin h)",
    ),
    "sign steps of any length stay in their box": ("signs", "given abs(lam*x) <= 1\nprove abs(lam*x') <= 1"),
}


def verdict(head: str, lines: str, seconds: float = 10.0):
    body = KNOWN[head] + '  claim "it"\n' + "".join(f"    {line}\n" for line in lines.split("\n"))
    (found,) = optgen.verify(body, seconds=seconds, cache=False)
    return found


@pytest.mark.parametrize("name", WRONG)
def test_a_well_known_wrong_claim_is_refuted(name):
    found = verdict(*WRONG[name])
    assert found.verdict == "refuted", found.tried
    assert found.words and found.words[0].startswith("replayed: ")


# ---------------------------------------------------------------- true claims and their neighbours


@dataclass(frozen=True, slots=True)
class Tight:
    """A claim with a number {c} in it that holds up to `last` (from it on, if `rises` is False), and not beyond."""

    head: str
    lines: str
    last: float
    rises: bool = True


TIGHT = {
    "the longest step that descends": Tight("gradient", "given f in smooth(1)\nat lr = {c}\nprove f(x') <= f(x)", 2.0),
    "what a step gains": Tight(
        "gradient", "given f in smooth(1)\nat lr = 1\nprove f(x') <= f(x) - {c}*sqnorm(grad f(x))", 0.5
    ),
    "what a step gains with L": Tight(
        "gradient", "given f in smooth(L), lr = 1/L\nprove f(x') <= f(x) - {c}*sqnorm(grad f(x))/L", 0.5
    ),
    "a contraction": Tight(
        "gradient",
        "given f in smooth_strongly_convex(1, 10)\nat lr = 1/10\n"
        "prove sqnorm(x' - argmin f) <= {c}*sqnorm(x - argmin f)",
        0.81,
        False,
    ),
    "a contraction of values": Tight(
        "gradient",
        "given f in smooth_strongly_convex(1, 4)\nat lr = 1/4\nprove f(x') - min f <= {c}*(f(x) - min f)",
        0.5625,
        False,
    ),
    "the longest step that comes no further": Tight(
        "gradient",
        "given f in convex, f in smooth(1)\nat lr = {c}\nprove sqnorm(x' - argmin f) <= sqnorm(x - argmin f)",
        2.0,
    ),
    "three steps": Tight(
        "gradient",
        "given f in convex, f in smooth(1)\nat lr = 1\nprove f(x(3)) - min f <= {c}*sqnorm(x(0) - argmin f)",
        1 / 14,
        False,
    ),
    "a subgradient inequality": Tight(
        "gradient", "given f in strongly_convex(1)\nprove f(x) - min f >= {c}*sqnorm(x - argmin f)", 0.5
    ),
    "growth from a minimiser": Tight(
        "gradient", "given f in smooth(3)\nprove f(x) - min f <= {c}*sqnorm(x - argmin f)", 1.5, False
    ),
    "the gradient at a distance": Tight(
        "gradient",
        "given f in strongly_convex(2)\nprove sqnorm(grad f(x)) >= {c}*sqnorm(x - argmin f)",
        4.0,
    ),
    "cocoercivity": Tight(
        "gradient",
        "given f in convex, f in smooth(4)\nprove dot(grad f(x), x - argmin f) >= {c}*sqnorm(grad f(x))",
        0.25,
    ),
    "stability with momentum": Tight(
        "momentum", "given f in quadratic(mu, L), mu > 0, lr = {c}*(1 + beta)/L\nprove stable", 2.0
    ),
    "a rate with momentum": Tight(
        "momentum",
        "given f in smooth_strongly_convex(1, 10)\nat lr = 1/10, beta = 0\nprove rate(norm(x - argmin f)) <= {c}",
        0.9,
        False,
    ),
    "a proximal step": Tight(
        "implicit",
        "given h in strongly_convex(1)\nat lr = 1\nprove sqnorm(x' - argmin h) <= {c}*sqnorm(x - argmin h)",
        0.25,
        False,
    ),
    "what a proximal step gains": Tight(
        "implicit", "given h in convex\nat lr = 1\nprove h(x') <= h(x) - {c}*sqnorm(x' - x)", 1.0
    ),
    "what splitting gains": Tight(
        "splitting",
        "given f in convex, h in convex\nat lr = 1\n"
        "prove sqnorm(z' - fix(z)) <= sqnorm(z - fix(z)) - {c}*sqnorm(z' - z)",
        1.0,
    ),
    "an operator's longest step": Tight(
        "operator", "given A in cocoercive(1)\nat lr = {c}\nprove sqnorm(x' - fix(x)) <= sqnorm(x - fix(x))", 2.0
    ),
    "the box of sign steps": Tight("signs", "given abs(lam*x) <= 1, lr*lam <= {c}\nprove abs(lam*x') <= 1", 1.0),
    "a moment that is bounded": Tight("adam", "given v <= 1, g^2 <= 1\nprove v' <= {c}", 1.0, False),
    "Young": Tight("", "for all x in R[n], y in R[n]\nprove dot(x, y) <= {c}*(sqnorm(x) + sqnorm(y))", 0.5, False),
}
FACTORS = (1e-3, 1e-2, 0.1, 0.3, 0.02)


def neighbours(tight: Tight) -> list[tuple[float, bool]]:
    """Numbers beside the last one, and whether the claim is true there."""
    return [(tight.last * (1 + sign * factor), (sign < 0) == tight.rises) for factor in FACTORS for sign in (1, -1)]


def tried(tight: Tight, number: float, seconds: float = 5.0):
    lines = tight.lines.replace("{c}", f"{number:.9f}")
    if tight.head:
        return verdict(tight.head, lines, seconds)
    (found,) = optgen.verify('claim "it"\n' + "".join(f"  {line}\n" for line in lines.split("\n")), seconds, False)
    return found


@pytest.mark.parametrize("name", TIGHT)
def test_a_claim_made_slightly_false_is_not_proved(name):
    tight = TIGHT[name]
    number, _ = next(n for n in neighbours(tight) if not n[1])
    assert tried(tight, number).verdict != "proved"


@pytest.mark.slow
@pytest.mark.parametrize("name", TIGHT)
def test_ten_neighbours_of_a_claim_get_no_false_verdict(name):
    """200 claims in all.  What is true is proved (or open), what is false is refuted (or open)."""
    tight, decided = TIGHT[name], 0
    for number, is_true in neighbours(tight):
        found = tried(tight, number)
        assert found.verdict != ("refuted" if is_true else "proved"), (number, found.tried)
        decided += found.verdict != "unknown"
    assert decided >= 6
