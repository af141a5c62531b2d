"""Claims of `sde` and `ode` blocks: proved as identities, refuted by numbers, their derivations doubted."""

from __future__ import annotations

from typing import Any

import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.ir import nodes as ir
from optgen.passes.lower import flows
from optgen.proof import terms
from optgen.proof.attack import MistranslatedError
from optgen.proof.recheck import recheck

GROWTH = """sde growth
  param mu = 0.3, sigma = 0.8 in (0, inf)
  dX = mu*X dt + sigma*X dW
"""
PULL = """sde pull
  oracle U : R[d] -> R
  param beta in (0, inf)
  state X : R[d]
  dX = -grad U(X) dt + sqrt(2/beta) dW
"""
TIED = """sde tied
  data G : R[d, q], m : R[d]
  state X : R[d]
  dX = (m - X) dt + G dW
"""
PAIR = """sde pair
  param a in (0, inf)
  state X : R, Y : R
  dX = Y dt + a dW1
  dY = -X dt + X dW1 + 2 dW2
"""
CLOCK = """sde clock
  param b in (0, inf)
  dX = -b*t*X dt + sqrt(2*b*t) dW
"""
SWING = """ode swing
  param w in (0, inf)
  dX = w*Y dt
  dY = -w*X dt
"""


def verdicts(head: str, *lines: str) -> Any:
    text = head + '  claim "it"\n' + "".join(f"    {line}\n" for line in lines)
    (found,) = optgen.verify(optgen.parse(text), cache=False)
    return found


