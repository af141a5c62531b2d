"""The `program` block of a function: read, printed and read again it is the same program; mistakes are told kindly."""

import numpy as np
import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.ir.straight import evaluate
from optgen.ir.straight_builder import Builder
from optgen.ir.straight_text import to_text
from optgen.language.format import format_source
from optgen.language.parser import parse
from optgen.passes.lower.straight import read_program


def spec(*lines, header="function f(x : f32) -> f32 = x"):
    return "\n".join([header, "  program", *(f"    {line}" for line in lines), ""])


def read(*lines, **other):
    return read_program(parse(spec(*lines, **other)).groups("function")[0])


def of_everything():
    b = Builder("f")
    x = b.parameter("x", "f32")
    wide = b.apply("f64", x).named("wide")
    index = (b.apply("shift_right", b.apply("bits", x), 23) & 3) + 1
    entry = b.table("c", "f64", [1.0, 1 / 3, -2.0, float("inf")], index).named("entry")
    negative = (-(x - 1.5)).named("x")  # a name that is taken
    near = ((abs(x) < 2.0) & ~(x.equals(0.0)) | (x > 7.0)).named("and")
    y = b.select(near, b.apply("f32", wide * entry), b.select(x < 0.0, b.constant(-0.0, "f32"), b.constant(1.0, "f32")))
    z = b.fma(y, negative, b.apply("max", b.constant(-1e30, "f32"), y / 3.0 - (x - (y - 0.1))))
    return b.finish(b.apply("copysign", z, -x * (x + y)), plain=(abs(x) <= 1.0, z))


def test_a_printed_program_reads_back_the_same():
    program = of_everything()
    lines = to_text(program)
    made = read(*lines)
    assert made.digest == program.digest
    assert to_text(made) == lines
    assert format_source(spec(*lines)) == spec(*lines)


def test_names_of_lines_become_names_of_values():
    program = read("half = x/2", "y = fma(half, half, x)")
    assert program.names[-1] == "y" and "half" in program.names
    assert to_text(program) == ["half = x/2", "y = fma(half, half, x)"]


def test_what_a_program_says_is_what_it_computes():
    program = read("t = f64(x)*0x1.8p+1", "y = if x > 2 and not t == 9 then f32(t) else -x")
    x = np.array([1, 3, 4, np.nan], np.float32)
    assert evaluate(program, [x]).tolist()[:3] == [-1, -3, 12]


def test_the_usual_case_is_a_program_of_its_own():
    program = read("fast = x + 1", "y = if likely(abs(x) < 1) then fast else (if x < 9 then fast else x)")
    assert program.plain is not None
    condition, value = evaluate(program, [np.array([0.5, 2], np.float32)], plain=True)
    assert condition.tolist() == [True, False] and value[0] == 1.5


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("y = exp(x)", "E0421", "exp is no operation"),
        ("y = fna(x, x, x)", "E0421", "did you mean fma"),
        ("y = x^2", "E0421", "no operation of a program"),
        ("y, z = x", "E0421", ""),
        ("y[i] = x for i in 1..3", "E0421", "defines one name"),
        ("y = xx + 1", "E0201", "did you mean x"),
        ("x = x + 1", "E0202", "defined twice"),
        ("y = 1", "E0422", "f32"),
        ("y = x + f64(x)", "E0422", "f32 and f64"),
        ("y = x + 0x1.000000001p+0", "E0422", "more bits"),
        ("y = x + 1e60", "E0422", "too large"),
        ("y = if x then x else x", "E0422", "a condition"),
        ("y = bits(x) + 1.5", "E0422", "no integer"),
        ("y = bits(x)", "E0422", "gives f32"),
    ],
)
def test_mistakes_are_told_in_the_authors_terms(line, code, message):
    with pytest.raises(SpecError) as caught:
        read(line)
    if message:
        assert caught.value.diagnostics[0].code == code
        assert message in str(caught.value)


def test_every_mistake_is_told_and_none_twice():
    with pytest.raises(SpecError) as caught:
        read("a = exp(x)", "b = a + 1", "c = log(x)", "y = b*c")
    assert len(caught.value.diagnostics) == 2


def test_check_reads_programs():
    found = optgen.check(optgen.parse(spec("y = x + oops")))
    assert [diagnostic.code for diagnostic in found] == ["E0201"]


def test_a_function_may_be_called_like_what_it_computes():
    text = spec("y = x*x", header="function exp(x : f32) -> f32 = exp(x)")
    assert optgen.check(optgen.parse(text)) == ()
