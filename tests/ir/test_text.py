"""Functions and programs as text: it reads back, it means the same, and what is wrong with a text is said by line."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optgen.compiler import load, lowered
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import IRError
from optgen.ir.operations import apply
from optgen.ir.printer import alpha_equal, print_function, print_program
from optgen.ir.program import Function
from optgen.ir.reader import read_function, read_program
from optgen.passes import pipeline
from optgen.passes.assemble import assemble, function
from tests.backends.loop_programs import random_case
from tests.programs import GRADIENT, MEMBERS, PROGRAMS, TOP_K

SPECS = {
    "adabelief": "logistic",
    "newton_cg": "logistic",
    "lbfgs": "logistic",
    "sinkhorn_newton_sparse": None,
    "ef21_w": None,
    "rk": None,
    "hmc": None,
    "adam": "classify",
}


def read_back(made: Function) -> Function:
    """The function that its text says; its text is the same."""
    text = print_function(made)
    again = read_function(text)
    assert print_function(again) == text
    return again


def constant_text(value: ir.Scalar) -> str:
    made = function("f", [], [("value", ir.array((), value))])
    return print_function(made).splitlines()[1].removeprefix("  result value = scalar(").removesuffix(")")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_function_reads_back_after_every_pass_and_means_the_same(name: str) -> None:
    made, dims, arrays = PROGRAMS[name]()
    read_back(made)
    for _, after, _ in pipeline.stages(made):
        for ours, other in zip(evaluate(read_back(after), dims, arrays), evaluate(after, dims, arrays), strict=True):
            np.testing.assert_array_equal(ours, other)


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_random_functions_read_back_and_mean_the_same(seed: int) -> None:
    made, dims, arrays = random_case(seed)
    for ours, other in zip(evaluate(read_back(made), dims, arrays), evaluate(made, dims, arrays), strict=True):
        np.testing.assert_array_equal(ours, other)


@pytest.mark.parametrize("name", SPECS)
def test_programs_of_specs_read_back(name: str) -> None:
    program = lowered(load(f"specs/{name}.opt"), name, SPECS[name])
    text = print_program(program)
    again = read_program(text)
    assert print_program(again) == text
    ours, other = assemble(again), assemble(program)
    assert [ours[key].dims for key in ours] == [other[key].dims for key in other]
    assert all(alpha_equal(read_back(ours[key]), other[key]) for key in other)


@pytest.mark.parametrize("text", [GRADIENT, TOP_K, MEMBERS], ids=["gradient", "top_k", "members"])
def test_text_as_an_author_would_write_it_is_kept_as_it_is(text: str) -> None:
    assert print_function(read_function(text)) == text.strip()


def test_what_is_read_twice_is_written_once() -> None:
    x = ir.Input("x", "real")
    power: ir.Scalar = ir.access(x)
    for _ in range(60):
        power = apply("mul", power, power)
    text = print_function(function("f", [x], [("power", ir.array((), power))]))
    assert len(text) < 2000 and "%59*%59" in text


def test_long_sums_do_not_recurse() -> None:
    x = ir.Input("x", "real")
    total: ir.Scalar = ir.access(x)
    for k in range(5000):
        total = apply("sin", apply("add", ir.constant(Fraction(k, 7)), total))
    read_back(function("f", [x], [("total", ir.array((), total))]))


def test_a_value_that_does_not_change_with_an_index_stands_outside_its_block() -> None:
    text = print_function(
        read_function("""
function f(n)
  input x : real[n]
  scaled[i < n] = x[i]/sum(j < n: x[j])
  result scaled = scaled
""")
    )
    lines = text.splitlines()
    assert lines[2].endswith("= sum(j < n: x[j])") and lines[3] == "  scaled[i < n] = x[i]/%1"


def test_names_of_the_author_stay_and_taken_ones_get_a_number() -> None:
    places = [ir.Input("x", "real"), ir.Input("x", "real"), ir.Input("true", "real"), ir.Input("a b", "real")]
    made = function("f", places, [("x", places[1]), ("y", places[2]), ("z", places[3])])
    assert [line.split(" : ")[0] for line in print_function(made).splitlines()[1:5]] == [
        "  input x", "  input x~2", "  input `true`", "  input `a b`",
    ]  # fmt: skip
    assert [p.name for p in read_back(made).parameters] == ["x", "x", "true", "a b"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 10), "0.1"),
        (0.1, "0.1d"),
        (Fraction(1, 3), "1|3"),
        (3.0, "3.0"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(1, 10**16), "1e-16"),
        (Fraction(10**40), "1e40"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (7, "7"),
        (True, "true"),
    ],
)
def test_numbers_are_written_exactly_and_shortly(value: ir.Number, text: str) -> None:
    assert constant_text(ir.constant(value)) == text


@given(st.fractions() | st.floats(allow_nan=False) | st.integers())
def test_every_number_reads_back(value: ir.Number) -> None:
    node = ir.constant(value)
    made = read_function(f"function f()\n  result value = scalar({constant_text(node)})\n").results[0][1]
    assert isinstance(made, ir.Array) and made.body is node


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("y[i < n] = x[i] + z", "line 3: z is not defined"),
        ("y[i < n] = x[i", "line 3: expected ,, found the end of the line"),
        ("y[i < n] = cosine(x[i])", "line 3: there is no operation cosine"),
        ("y[i < n] = x[i] + 1", "add of real, int"),
        ("x[i < n] = 1.0", "line 3: x is defined twice"),
        ("y = call solve(x) ! real[n]", "line 3: can't read '! real[n]'"),
        ("y[i < n] = x[i] 2", "line 3: expected the end of the line, found 2"),
        ("input z : complex", "line 3: complex is not a dtype"),
        ("nonsense", "line 3: expected result, found nonsense"),
    ],
)
def test_errors_name_the_line_and_what_was_expected(line: str, message: str) -> None:
    with pytest.raises(IRError) as error:
        read_function(f"function f(n)\n  input x : real[n]\n  {line}\n")
    assert message in str(error.value)
