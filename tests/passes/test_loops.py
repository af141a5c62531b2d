"""The loop form keeps the meaning, shares loops, updates in place and allocates nothing inside a loop."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from optgen.backends.numba.compile import procedures_source
from optgen.backends.numba.printer import dims_by_shape
from optgen.ir.evaluate import evaluate
from optgen.ir.imperative import Accumulate, Copy, For, If, Procedure, Statement, Store, Swap, While
from optgen.ir.program import Function
from optgen.passes import pipeline
from optgen.passes.loops import loops
from optgen.passes.schedule import schedule
from tests.backends.loop_programs import CASES, Case, random_case


def procedure(function: Function) -> Procedure:
    return loops(schedule(pipeline.run(function)))


def interpreted(
    made: Procedure, dims: dict[str, int], arrays: Sequence[Any], monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """The printed procedure as plain Python: a second meaning of the loop form, with no compiler in between."""
    plain = types.ModuleType("numba")
    plain.njit = lambda **options: lambda function: function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "numba", plain)
    scope: dict[str, Any] = {}
    exec(procedures_source([made], "float64"), scope)  # noqa: S102 - what the printer wrote
    free, _ = dims_by_shape(made)
    with np.errstate(all="ignore"):
        return list(scope[made.name](*(dims[name] for name in free), *map(np.asarray, arrays)))


def statements(body: Sequence[Statement]) -> Iterator[Statement]:
    for statement in body:
        yield statement
        match statement:
            case For(body=inner):
                yield from statements(inner)
            case While(head=head, tail=tail):
                yield from statements((*head, *tail))
            case If(then=then, otherwise=otherwise):
                yield from statements((*then, *otherwise))


def the_loop(made: Procedure) -> While:
    return next(s for s in made.body if isinstance(s, While))


def nests(body: Sequence[Statement]) -> list[For]:
    return [statement for statement in body if isinstance(statement, For)]


def same_as_evaluator(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    function, dims, arrays = case
    found = interpreted(procedure(function), dims, arrays, monkeypatch)
    for value, expected in zip(found, evaluate(pipeline.run(function), dims, arrays), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if name != "solved"])
def test_the_loop_form_means_what_the_function_means(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    same_as_evaluator(CASES[name](), monkeypatch)


@pytest.mark.parametrize("seed", range(150))
def test_random_functions_keep_their_meaning(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    same_as_evaluator(random_case(seed), monkeypatch)


# ---------------------------------------------------------------- sharing loops


def test_adam_is_one_nest_a_step_and_updates_its_states_in_place() -> None:
    made = procedure(CASES["adam"]()[0])
    tail = the_loop(made).tail
    assert len(nests(tail)) == 1 and nests(tail)[0].vector
    assert not any(isinstance(s, Swap | Copy) for s in statements(tail))
    written = {s.buffer for s in statements(tail) if isinstance(s, Store)}
    assert set(made.results[:3]) <= written


def test_the_gradient_of_a_logistic_loss_reads_its_matrix_twice() -> None:
    made = procedure(CASES["logistic"]()[0])
    deep = [nest for nest in nests(made.body) if any(isinstance(s, For) for s in nest.body)]
    flat = [nest for nest in nests(made.body) if nest not in deep and any(isinstance(s, Accumulate) for s in nest.body)]
    assert len(deep) == 2  # the margins; the gradient
    assert len(flat) == 1 and flat[0].vector  # loss and weights between them, where exp can be vectorised


def test_a_step_of_conjugate_gradients_multiplies_once_and_runs_over_its_vectors_twice() -> None:
    tail = the_loop(procedure(CASES["conjugate_gradients"]()[0])).tail
    assert len(nests(tail)) == 3
    assert sum(any(isinstance(s, For) for s in nest.body) for nest in nests(tail)) == 1
    assert not any(isinstance(s, Swap | Copy) for s in statements(tail))


def test_softmax_is_one_nest_with_one_entry_of_memory_a_row() -> None:
    made = procedure(CASES["softmax"]()[0])
    assert len(nests(made.body)) == 1
    assert all(not buffer.axes for buffer in made.temporaries)


def test_a_product_of_matrices_runs_along_rows() -> None:
    made = procedure(CASES["matrices"]()[0])
    [outer] = nests(made.body)
    [middle] = [s for s in nests(outer.body) if any(isinstance(inner, For) for inner in s.body)]
    [inner] = nests(middle.body)
    [update] = inner.body
    assert isinstance(update, Accumulate)
    assert update.indices == (outer.index, inner.index) and inner.vector


def test_a_sum_by_label_goes_through_the_labels_once() -> None:
    made = procedure(CASES["scattered"]()[0])
    assert all(not any(isinstance(s, For) for s in nest.body) for nest in nests(made.body))


def test_what_reads_its_neighbours_gets_a_second_buffer_and_the_others_do_not() -> None:
    made = procedure(CASES["exchange"]()[0])
    swaps = [s for s in statements(made.body) if isinstance(s, Swap)]
    assert [{swap.left.name, swap.right.name} for swap in swaps] == [{"z", "shifted"}]


def test_parts_of_a_joined_tensor_are_computed_in_its_memory() -> None:
    made = procedure(CASES["joined"]()[0])
    assert not made.temporaries and not any(isinstance(s, Copy) for s in statements(made.body))


@pytest.mark.parametrize("name", CASES)
def test_all_memory_is_listed_and_sized_before_the_body(name: str) -> None:
    made = procedure(CASES[name]()[0])
    owned = {*made.parameters, *made.results, *made.temporaries}
    aliases = {s.name for s in statements(made.body) if hasattr(s, "base")}
    for statement in statements(made.body):
        if isinstance(statement, Store | Accumulate):
            assert statement.buffer in owned | aliases
    assert len({buffer.name for buffer in owned | aliases}) == len(owned | aliases)
