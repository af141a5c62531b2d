"""Simplification makes programs smaller, does so once, and keeps what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import Index, Input, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.differentiate import differentiate
from optgen.passes.simplify import simplify
from tests.passes import calculus
from tests.passes.calculus import DIMS, Case, N, X, Y, integer, mul, real, scalar, summed, vjp

CASES = {case.name: case for case in calculus.cases()}


def _function(*results: Tensor, parameters: tuple[Input, ...] = (X, Y)) -> Function:
    return Function("f", tuple(DIMS), parameters, tuple((str(k), tensor) for k, tensor in enumerate(results)))


def _simplified(body: Scalar) -> Scalar:
    ((_, tensor),) = simplify(_function(scalar(body, "f"))).results
    return tensor.body


def _gradient(case: Case) -> Function:
    result = case.result
    seed = Input("seed", "real", result.axes)
    made = vjp(result, case.parameters, case.parameters, seed)
    return differentiate(_function(*made, parameters=(*case.parameters, *case.constants, seed)))


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def gradient(request: pytest.FixtureRequest) -> tuple[Case, Function]:
    return request.param, _gradient(request.param)


def test_a_gradient_keeps_its_value(gradient: tuple[Case, Function]):
    case, function = gradient
    generator = np.random.default_rng(1)
    arrays = [*case.points(generator), *case.values(generator)]
    seed = generator.standard_normal(np.shape(case.reference(*arrays)))
    before, after = (evaluate(f, DIMS, [*arrays, seed]) for f in (function, simplify(function)))
    for wanted, found in zip(before, after, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def test_a_second_sweep_finds_nothing(gradient: tuple[Case, Function]):
    once = simplify(gradient[1])
    assert [t for _, t in simplify(once).results] == [t for _, t in once.results]


def test_no_reduction_is_added(gradient: tuple[Case, Function]):
    def reductions(function: Function) -> int:
        return sum(isinstance(node, ir.Reduce) for node in walk.postorder([t for _, t in function.results]))

    assert reductions(simplify(gradient[1])) <= reductions(gradient[1])


# ---------------------------------------------------------------- rules


ROW, COLUMN = Index(N, "i"), Index(N, "j")
X_I, Y_I, X_J = ir.access(X, ROW), ir.access(Y, ROW), ir.access(X, COLUMN)
FIRST = ir.access(X, integer(0))
SECOND = ir.access(X, integer(1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (mul(FIRST, real(-1)), apply("neg", FIRST)),
        (apply("add", FIRST, apply("neg", SECOND)), apply("sub", FIRST, SECOND)),
        (apply("sub", FIRST, apply("neg", SECOND)), apply("add", FIRST, SECOND)),
        (mul(apply("neg", FIRST), apply("neg", SECOND)), mul(FIRST, SECOND)),
        (apply("add", FIRST, FIRST), mul(real(2), FIRST)),
        (apply("sub", real(0), FIRST), apply("neg", FIRST)),
        (apply("add", real(0), FIRST), FIRST),
        (summed(ROW, mul(X_I, FIRST, Y_I)), mul(FIRST, summed(ROW, mul(X_I, Y_I)))),
        (summed(ROW, apply("div", X_I, FIRST)), apply("div", summed(ROW, X_I), FIRST)),
        (summed(ROW, apply("neg", mul(X_I, FIRST))), apply("neg", mul(FIRST, summed(ROW, X_I)))),
        (summed(ROW, real(3)), mul(real(3), apply("to_real", N))),
        (summed(ROW, FIRST), mul(FIRST, apply("to_real", N))),
    ],
)
def test_an_expression_becomes_a_shorter_one(before: Scalar, after: Scalar):
    assert _simplified(before) is after


def test_a_sum_under_an_equality_is_one_guarded_read():
    place = apply("floor", FIRST)
    found = _simplified(summed(COLUMN, X_J, apply("eq", COLUMN, place)))
    assert isinstance(found, ir.Choose)
    assert found.then is ir.access(X, place)
    assert not any(isinstance(node, ir.Reduce) for node in walk.postorder([found]))


@pytest.mark.parametrize(("x", "wanted"), [((2, 5, 6, 7), 6), ((-1, 5, 6, 7), 0), ((4, 5, 6, 7), 0)])
def test_a_sum_under_an_equality_outside_the_axis_is_zero(x, wanted):
    function = _function(scalar(summed(COLUMN, X_J, apply("eq", COLUMN, apply("floor", FIRST)))))
    assert evaluate(simplify(function), DIMS, [x, x]) == [wanted]


def test_a_factor_stays_in_a_sum_that_may_be_empty():
    """sum(i where x[i] < 0: y[i]/x[0]) is 0 over no entries, also where x[0] is 0."""
    body = summed(ROW, mul(Y_I, apply("div", real(1), FIRST)), apply("lt", X_I, real(0)))
    assert evaluate(simplify(_function(scalar(body))), DIMS, [[0, 1, 2, 3], [1, 1, 1, 1]]) == [0]


def test_a_choice_within_its_own_branch_is_decided():
    positive = apply("gt", FIRST, real(0))
    inner = ir.choose(positive, SECOND, real(5))
    assert _simplified(ir.choose(positive, inner, FIRST)) is ir.choose(positive, SECOND, FIRST)


# ---------------------------------------------------------------- loops


def _loop(carried: dict[Input, tuple[Tensor, Tensor]], traces: list[Tensor]) -> ir.Loop:
    """Ten steps; each carried value with its start and what follows."""
    return ir.loop(
        Input("step", "int"),
        list(carried),
        [first for first, _ in carried.values()],
        [following for _, following in carried.values()],
        limit=integer(10),
        traces=traces,
        capacity=integer(10),
    )


def _only_loop(function: Function) -> ir.Loop:
    (found,) = [n for n in walk.postorder([t for _, t in function.results]) if isinstance(n, ir.Loop)]
    return found


def test_a_loop_loses_what_nobody_reads():
    z, unread = Input("z", "real"), Input("unread", "real")
    one = scalar(real(1))
    more = scalar(apply("add", ir.access(z), real(1)))
    made = _loop({z: (one, more), unread: (one, scalar(mul(ir.access(unread), ir.access(z))))}, [z])
    function = simplify(_function(ir.output(made, 0)))
    assert _only_loop(function).parameters == (z,)
    assert _only_loop(function).traces == ()
    assert evaluate(function, DIMS, [np.zeros(4), np.zeros(4)]) == [11]


def test_a_value_that_never_changes_is_not_carried():
    z, rate = Input("z", "real"), Input("rate", "real")
    more = scalar(mul(ir.access(z), ir.access(rate)))
    made = _loop({z: (scalar(real(1)), more), rate: (scalar(FIRST), rate)}, [])
    function = simplify(_function(ir.output(made, 0), ir.output(made, 1)))
    assert _only_loop(function).parameters == (z,)
    assert evaluate(function, DIMS, [[2, 0, 0, 0], np.zeros(4)]) == [1024, 2]


def test_what_only_an_unread_value_of_an_outer_loop_read_goes_too():
    z, unread, w, trace_ = (Input(name, "real") for name in ("z", "unread", "w", "t"))
    one = scalar(real(1))
    grow = scalar(apply("add", ir.access(w), ir.access(z)))
    inner = _loop({w: (one, grow), trace_: (one, scalar(mul(ir.access(trace_), ir.access(w))))}, [])
    made = _loop({z: (one, ir.output(inner, 0)), unread: (one, ir.output(inner, 1))}, [])
    function = simplify(_function(ir.output(made, 0)))
    loops = [n for n in walk.postorder([t for _, t in function.results]) if isinstance(n, ir.Loop)]
    assert [loop.parameters for loop in loops] == [(w,), (z,)]