TRUE = {
    "a square": (GROWTH, "prove generator(X^2) = (2*mu + sigma^2)*X^2"),
    "a map of the state": (GROWTH, "given X > 0", "prove generator(log(X)) = mu - sigma^2/2"),
    "a function": (GROWTH, "let V(x) = x^3", "prove generator(V) = 3*(mu + sigma^2)*X^3"),
    "an inequality": (GROWTH, "given mu <= -sigma^2", "prove generator(X^2) <= 0"),
    "its density": (GROWTH, "for all t > 0, x0 > 0", "given X > 0",
                    "prove fokker_planck(lognormal(log(x0) + (mu - sigma^2/2)*t, sigma*sqrt(t)))"),
    "a density that is no exponential": (CLOCK, "prove generator(1/(1 + X^2)) = "
                                         "2*b*t*X^2/(1 + X^2)^2 + b*t*(6*X^2 - 2)/(1 + X^2)^3"),
    "the Gibbs density": (PULL, "let p(x) = exp(-beta*U(x))", "prove fokker_planck(p)"),
    "a distance": (PULL, "for all u in R[d]",
                   "prove generator(sqnorm(X - u)) = -2*dot(grad U(X), X - u) + 2*d/beta"),
    "noise by a matrix": (TIED, "prove generator(sqnorm(X - m)) = -2*sqnorm(X - m) + sum(i, k: G[i, k]^2)"),
    "a vector": (TIED, "prove generator(X) = m - X"),
    "noise that two states share": (PAIR, "prove generator(X*Y) = Y^2 - X^2 + a*X"),
    "noise of its own": (PAIR, "prove generator(Y^2) = -2*X*Y + X^2 + 4"),
    "a rate in time": (CLOCK, "for all t > 0", "prove generator(t*X^2) = X^2 + t*(2*b*t - 2*b*t*X^2)"),
    "a density that stays while the rate changes": (CLOCK, "for all t > 0", "prove fokker_planck(normal(0, 1))"),
    "an ode": (SWING, "prove generator(X^2 + Y^2) = 0"),
    "a density without noise": (SWING, "let p(x, y) = exp(-(x^2 + y^2)/2)", "prove fokker_planck(p)"),
    "back in time": (TIED, "let still(x, t) = 0*x", "prove reverse(tied, still).drift(m) = 0*m"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_what_follows_from_a_flow_is_proved_and_checked_again(name):
    found = verdicts(*TRUE[name])
    assert (found.verdict, found.trust) == ("proved", "algebra")
    assert recheck(found.certificate).trust == "algebra"
    assert any("differences" in word for word in found.words)


FALSE = {
    "half of the noise": (GROWTH, "refute generator(X^2) = (2*mu + sigma^2/2)*X^2"),
    "the sign of the drift": (GROWTH, "refute generator(X^2) = (-2*mu + sigma^2)*X^2"),
    "the rule without its second term": (GROWTH, "given X > 0", "refute generator(log(X)) = mu"),
    "a density with another drift": (GROWTH, "for all t > 0, x0 > 0", "given X > 0",
                                     "refute fokker_planck(lognormal(log(x0) + mu*t, sigma*sqrt(t)))"),
    "a density with another width": (GROWTH, "for all t > 0, x0 > 0", "given X > 0",
                                     "refute fokker_planck(lognormal(log(x0) + (mu - sigma^2/2)*t, sigma*t))"),
    "another temperature": (PULL, "let p(x) = exp(-2*beta*U(x))", "refute fokker_planck(p)"),
    "the dimension forgotten": (PULL, "for all u in R[d]",
                                "refute generator(sqnorm(X - u)) = -2*dot(grad U(X), X - u) + 2/beta"),
    "the clock forgotten": (CLOCK, "for all t > 0", "refute generator(t*X^2) = t*(2*b*t - 2*b*t*X^2)"),
    "shared noise forgotten": (PAIR, "refute generator(X*Y) = Y^2 - X^2"),
    "an inequality on too much": (GROWTH, "given mu <= 0", "refute generator(X^2) <= 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_wrong_neighbours_are_refuted_by_numbers_that_run(name):
    found = verdicts(*FALSE[name])
    assert (found.verdict, found.counterexample["replayed"]) == ("refuted", True)


# ---------------------------------------------------------------- the derivations are doubted


def minus_drift(flow: flows.Flow, value: ir.Tensor) -> ir.Tensor:
    turned = tuple(flows.scaled(b, ir.constant(-1, "real")) for b in flow.drift)
    return right_generator(flows.replace(flow, drift=turned), value)


def no_time(flow: flows.Flow, value: ir.Tensor) -> ir.Tensor:
    return right_generator(flows.replace(flow, time=ir.Input("other", "real")), value)


right_generator = flows.generator


@pytest.mark.parametrize(("wrong", "lines"), [
    (minus_drift, (GROWTH, "prove generator(X^2) = (sigma^2 - 2*mu)*X^2")),
    (no_time, (CLOCK, "for all t > 0", "prove generator(t*X^2) = t*(2*b*t - 2*b*t*X^2)")),
], ids=["the sign of the drift", "the time derivative"])  # fmt: skip
def test_a_wrong_generator_is_no_verdict(wrong, lines, monkeypatch):
    monkeypatch.setattr(flows, "generator", wrong)
    with pytest.raises(MistranslatedError, match="differences"):
        verdicts(*lines)


@pytest.mark.parametrize("lines", [
    (GROWTH, "prove generator(X^2) = (2*mu + 2*sigma^2)*X^2"),
    (PULL, "let p(x) = exp(-beta*U(x)/2)", "prove fokker_planck(p)"),
    (CLOCK, "for all t > 0", "prove fokker_planck(normal(0, sqrt(2)))"),
], ids=["a generator", "a stationary density", "a law"])  # fmt: skip
def test_a_forgotten_half_is_no_verdict(lines, monkeypatch):
    monkeypatch.setattr(flows, "HALF", ir.constant(1, "real"))
    with pytest.raises(MistranslatedError, match="differences"):
        verdicts(*lines)


def test_a_forgotten_derivative_of_the_noise_is_no_verdict(monkeypatch):
    monkeypatch.setattr(flows, "rows_moved", lambda states, columns, density: [
        flows.scaled(c, ir.constant(0, "real")) for c in columns
    ])  # fmt: skip
    with pytest.raises(MistranslatedError, match="differences"):
        verdicts(GROWTH, "given X > 0, mu = 0", "let p(x) = exp(log(x))", "prove fokker_planck(p)")


def test_a_wrong_reverse_drift_is_no_verdict(monkeypatch):
    monkeypatch.setattr(flows, "divergence", lambda fields, states: ir.constant(0, "real"))
    with pytest.raises(MistranslatedError, match="differences"):
        verdicts(GROWTH, "for all x, s(x, t)", "prove reverse(growth, s).drift(x, t) = sigma^2*x^2*s(x, t) - mu*x")


# ---------------------------------------------------------------- sums over equal labels


def test_a_sum_over_an_equality_is_the_term_there():
    from optgen.proof.slopes import total

    extents = {"i": "n", "j": "n", "k": "m"}
    body = ["*", ["atom", "x", "i"], ["+", ["same", "i", "j"], ["same", "i", "k"]]]
    made = total("i", "n", body, extents)
    plain = ["sum", "i", "n", body]
    assert made == ["+", ["atom", "x", "j"], ["sum", "i", "n", ["*", ["same", "i", "k"], ["atom", "x", "i"]]]]
    assert terms.Reader().vanishes(["+", made, ["*", "-1", plain]])


# ---------------------------------------------------------------- what is wrong is said


WRONG = {
    "noise in an ode": ("ode a\n  dX = -X dt + dW\n", "E0412"),
    "no flow": ("sde a\n  param s = 1\n", "E0412"),
    "a line that is no flow": ("sde a\n  X = -X dt\n", "E0412"),
    "noise of another shape": ("sde a\n  data v : R[q]\n  state X : R[d]\n  dX = -X dt + v dW\n", "E0303"),
    "a drift of another shape": ("sde a\n  data v : R[q]\n  state X : R[d]\n  dX = v dt + dW\n", "E0303"),
    "a generator without a flow": ('claim "c"\n  for all x\n  prove generator(x) = 0\n', "E0704"),
    "an inverse nobody knows": (GROWTH + '  claim "c"\n    prove image(growth, sin).drift(0) = 0\n', "E0704"),
    "a part that is none": (GROWTH + '  claim "c"\n    for all x\n    prove growth.slope(x) = 0\n', "E0205"),
    "a density of a law without one": (GROWTH + '  claim "c"\n    prove fokker_planck(sphere(3))\n', "E0404"),
    "the step of a flow": (GROWTH + '  claim "c"\n    prove decreases(X)\n', "E0704"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_flow_is_said(name):
    text, code = WRONG[name]
    with pytest.raises(SpecError) as caught:
        optgen.verify(optgen.parse(text), cache=False)
    assert code in {d.code for d in caught.value.diagnostics}
    assert code in {d.code for d in optgen.check(optgen.parse(text))}
