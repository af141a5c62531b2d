"""Results that are looked up: the few that are not correctly rounded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from optgen.elementwise import meaning_of
from optgen.functions.certificate import Claim, known, prove
from optgen.functions.composed import composed
from optgen.functions.floats import SIGN
from optgen.functions.repair import repairable, repaired
from optgen.functions.request import Accuracy, Domain
from optgen.ir.straight import evaluate
from optgen.ir.straight_builder import Builder


def spoiled(text: str, at: list[int]):
    """The expression in doubles, with the neighbour of the right result at some arguments; and the plain program."""
    right = composed("f", meaning_of(text), "f32")
    b = Builder("f", list(right.parameters), list(right.tables), list(right.instructions))
    b.known = {instruction: number for number, instruction in enumerate(right.instructions)}
    from optgen.ir.straight_builder import Value

    x, y = Value(b, 0), Value(b, right.result)
    for bits in at:
        wrong = b.apply("from_bits", b.apply("bits", y) + 1)
        y = b.select(b.apply("bits", x).equals(b.bits_constant(bits, "i32")), wrong, y)
    return b.finish(y), right


@pytest.mark.parametrize(
    ("text", "at", "choices"),
    [("exp(x)", [0x3F800001, 0x3F912345], 2), ("sinh(x)", [0x3F812345, SIGN | 0x3F812345], 1),
     ("cosh(x)", [0x3F812345, SIGN | 0x3F812345, 0x3F800003], 2)],
)  # fmt: skip
def test_what_is_rounded_wrongly_is_found_and_looked_up(text, at, choices):
    wrong, right = spoiled(text, at)
    claim = Claim(meaning_of(text), Accuracy(Fraction(1, 2)), Domain(-1.25, 1.25))
    against = known(claim)
    proof = prove(wrong, claim, against=against)
    assert set(at) <= set(proof.findings.misrounded) and repairable(proof)
    made = repaired(wrong, against.meaning, at)
    x = np.array(at, np.uint32).view(np.float32)
    np.testing.assert_array_equal(evaluate(made, [x]), evaluate(right, [x]))
    extra = [one.operation for one in made.instructions].count("select")
    assert extra - [one.operation for one in wrong.instructions].count("select") == choices


def test_only_a_claim_of_correct_rounding_is_repaired():
    wrong, _ = spoiled("exp(x)", [0x3F800001])
    claim = Claim(meaning_of("exp(x)"), Accuracy(), Domain(1.0, 1.25))
    assert not repairable(prove(wrong, claim))
