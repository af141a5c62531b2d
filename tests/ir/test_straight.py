"""Straight-line programs: well-formed, canonical, and exact to the bit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optgen.ir.straight import Instruction, Straight, check, evaluate, from_bits, from_text, to_bits
from optgen.ir.straight_builder import Builder
from optgen.ir.straight_operations import STRAIGHT_OPERATIONS


def polynomial():
    b = Builder("p")
    x = b.parameter("x", "f32")
    unused = x + 3.0
    assert unused.type == "f32"
    core = b.horner(x, [1.0, 0.5, 0.25]).named("core")
    return b.finish(b.select(abs(x) < 4.0, core, 0.0), plain=(abs(x) < 4.0, core))


def test_a_builder_drops_what_is_not_used_and_keeps_names():
    program = polynomial()
    assert [one.operation for one in program.instructions].count("add") == 0
    assert program.names[0] == "x" and "core" in program.names
    assert program.type == "f32"


def test_equal_values_are_one_value():
    b = Builder("p")
    x = b.parameter("x", "f32")
    assert (x * x).number == (x * x).number


def test_the_digest_is_of_the_program_and_not_of_its_names():
    program = polynomial()
    renamed = Straight("q", (("y", "f32"),), (), program.instructions, program.result, program.plain)
    assert program.digest == renamed.digest
    b = Builder("p")
    x = b.parameter("x", "f32")
    changed = b.finish(x * from_bits(to_bits(0.5, "f32") + 1, "f32"))
    assert changed.digest != b.finish(x * 0.5).digest


def test_the_plain_case_has_the_bits_of_the_result():
    program = polynomial()
    x = np.linspace(-8, 8, 1001, dtype=np.float32)
    condition, value = evaluate(program, [x], plain=True)
    assert condition.any() and not condition.all()
    assert np.array_equal(value[condition], evaluate(program, [x])[condition])


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (Instruction("add", "f32", (0, 2)), "does not stand before it"),
        (Instruction("add", "i32", (0, 0)), "does not take"),
        (Instruction("nonsense", "f32", (0, 0)), "no such operation"),
        (Instruction("constant", "f32", (), 1 << 40), "too many bits"),
        (Instruction("table", "f32", (0,), 0), "no table"),
    ],
)
def test_ill_formed_programs_are_refused(instruction, message):
    made = Straight("p", (("x", "f32"),), (), (Instruction("parameter", "f32", (), 0), instruction), 1)
    with pytest.raises(ValueError, match=message):
        check(made)


def floats(type):
    width = {"f32": 32, "f64": 64}[type]
    return st.integers(0, (1 << width) - 1).map(lambda bits: from_bits(bits, type))


def run(operation, type, *operands):
    b = Builder("p")
    given_values = [b.parameter(f"x{k}", type) for k, _ in enumerate(operands)]
    program = b.finish(b.apply(operation, *given_values))
    dtype = {"f32": np.float32, "f64": np.float64}[type]
    return evaluate(program, [np.array([x], dtype) for x in operands])[0]


def nearest(exact, dtype):
    """The float nearest to a rational, ties to even, by search among neighbours."""
    with np.errstate(over="ignore"):
        guess = dtype(exact.numerator / exact.denominator) if abs(exact) < Fraction(2) ** 1023 else None
    if guess is None or not np.isfinite(guess):
        return None
    near = [np.nextafter(guess, dtype(-np.inf)), guess, np.nextafter(guess, dtype(np.inf))]
    near = [x for x in near if np.isfinite(x)]
    kind = np.int32 if dtype is np.float32 else np.int64
    return min(near, key=lambda x: (abs(Fraction(float(x)) - exact), int(np.array(x).view(kind)) & 1))


@pytest.mark.parametrize("type", ["f32", "f64"])
def test_fma_rounds_once(type):
    dtype = {"f32": np.float32, "f64": np.float64}[type]

    @given(floats(type), floats(type), floats(type))
    def holds(a, b, c):
        made = run("fma", type, a, b, c)
        if not all(np.isfinite([a, b, c])):
            with np.errstate(all="ignore"):
                assert np.array_equal(made, dtype(a) * dtype(b) + dtype(c), equal_nan=True) or np.isfinite(b)
            return
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        expected = nearest(exact, dtype)
        if expected is not None and exact != 0:
            assert made == expected

    holds()


def test_fma_is_not_fooled_by_double_rounding():
    a, b = np.float32(1 + 2**-12), np.float32(1 + 2**-12)
    c = np.float32(2.0**-60)
    assert run("fma", "f32", a, b, c) == nearest(Fraction(float(a)) ** 2 + Fraction(2) ** -60, np.float32)
    assert run("fma", "f32", a, b, -c) == nearest(Fraction(float(a)) ** 2 - Fraction(2) ** -60, np.float32)


def test_minimum_and_maximum_choose_the_second_for_a_nan():
    assert run("min", "f32", np.nan, 1.0) == 1.0 and np.isnan(run("min", "f32", 1.0, np.nan))
    assert np.signbit(run("max", "f32", 0.0, -0.0))


def test_integers_wrap_and_floats_are_clamped():
    b = Builder("p")
    x = b.parameter("x", "f32")
    program = b.finish(b.apply("i32", x) + 1)
    made = evaluate(program, [np.array([2.7, -2.7, 1e20, -1e20, np.nan], np.float32)])
    assert made.tolist() == [3, -1, -(2**31), -(2**31) + 1, 1]


def test_a_table_is_read_from_one_and_clamped():
    b = Builder("p")
    x = b.parameter("x", "f32")
    program = b.finish(b.table("c", "f32", [10.0, 20.0, 30.0], b.apply("i32", x)))
    assert evaluate(program, [np.array([1, 3, -7, 9], np.float32)]).tolist() == [10, 30, 10, 30]


def test_every_operation_is_documented_and_spelled():
    for name, operation in STRAIGHT_OPERATIONS.items():
        assert operation.name == name and operation.doc
        assert operation.text or operation.form == "special"


def test_the_canonical_text_reads_back():
    b = Builder("f")
    x = b.parameter("x", "f32")
    k = b.apply("shift_right", b.apply("bits", x), 23) & 7
    y = b.fma(x, b.table("c", "f32", range(1, 9), k + 1), 0.25)
    program = b.finish(b.select(x < 4.0, y, -x), plain=(abs(x) < 4.0, y))
    again = from_text(program.text, "f")
    assert again.text == program.text and again.digest == program.digest
    for broken in ("", "straight f32\n", program.text + "result 0\n", program.text.replace("f32", "f16")):
        with pytest.raises(ValueError):
            from_text(broken)
