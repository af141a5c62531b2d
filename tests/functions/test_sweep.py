"""A sweep sees what is wrong: one input of all, a changed bit, a coefficient that costs accuracy, a special value."""

from __future__ import annotations

import math
import random
import struct
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from optgen.functions.certificate import Claim, known, prove, same
from optgen.functions.compare import compiled, kernel_text
from optgen.functions.floats import bits_of, float_of
from optgen.functions.measure import nearest
from optgen.functions.reference import Reference
from optgen.functions.request import Accuracy, Domain
from optgen.functions.sweep import sweep
from optgen.ir.straight import Straight, evaluate
from optgen.ir.straight_builder import Builder, Value
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise

HALF = Domain(0.25, 0.5)
TAYLOR = [1 / math.factorial(k) for k in range(11)]


def claim(text: str, domain: Domain | None = HALF, **choices) -> Claim:
    return Claim(elementwise(parse_expression(text), lambda name: None), Accuracy(**choices), domain)


@cache
def reality(text: str, domain: Domain | None = HALF) -> Reference:
    return known(claim(text, domain))


def exponential(coefficients=TAYLOR, change=lambda builder, x, y: y) -> Straight:
    """e^x near 0: a polynomial in double, rounded."""
    builder = Builder("exponential")
    x = builder.parameter("x", "f32")
    y = builder.horner(builder.apply("f64", x), coefficients)
    return builder.finish(change(builder, x, builder.apply("f32", y)))


def proved(program: Straight, text: str = "exp(x)", full: bool = True, domain: Domain | None = HALF, **choices):
    return prove(program, claim(text, domain, **choices), full=full, against=reality(text, domain))


def test_a_good_program_is_proved_and_its_certificate_can_be_made_again():
    first = proved(exponential())
    assert first.proved and first.findings.inputs == 2**23 + 1
    assert 0.5 <= first.findings.error < 0.51
    assert same(first.as_json(), proved(exponential()))
    assert first.as_json() == proved(exponential()).as_json()


def test_a_quick_sweep_is_no_proof():
    quick = proved(exponential(), full=False)
    assert quick.holds and not quick.proved and '"verdict": "tested"' in quick.as_json()


@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_input_of_all_is_found(seed):
    bits = random.Random(seed).randrange(bits_of(0.25), bits_of(0.5))

    def planted(builder: Builder, x: Value, y: Value) -> Value:
        here = builder.apply("bits", x).equals(bits)
        return builder.select(here, y * (1 + 2.0**-20), y)

    found = proved(exponential(change=planted))
    assert not found.holds and found.findings.worst == bits
    assert 5 < found.findings.exact <= found.findings.error < 17


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.0])
def test_one_result_of_the_wrong_kind_is_found(value):
    bits = bits_of(0.3)

    def planted(builder: Builder, x: Value, y: Value) -> Value:
        return builder.select(builder.apply("bits", x).equals(bits), value, y)

    found = proved(exponential(change=planted), relative=True)
    assert not found.holds
    assert found.findings.nan == (1 if value != value else 0)


def test_a_plain_case_that_differs_in_one_bit_is_found():
    builder = Builder("plain")
    x = builder.parameter("x", "f32")
    y = builder.apply("f32", builder.horner(builder.apply("f64", x), TAYLOR))
    one = builder.apply("bits", x).equals(bits_of(0.3))
    other = builder.apply("from_bits", builder.apply("bits", y) + builder.apply("i32", one))
    good = builder.finish(y, (x < 0.4, y))
    bad = builder.finish(y, (x < 0.4, other))
    assert proved(good).proved
    assert not proved(bad).holds


def test_every_changed_bit_of_a_constant_changes_the_digest():
    program = exponential()
    seen = {program.digest}
    for place, instruction in enumerate(program.instructions):
        if instruction.operation == "constant":
            for bit in range(64):
                changed = replace(instruction, constant=(instruction.constant or 0) ^ (1 << bit))
                moved = list(program.instructions)
                moved[place] = changed
                seen.add(replace(program, instructions=tuple(moved)).digest)
    assert len(seen) == 1 + 64 * len(set(TAYLOR))


@pytest.mark.parametrize("term", [0, 3, 6])
def test_the_quick_sweep_sees_a_coefficient_that_costs_accuracy(term):
    for shift in (12, 20, 23):
        changed = list(TAYLOR)
        changed[term] *= 1 + 2.0**-shift
        full = proved(exponential(changed)).findings.error
        quick = proved(exponential(changed), full=False).findings.error
        assert quick <= full * (1 + 1e-9)
        assert not full > 1.02 or quick > 1, (term, shift, full, quick)


def test_correct_rounding_is_decided_input_by_input():
    found = proved(exponential(), amount=Fraction(1, 2))
    wrong = found.findings.rounded_wrong
    inputs = np.arange(bits_of(0.25), bits_of(0.5) + 1, 997, dtype=np.uint32).view(np.float32)
    outputs = evaluate(exponential(), [inputs])
    expected = np.exp(inputs.astype(np.longdouble)).astype(np.float64)
    assert abs((outputs != expected.astype(np.float32)).mean() * 2**23 - wrong) < 2**23 * 2e-4
    assert found.holds == (wrong == 0)


