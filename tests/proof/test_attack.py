"""Planted mistakes of translation are caught before a verdict is given."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from optgen.passes.differentiate import differentiate
from optgen.proof import extract, forms, quantities
from optgen.proof.attack import MistranslatedError, attack_members, attack_vectors
from optgen.proof.problem import Quadratic, vector
from tests.proof.specs import claim

TRUE = {
    "momentum": "given f in smooth(L)\nprove f(x') <= f(x) + sqnorm(v) + sqnorm(x')",
    "nesterov": "given f in convex\nprove f(x') - min f <= sqnorm(x - argmin f) + f(x) + sqnorm(z')",
    "proximal": "given f in smooth(L), h in convex\nprove h(x') <= h(x) + f(x) + sqnorm(x' - x)",
    "weighted": "given f in smooth(1), lr = 1/2\nprove f(x(2)) <= f(x(0)) + sqnorm(x(2))",
    "gradient": "given f in smooth(L)\nprove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))",
}


def attacked(head: str) -> None:
    made = claim(head, TRUE[head])
    for found in extract.extracted(made, made.goals[0]):
        attack_vectors(made, made.goals[0], found, differentiate)


@pytest.mark.parametrize("head", TRUE)
def test_a_faithful_translation_survives(head):
    attacked(head)


def sign_of_momentum(patch):
    patch.setitem(quantities.OPERATIONS, "sub", quantities.added)


def step_forgotten(patch):
    def multiplied(a, b):
        entries = isinstance(a, quantities.Entry), isinstance(b, quantities.Entry)
        return b if entries == (False, True) else quantities.multiplied(a, b)

    patch.setitem(quantities.OPERATIONS, "mul", multiplied)


def gradient_at_the_old_point(patch):
    patch.setattr(forms.Reader, "slope", lambda self, oracle, x: self.point(oracle, vector("x")).g)


def value_at_another_point(patch):
    patch.setattr(forms.Reader, "asked_value", lambda self, oracle, x: self.point(oracle, vector("x")).f)


def gradient_doubled(patch):
    plain = forms.Reader.differentiated
    patch.setattr(forms.Reader, "differentiated", lambda self, b, m, p: Fraction(2) * plain(self, b, m, p))


def explicit_for_implicit(patch):
    patch.setattr(forms.Reader, "implicit", lambda self, oracle, z, step: z - step * self.point(oracle, z).g)


def proximal_sign(patch):
    plain = forms.Reader.implicit
    patch.setattr(forms.Reader, "implicit", lambda self, oracle, z, step: plain(self, oracle, z, -1 * step))


def counter_off_by_one(patch):
    plain = extract.Extraction.iterate

    def late(self, k):
        frame = plain(self, k)
        phase = self.claim.program.phases[0]
        return forms.Frame({**frame.values, phase.done: lambda _: Fraction(k + 1)})

    patch.setattr(extract.Extraction, "iterate", late)


def one_iterate_too_few(patch):
    plain = extract.Extraction.iterate
    patch.setattr(extract.Extraction, "iterate", lambda self, k: plain(self, max(k - 1, 0)))


def sides_exchanged(patch):
    plain = extract.differences
    patch.setattr(extract, "differences", lambda operator, a, b: plain(operator, b, a))


def squares_lost(patch):
    patch.setattr(forms, "summed", lambda body, index: Quadratic({}, {}))


def constant_divided_twice(patch):
    patch.setitem(quantities.OPERATIONS, "div", lambda a, b: quantities.divided(quantities.divided(a, b), b))


PLANTED = [
    (sign_of_momentum, "momentum"),
    (step_forgotten, "momentum"),
    (gradient_at_the_old_point, "nesterov"),
    (value_at_another_point, "gradient"),
    (gradient_doubled, "gradient"),
    (explicit_for_implicit, "proximal"),
    (proximal_sign, "proximal"),
    (counter_off_by_one, "weighted"),
    (one_iterate_too_few, "weighted"),
    (sides_exchanged, "gradient"),
    (squares_lost, "gradient"),
    (constant_divided_twice, "weighted"),
]


@pytest.mark.parametrize(("plant", "head"), PLANTED, ids=lambda item: getattr(item, "__name__", item))
def test_a_planted_mistake_is_caught(plant, head, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(MistranslatedError):
        attacked(head)


def test_a_false_claim_fails_on_a_member_of_its_class():
    made = claim("gradient", "given f in smooth_strongly_convex(mu, L), lr = 3/L\nprove f(x') <= f(x)")
    (found,) = extract.extracted(made, made.goals[0])
    with pytest.raises(MistranslatedError):
        attack_members(made, made.goals[0], found, differentiate)


def test_a_true_claim_holds_on_twenty_members():
    made = claim("gradient", "given f in smooth(L), lr in (0, 1/L]\nprove f(x') <= f(x)")
    (found,) = extract.extracted(made, made.goals[0])
    assert attack_members(made, made.goals[0], found, differentiate) == 20


def test_a_point_that_was_never_asked_is_noticed():
    made = claim("gradient", TRUE["gradient"])
    (found,) = extract.extracted(made, made.goals[0])
    moved = {name: tuple(replace(p, x=p.x + vector("f'(x)")) for p in ps) for name, ps in found.asked.items()}
    with pytest.raises(MistranslatedError, match="asked at a point"):
        attack_vectors(made, made.goals[0], replace(found, asked=moved), differentiate)
