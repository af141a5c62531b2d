"""Each rule of legality finds what breaks it, and nothing in what the passes make."""

from __future__ import annotations

import pytest

from optgen.ir import nodes as ir
from optgen.ir.check import RULES, STAGES, check, violations
from optgen.ir.nodes import IRError
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from tests.backends.loop_programs import random_case
from tests.programs import PROGRAMS, TEXTS

N = ir.dim("n")
X, K = ir.Input("x", "real", (N,)), ir.Input("k", "int")
ROW, COLUMN = ir.Index(N, "i"), ir.Index(N, "j")
ENTRY, OTHER = ir.access(X, ROW), ir.access(X, COLUMN)
FREE: frozenset[ir.Index] = frozenset()


def result(tensor: ir.Tensor) -> Function:
    return Function("f", ("n",), (X, K), (("y", tensor),))


def scalar(value: ir.Scalar) -> Function:
    return result(ir.array((), value))


def raw(kind: type, *fields: object) -> ir.Scalar:
    """A node past its constructor, as only a mistaken pass would make it."""
    return kind(*fields)


def looped(body: ir.Tensor, **fields: object) -> Function:
    state = ir.Input("s", "real", (N,))
    node = ir.loop(ir.Input("step", "int"), [state], [X], [body], limit=ir.constant(3), **fields)  # type: ignore[arg-type]
    return result(ir.output(node, 0))


def drawn(law: str, parameters: int) -> Function:
    values = [ir.constant(1, "real")] * parameters
    return scalar(ir.draw(law, values, "place", ir.constant(1, "u64"), [], ir.constant(0)))


TOTAL = ir.reduce("sum", [ROW], ENTRY)
SHORT = ir.array([ir.Index(ir.constant(2), "p")], ir.constant(0, "real"))
BROKEN = {
    "a constant of another kind": ("constants", scalar(raw(ir.Constant, 0.5, "int"))),
    "an operation that is in no table": ("operations", scalar(raw(ir.Operation, "cosine", (TOTAL,), "real", FREE))),
    "arguments of two types": ("operations", scalar(raw(ir.Operation, "add", (TOTAL, ir.access(K)), "real", FREE))),
    "a result of another type": ("operations", scalar(raw(ir.Operation, "exp", (TOTAL,), "int", FREE))),
    "a condition that is a number": ("reductions", scalar(raw(ir.Reduce, "sum", (ROW,), ENTRY, ENTRY, "real", FREE))),
    "any of numbers": ("reductions", scalar(raw(ir.Reduce, "any", (ROW,), None, ENTRY, "real", FREE))),
    "a real index": ("scalars", scalar(raw(ir.Access, X, (TOTAL,), "real", FREE))),
    "a law with too few parameters": ("scalars", drawn("normal", 1)),
    "two indices for one axis": ("shapes", scalar(raw(ir.Access, X, (N, N), "real", FREE))),
    "an index longer than its axis": (
        "shapes",
        scalar(ir.reduce("sum", [p := ir.Index(ir.constant(3), "p")], ir.access(SHORT, p))),
    ),
    "finals of a loop that no condition ends": (
        "shapes",
        result(ir.output(raw(ir.Loop, K, (), (), ir.constant(3), None, (), (), None, (X,), "", FREE), 1)),  # type: ignore[arg-type]
    ),
    "a state that changes its rank": ("shapes", looped(ir.array((), TOTAL))),
    "an index that nothing binds": ("places", scalar(ENTRY)),
    "an index bound again where it is bound": (
        "places",
        result(ir.array([ROW, COLUMN], apply("mul", ENTRY, ir.reduce("sum", [ROW], apply("mul", ENTRY, OTHER))))),
    ),
    "an input that nothing binds": ("places", scalar(ir.access(ir.Input("z", "real")))),
    "a dim that is not the function's": ("places", scalar(ir.dim("q"))),
}
LEFT = {
    "no derivative": (
        "differentiate",
        result(ir.output(ir.derivative("jvp", ir.function_value([p := ir.Input("p", "real")], [p]), [X], [X]), 0)),
    ),
    "no draw": ("draws", drawn("uniform", 2)),
    "closed": (
        "lift",
        scalar(ir.reduce("sum", [ROW], ir.access(ir.array([COLUMN], apply("mul", ENTRY, OTHER)), ir.constant(0)))),
    ),
    "flat": ("materialise", scalar(ir.reduce("sum", [ROW], apply("mul", ENTRY, ir.reduce("max", [COLUMN], OTHER))))),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_named(what: str) -> None:
    rule, made = BROKEN[what]
    assert any(found.startswith(f"{rule}: ") for found in violations(made))


@pytest.mark.parametrize("rule", LEFT)
def test_what_a_pass_removes_is_legal_before_it_and_not_after(rule: str) -> None:
    stage, made = LEFT[rule]
    before = STAGES[STAGES.index(stage) - 1]
    assert not any(found.startswith(f"{rule}: ") for found in violations(made, before))
    assert any(found.startswith(f"{rule}: ") for found in violations(made, stage))


def test_every_rule_has_a_function_that_breaks_it() -> None:
    assert {rule.name for rule in RULES} <= {rule for rule, _ in BROKEN.values()} | set(LEFT)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_the_passes_make_is_legal_after_each(name: str) -> None:
    made, _, _ = PROGRAMS[name]()
    for stage, after, _ in pipeline.stages(made):
        check(after, stage)


@pytest.mark.parametrize("seed", range(20))
def test_random_functions_stay_legal(seed: int) -> None:
    made, _, _ = random_case(seed)
    check(made)
    for stage, after, _ in pipeline.stages(made):
        check(after, stage)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = apply("mul", apply("to_real", ir.dim("q")), ir.access(ir.Input("z", "real")))
    with pytest.raises(IRError, match=r"q is not a dim.*z is used outside"):
        check(scalar(wrong))


def test_a_stage_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(IRError, match="no stage optimise"):
        check(TEXTS["gradient"]()[0], "optimise")
