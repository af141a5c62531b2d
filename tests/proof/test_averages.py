"""Claims about draws, samples, members and compressors: what they mean for points, and their verdicts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optgen.compiler import _shipped, parse
from optgen.passes.differentiate import differentiate
from optgen.passes.lower import claims
from optgen.proof import averages, forms, noise
from optgen.proof.attack import MistranslatedError, attack_members, attack_vectors
from optgen.proof.check import check
from optgen.proof.decide import prove
from optgen.proof.extract import extracted
from optgen.proof.quantities import NotLinear
from optgen.proof.refute_members import by_members

SGD = """algorithm m(f = mean(i in samples: f[i]))
  oracle f[i in samples] : R[n] -> R
  param lr in (0, inf)
  state x : R[n]
  step
    draw s ~ f
    x' = x - lr*grad f[s](x)
"""
COMPRESSED = """algorithm m(f = mean(i in clients: f[i]), C)
  oracle f[i in clients] : R[n] -> R, C : R[n] -> R[n]
  param lr in (0, inf)
  state x : R[n], g[i in clients] : R[n] = 0
  step
    x' = x - lr*mean(i: C(grad f[i](x)))
    g'[i] = g[i] + C(grad f[i](x) - g[i])
"""
LANGEVIN = """algorithm m(f)
  oracle f : R[n] -> R
  param h in (0, inf)
  state x : R[n]
  step
    draw z ~ normal(n)
    x' = x - h^2*grad f(x) + h*z
