"""The few results of a program that are wrong, looked up: at zeros and infinities, and where rounding went wrong.

A program in doubles rounds some arguments in hundreds of millions wrongly, those whose value lies next to the middle
of two floats. They are known from a sweep, and each is one comparison of bits and one choice. Where the two arguments
x and -x have opposite or equal results, one comparison does for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from optgen.functions.floats import SIGN, bits_of, float_of
from optgen.functions.limits import at_bits
from optgen.functions.measure import rounded
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.ir.straight import Straight, evaluate, to_bits
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_operations import Type
from optgen.symbolic.arb import Meaning

if TYPE_CHECKING:
    from optgen.functions.certificate import Proof

MOST = 48  # results looked up; more than that are the sign of a poor program


ENDS = (0.0, -0.0, float("inf"), -float("inf"))


def with_ends(program: Straight, meaning: Function, ends: Sequence[float] = ENDS) -> Straight:
    """The program with what the meaning says at zeros and infinities, where it gives something else: NaN, mostly."""
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))
    dtype: Any = {"f32": np.float32, "f64": np.float64}[program.type]
    found = evaluate(program, [np.array(ends, dtype)])
    right: dict[int, float] = {}
    for end, value in zip(ends, found, strict=True):
        should = at_bits(compiled, bits_of(end))
        wanted = {"nan": float("nan"), "zero": 0.0, "infinite": float("inf")}.get(should.kind)
        if wanted is None:
            wanted = float(should.value.mid())
        elif should.sign:
            wanted = float(np.copysign(wanted, should.sign))
        agrees = np.isnan(value) if wanted != wanted else dtype(wanted) == value
        if not agrees or (wanted == 0 and should.sign and np.signbit(value) != np.signbit(wanted)):
            right[to_bits(end, program.type)] = wanted

    def ended(builder: Builder, x: Value, value: Value) -> Value:
        bits = builder.apply("bits", x)
        integer: Type = "i32" if x.type == "f32" else "i64"
        for at, wanted in right.items():
            value = builder.select(bits.equals(builder.bits_constant(at, integer)), wanted, value)
        return value

    return _changed(program, ended) if right else program


def repairable(proof: Proof) -> bool:
    """Whether only few results keep a program from being correctly rounded, as is claimed of it."""
    found = proof.findings
    return proof.claim.amount == 0.5 and found.sound and not found.unknown and 0 < len(found.misrounded) <= MOST


def repaired(program: Straight, meaning: Meaning, misrounded: Sequence[int]) -> Straight:
    """The program with the right results at these arguments, given by their bits."""
    right = {bits: bits_of(rounded(meaning, float_of(bits))) for bits in misrounded}
    return _changed(program, lambda builder, x, value: _looked_up(builder, x, value, right))


def _changed(program: Straight, change: Callable[[Builder, Value, Value], Value]) -> Straight:
    """The program with a change of its result, made from the argument and the result."""
    builder = Builder(program.name, list(program.parameters), list(program.tables), list(program.instructions))
    builder.known = {instruction: number for number, instruction in enumerate(program.instructions)}
    builder.names = {number: name for number, name in enumerate(program.names) if name}
    x = Value(builder, 0)
    result = change(builder, x, Value(builder, program.result))
    if program.plain is None:
        return builder.finish(result)
    value = change(builder, x, Value(builder, program.plain.value))
    return builder.finish(result, plain=(Value(builder, program.plain.condition), value))


def _looked_up(builder: Builder, x: Value, value: Value, right: Mapping[int, int]) -> Value:
    bits = builder.apply("bits", x)
    size = builder.apply("bits", abs(x))
    for at in sorted(right):
        wanted = builder.bits_constant(right[at], "f32")
        mirror = right.get(at ^ SIGN)
        if mirror is None or mirror & ~SIGN != right[at] & ~SIGN:
            value = builder.select(bits.equals(builder.bits_constant(at, "i32")), wanted, value)
        elif not at & SIGN:
            if mirror != right[at]:
                wanted = builder.apply("copysign", wanted, x if not right[at] & SIGN else -x)
            value = builder.select(size.equals(builder.bits_constant(at, "i32")), wanted, value)
    return value