def test_special_inputs_are_judged():
    builder = Builder("double")
    x = builder.parameter("x", "f32")
    good = builder.finish(x + x)
    assert proved(good, "2*x", False, None).holds
    builder = Builder("without the sign of zero")
    x = builder.parameter("x", "f32")
    bad = builder.finish((x + x) + 0.0)
    found = proved(bad, "2*x", False, None)
    assert [wrong.expected for wrong in found.findings.wrong] == ["-0"] and not found.holds


def test_numbers_where_there_is_no_value_are_counted():
    builder = Builder("root of the size")
    x = builder.parameter("x", "f32")
    program = builder.finish(builder.apply("sqrt", abs(x)))
    found = proved(program, "sqrt(x)", False, Domain(-2.0, 2.0))
    assert found.findings.nan > 0 and not found.holds


def test_the_kernel_of_a_sweep_is_the_program():
    program = exponential()
    inputs = np.linspace(-3, 3, 1000, dtype=np.float32)
    found = compiled(kernel_text(program)).apply(inputs)
    np.testing.assert_array_equal(found.view(np.uint32), evaluate(program, [inputs]).view(np.uint32))


def test_an_interrupt_stops_the_sweep():
    comparison = compiled(kernel_text(exponential()))

    def impatient(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(comparison, reality("exp(x)"), claim("exp(x)").measure, progress=impatient)


def test_progress_goes_to_the_end():
    seen: list[float] = []
    comparison = compiled(kernel_text(exponential()))
    sweep(comparison, reality("exp(x)"), claim("exp(x)").measure, progress=seen.append)
    assert seen[-1] == 1 and seen == sorted(seen)


@pytest.mark.parametrize("seed", range(4))
def test_rationals_round_as_floats_do(seed):
    draw = random.Random(seed)
    for _ in range(300):
        value = float_of(draw.getrandbits(32))
        if value == value and abs(value) != float("inf"):
            assert nearest(Fraction(value)) == value
            off = Fraction(draw.uniform(-1, 1)) * Fraction(abs(value)) / 2**22
            if abs(value) < 1e38:
                wanted = struct.unpack("<f", struct.pack("<f", float(Fraction(value) + off)))[0]
                assert abs(nearest(Fraction(value) + off) - wanted) <= abs(value) * 2.0**-23


@pytest.mark.slow
def test_all_floats_of_a_whole_function():
    builder = Builder("absolute value")
    x = builder.parameter("x", "f32")
    found = proved(builder.finish(abs(x)), "abs(x)", True, None, amount=Fraction(1, 2))
    assert found.proved and found.findings.inputs == 2 * 0x7F7FFFFF


def sine_near_pi(moved: float) -> Straight:
    """sin x = -w + w^3/6 - ..., w = x - pi, with pi moved."""
    builder = Builder("sine")
    x = builder.apply("f64", builder.parameter("x", "f32"))
    w = x - (math.pi + moved)
    square = w * w
    return builder.finish(builder.apply("f32", -(w * builder.horner(square, [1.0, -1 / 6, 1 / 120, -1 / 5040]))))


def test_near_zeros_an_absolute_error_will_do_if_that_is_claimed():
    near = Domain(3.125, 3.15625)
    for moved, floor, holds in ((0.0, -149, True), (2.0**-30, -149, False), (2.0**-30, -31, False),
                                (2.0**-30, -29, True), (2.0**-30, -24, True), (2.0**-23, -24, False)):  # fmt: skip
        made = claim("sin(x)", near, floor=floor)
        proof = prove(sine_near_pi(moved), made, full=True)
        assert proof.holds == holds and proof.findings.inputs == 2**17 + 1
        assert f'"floor": {floor}' in proof.as_json()


def test_with_an_absolute_error_blocks_may_hold_zeros():
    near = Domain(2.25, 2.5)
    blocks = {floor: len(known(claim("j0(x)", near, floor=floor)).blocks) for floor in (-149, -24)}
    assert 0 < blocks[-24] * 8 < blocks[-149]


def test_beyond_a_strict_domain_numbers_are_wrong():
    """The polynomial knows no domain: on [1/4, 1/2] it is right, and beyond it gives numbers."""
    strict = replace(claim("exp(x)"), domain=replace(HALF, strict=True))
    free, bound = proved(exponential()), prove(exponential(), strict)
    assert free.holds and not free.findings.nan
    outside = 2 * (0x7F800000 + 1) - (2**23 + 1)
    assert not bound.holds and bound.findings.nan == outside  # infinite ones among them

    def ended(builder: Builder, x: Value, y: Value) -> Value:
        return builder.select((x >= HALF.low) & (x <= HALF.high), y, math.nan)

    proof = prove(exponential(change=ended), strict)
    assert proof.proved and '"beyond": "nan"' in proof.as_json()