"""


def problem(head: str, lines: str):
    text = head + '  claim "it"\n' + "".join(f"    {line.strip()}\n" for line in lines.strip().split("\n"))
    (claim,) = claims(parse(text).file, _shipped(None))
    return claim, claim.goals[0], extracted(claim, claim.goals[0])[0]


def decided(head: str, lines: str) -> str:
    """proved: attacked on vectors and members, with a certificate that the checker reads; refuted: by members."""
    claim, goal, found = problem(head, lines)
    attack_vectors(claim, goal, found, differentiate)
    if by_members(claim, goal, found, differentiate).status == "refuted":
        return "refuted"
    certificate = prove(found.problem)
    if certificate is None:
        return "unknown"
    check(certificate.to_json())
    assert attack_members(claim, goal, found, differentiate) > 0
    return "proved"


DESCENT = "E(f(x')) <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))"
DISTANCE = "E(sqnorm(x' - argmin f)) <= (1 - lr*mu)^2*sqnorm(x - argmin f)"
NOISY = "for all v > 0\ngiven f in smooth(L), variance(f) <= v\n"
TRUE = [
    (SGD, f"{NOISY}prove {DESCENT} + L*lr^2/2*v"),
    (SGD, f"given f in smooth(L), f in noise(a, r)\nprove {DESCENT} + L*lr^2/2*(a^2 + r*sqnorm(grad f(x)))"),
    (
        SGD,
        "for all v > 0\ngiven f in smooth_strongly_convex(mu, L), variance(f) <= v\n"
        f"at mu = 1, L = 4, lr = 1/4\nprove {DISTANCE} + lr^2*v",
    ),
    (
        SGD,
        "for all v > 0\ngiven f in strongly_convex(mu), f[i] in convex, f[i] in smooth(L), lr <= 1/(2*L)\n"
        "given mean(i: sqnorm(grad f[i](argmin f))) <= v\nat batch = 1\n"
        "prove E(sqnorm(x' - argmin f)) <= (1 - lr*mu)*sqnorm(x - argmin f) + 2*lr^2*v",
    ),
    (
        COMPRESSED,
        "given f in smooth(L), C in unbiased(omega)\n"
        f"prove {DESCENT} + L*lr^2*omega/(2*clients)*mean(i: sqnorm(grad f[i](x)))",
    ),
    (LANGEVIN, "given f in smooth(L)\nprove E(f(x')) <= f(x) - h^2*(1 - L*h^2/2)*sqnorm(grad f(x)) + L*h^2*n/2"),
]
FALSE = [
    (SGD, f"{NOISY}refute {DESCENT} + L*lr^2/3*v"),
    (SGD, f"given f in smooth(L), f in noise(a, r)\nrefute {DESCENT} + L*lr^2/2*a^2"),
    (SGD, "given f in convex, f[i] in convex, f[i] in smooth(L), lr < 2/L\nat batch = 1\nrefute E(f(x')) <= f(x)"),
    (
        COMPRESSED,
        "given f in smooth(L), C in unbiased(omega)\n"
        f"refute {DESCENT} + L*lr^2*omega/(4*clients)*mean(i: sqnorm(grad f[i](x)))",
    ),
    (LANGEVIN, "given f in smooth(L)\nrefute E(f(x')) <= f(x) - h^2*(1 - L*h^2/2)*sqnorm(grad f(x)) + L*h^2*n/9"),
]


@pytest.mark.parametrize(("head", "lines"), TRUE)
def test_true_claims_about_draws_are_proved_and_survive_their_attack(head, lines):
    assert decided(head, lines) == "proved"


@pytest.mark.parametrize(("head", "lines"), FALSE)
def test_false_claims_about_draws_are_refuted_by_members(head, lines):
    assert decided(head, lines) == "refuted"


def test_members_that_are_each_compressed_deterministically_need_no_expectation():
    text = "given C in contractive(alpha)\n"
    text += "prove mean(i: sqnorm(g'[i] - grad f[i](x))) <= (1 - alpha)*mean(i: sqnorm(g[i] - grad f[i](x)))"
    claim, goal, found = problem(COMPRESSED, text)
    attack_vectors(claim, goal, found, differentiate)
    certificate = prove(found.problem)
    assert certificate is not None and check(certificate.to_json()).trust == "algebra"


def test_a_sample_is_independent_of_what_was_known_and_of_nothing_else():
    _, _, found = problem(SGD, f"{NOISY}prove {DESCENT} + f(x) + sqnorm(x)")
    (key,) = found.averages.draws
    error = "(f[s] - f)'(x)"
    assert found.averages.depends["f'(y1)"] == {key}  # the point after the step
    told = [name for name in found.problem.equalities if name.startswith(error)]
    assert {name.rsplit(" ", 1)[1] for name in told} == {"x", "f'(x)"}


@pytest.mark.parametrize(
    ("head", "lines", "why"),
    [
        (SGD, f"{NOISY}prove f(x') <= f(x)", "outside E"),
        (SGD, f"{NOISY}prove E(f(x')) + sqnorm(x') <= f(x)", "outside E"),
        (SGD, f"{NOISY}prove sqnorm(E(grad f(x'))) <= f(x)", "not linear in the draws"),
        (SGD, f"{NOISY}prove E(norm(x')) <= norm(x)", "expectation of a norm"),
        (COMPRESSED, "given C in unbiased(omega)\nprove sqnorm(x') <= sqnorm(x)", "outside E"),
        (COMPRESSED, "given C in unbiased(omega)\nprove E(sqnorm(mean(i: C(x) - g[i]))) <= sqnorm(x)", "asked twice"),
        (SGD, "given f[i] in pl(mu)\nprove E(sqnorm(x')) <= sqnorm(x)", "a mean of functions in pl"),
    ],
)
def test_what_has_no_meaning_here_is_refused(head, lines, why):
    with pytest.raises(NotLinear, match=why):
        problem(head, lines)


# ---------------------------------------------------------------- planted mistakes


def error_of_half_the_size(patch):
    plain = averages.Averages.error
    patch.setattr(averages.Averages, "error", lambda self, *a: 2 * plain(self, *a))


def no_error_at_all(patch):
    patch.setattr(forms.Reader, "of_member", lambda self, oracle, base, key, name, x: self.point(base, x))


def mean_forgets_nothing(patch):
    patch.setattr(averages.Averages, "mean", lambda self, form, key: form)


def sum_for_mean(patch):
    patch.setattr(forms.Reader, "sum_of_members", sum_of_one)


def sum_of_one(self, inside, index, dimension, frame, at):
    return self.scalar(inside, frame, {**at, index: averages.OPEN})


def expectation_is_zero(patch):
    patch.setattr(noise, "expected", lambda inside, draws, known: Fraction(0))


PLANTED = [
    (error_of_half_the_size, LANGEVIN, "prove E(sqnorm(x')) >= sqnorm(E(x'))"),
    (no_error_at_all, SGD, f"{NOISY}prove {DESCENT}"),
    (mean_forgets_nothing, SGD, "prove E(sqnorm(x')) >= sqnorm(E(x'))"),
    (mean_forgets_nothing, COMPRESSED, "prove mean(i: sqnorm(g[i])) >= sqnorm(mean(i: g[i]))"),
    (sum_for_mean, COMPRESSED, "prove sum(i: sqnorm(g[i])) >= sqnorm(mean(i: g[i]))"),
    (expectation_is_zero, SGD, "prove E(sqnorm(x')) >= sqnorm(x)"),
]


@pytest.mark.parametrize(("plant", "head", "lines"), PLANTED)
def test_a_planted_mistake_about_means_is_caught(plant, head, lines, monkeypatch):
    claim, goal, found = problem(head, lines)
    attack_vectors(claim, goal, found, differentiate)
    plant(monkeypatch)
    claim, goal, found = problem(head, lines)
    with pytest.raises(MistranslatedError):
        attack_vectors(claim, goal, found, differentiate)
        attack_members(claim, goal, found, differentiate)
