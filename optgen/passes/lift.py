"""Tensors with free indices become tensors with more axes.

Expects no Derivative; afterwards every tensor is closed: `T` with a free index i, read at [j] under i, is a tensor over
(i, j) read at [i, j].  A call becomes a batched call; a loop carries one axis more and goes on while any of its members
is active.  Preserves floats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import calls, extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.finals import has_finals, without_finals


def lift(function: Function) -> Function:
    """The function with closed tensors only."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    opened = [node for node in walk.postorder(tensors) if _open(node)]
    if not opened:
        return function
    made = _lifted(without_finals(tensors) if has_finals(opened) else tensors)
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _lifted(roots: Sequence[Tensor]) -> list[Tensor]:
    if not any(_open(node) for node in walk.postorder(roots)):
        return list(roots)
    closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Access) and node.tensor.free:
            tensor, outer = _close(node.tensor, closed)
            return ir.access(tensor, *outer, *node.indices)
        return None

    return walk.rewrite(roots, rule)


def _open(node: AnyNode) -> bool:
    return bool(node.free) and isinstance(node, ir.Array | ir.Concat | ir.View | ir.Output)


def _copies(indices: Sequence[Index]) -> dict[AnyNode, AnyNode]:
    return {index: Index(index.extent, index.name) for index in indices}


def _close(tensor: Tensor, closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]) -> tuple[Tensor, tuple[Index, ...]]:
    """The closed tensor for an open one, and the indices it is to be read at first."""
    if tensor in closed:
        return closed[tensor]
    outer = walk.free_in_order(tensor)
    match tensor:
        case ir.Array(indices=indices, body=body, name=name):
            fresh = _copies((*outer, *indices))
            made = ir.array([fresh[i] for i in (*outer, *indices)], walk.substitute([body], fresh)[0], name)  # type: ignore[misc]
        case ir.View() | ir.Concat():
            return _close_as_array(tensor, closed)
        case ir.Output(source=ir.Call() as source, position=position, name=name):
            made = _close_call(source, outer, closed)[position]
        case ir.Output(source=ir.Loop() as source, position=position):
            wide = _close_loop(source, outer, closed)
            return _register(tensor, _loop_output(wide, source, position, outer), outer, closed)
        case _:
            raise ir.IRError(f"can't make {type(tensor).__name__} with free indices a closed tensor")
    return _register(tensor, made, outer, closed)


def _register(
    tensor: Tensor, made: Tensor, outer: tuple[Index, ...], closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]
) -> tuple[Tensor, tuple[Index, ...]]:
    closed[tensor] = (made, outer)
    return closed[tensor]


# ---------------------------------------------------------------- views, concatenations, calls


def _read(tensor: Tensor, indices: Sequence[Scalar], closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]) -> Scalar:
    if not tensor.free:
        return ir.access(tensor, *indices)
    made, outer = _close(tensor, closed)
    return ir.access(made, *outer, *indices)


def _close_as_array(
    tensor: ir.View | ir.Concat, closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]
) -> tuple[Tensor, tuple[Index, ...]]:
    places = tuple(Index(axis, "ijlp"[k % 4]) for k, axis in enumerate(tensor.axes))
    if isinstance(tensor, ir.View):
        entry = extents.ravelled(places, tensor.axes)
        if not (isinstance(tensor.offset, ir.Constant) and tensor.offset.value == 0):
            entry = apply("add", entry, tensor.offset)
        body = _read(tensor.tensor, extents.unravelled(entry, tensor.tensor.axes), closed)
    else:
        body = _segment(tensor.parts, places[0], closed)
    made = ir.array(places, body, tensor.name)
    found, outer = _close(made, closed) if made.free else (made, ())
    return _register(tensor, found, outer, closed)


def _segment(parts: Sequence[Tensor], place: Scalar, closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]) -> Scalar:
    starts: list[Scalar] = [ir.constant(0)]
    for part in parts[:-1]:
        starts.append(extents.total((starts[-1], extents.product(part.axes))))

    def entry(k: int) -> Scalar:
        local = place if k == 0 else apply("sub", place, starts[k])
        return _read(parts[k], extents.unravelled(local, parts[k].axes), closed)

    result = entry(len(parts) - 1)
    for k in range(len(parts) - 2, -1, -1):
        result = ir.choose(apply("lt", place, starts[k + 1]), entry(k), result)
    return result


def _close_call(
    source: ir.Call, outer: tuple[Index, ...], closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]
) -> tuple[Tensor, ...]:
    """The call on arguments with leading batch axes."""
    batched = []
    for argument in source.arguments:
        fresh = _copies(outer)
        places = tuple(Index(axis, "ijlp"[k % 4]) for k, axis in enumerate(argument.axes))
        body = walk.substitute([_read(argument, places, closed)], fresh)[0]
        batched.append(ir.array((*(fresh[i] for i in outer), *places), body, getattr(argument, "name", "")))  # type: ignore[arg-type]
    attributes = [(key, value) for key, value in source.attributes if key != "batch"]
    if source.function.startswith("oracle "):
        lead = tuple(index.extent for index in outer)
        outputs = [(dtype, (*lead, *axes)) for dtype, axes in source.outputs]
        before = dict(source.attributes).get("batch", 0)
        node = ir.call(source.function, batched, outputs, (*attributes, ("batch", before + len(outer))))
        return tuple(ir.output(node, k) for k in range(len(outputs)))
    return calls.apply(source.function, *batched, attributes=attributes)


# ---------------------------------------------------------------- loops


def _close_loop(
    source: ir.Loop, outer: tuple[Index, ...], closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]
) -> ir.Loop:
    """One loop for all values of the outer indices: members that are done keep their values."""
    if source in closed:
        return closed[source]  # type: ignore[return-value]
    lead = tuple(index.extent for index in outer)
    wide = [ir.Input(p.name, p.dtype, (*lead, *p.axes)) for p in source.parameters]
    counts, active = ir.Input("count", "int", lead), ir.Input("active", "bool", lead)
    members = {p: _member(p, tensor, outer) for p, tensor in zip(source.parameters, wide, strict=True)}
    widened = dict(zip(members.values(), wide, strict=True))

    def rule(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Access) and node.tensor in widened:
            return ir.access(widened[node.tensor], *outer, *node.indices)
        return None

    roots: list[AnyNode] = [*source.body, *source.traces]
    roots += [s for s in (source.condition, source.limit) if s is not None]
    replaced = walk.rewrite(roots, rule, members)  # type: ignore[arg-type]
    body, rest = replaced[: len(source.body)], replaced[len(source.body) :]
    traces, scalars = rest[: len(source.traces)], list(rest[len(source.traces) :])
    going = ir.access(active, *outer)
    if source.condition is not None:
        going = apply("and", going, scalars.pop(0))  # type: ignore[arg-type]
    if source.limit is not None:
        going = apply("and", going, apply("lt", ir.access(source.counter), scalars.pop(0)))  # type: ignore[arg-type]
    flag = _spread(outer, going, "going")
    here = ir.access(flag, *outer)

    def widen(new: Tensor, old: Scalar | None, places: tuple[Index, ...], name: str) -> Tensor:
        value = _read(new, places, closed)
        kept = old if old is not None else ir.constant(0 if value.dtype != "bool" else False, value.dtype)
        fresh = _copies(outer)
        entry = walk.substitute([ir.choose(here, value, kept)], fresh)[0]
        return ir.array((*(fresh[i] for i in outer), *places), entry, name)  # type: ignore[arg-type]

    following = []
    for new, parameter in zip(body, wide, strict=True):
        places = tuple(Index(axis, "jlpq"[k % 4]) for k, axis in enumerate(new.axes))  # type: ignore[union-attr]
        following.append(widen(new, ir.access(parameter, *outer, *places), places, parameter.name))  # type: ignore[arg-type]
    rows = []
    for trace in traces:
        places = tuple(Index(axis, "jlpq"[k % 4]) for k, axis in enumerate(trace.axes))  # type: ignore[union-attr]
        rows.append(widen(trace, None, places, getattr(trace, "name", "")))  # type: ignore[arg-type]
    initial = [_spread_tensor(outer, first, closed) for first in source.initial]
    more = _spread(outer, apply("add", ir.access(counts, *outer), apply("bool_to_int", here)), "count")
    some = ir.reduce("any", outer, here)
    made = ir.loop(
        source.counter,
        (*wide, counts, active),
        (*initial, _spread(outer, ir.constant(0), ""), _spread(outer, ir.constant(True), "")),
        (*following, more, flag),
        condition=some,
        traces=rows,
        capacity=source.capacity,
        name=source.name,
    )
    made = walk.fresh(made)
    made_roots = _lifted([ir.output(made, 0)]) if made.parameters else []
    result = made_roots[0].source if made_roots and isinstance(made_roots[0], ir.Output) else made
    closed[source] = result  # type: ignore[assignment]
    return result  # type: ignore[return-value]


def _member(parameter: ir.Input, wide: ir.Input, outer: tuple[Index, ...]) -> Tensor:
    """What one member carries, where it is read as a whole: by a call, a view, an inner loop, as the next value."""
    places = tuple(Index(axis, "jlpq"[k % 4]) for k, axis in enumerate(parameter.axes))
    return ir.array(places, ir.access(wide, *outer, *places), parameter.name or "member")


def _spread(outer: Sequence[Index], body: Scalar, name: str) -> Tensor:
    fresh = _copies(outer)
    return ir.array([fresh[i] for i in outer], walk.substitute([body], fresh)[0], name)  # type: ignore[misc]


def _spread_tensor(
    outer: Sequence[Index], tensor: Tensor, closed: dict[AnyNode, tuple[Tensor, tuple[Index, ...]]]
) -> Tensor:
    places = tuple(Index(axis, "jlpq"[k % 4]) for k, axis in enumerate(tensor.axes))
    fresh = _copies(outer)
    body = walk.substitute([_read(tensor, places, closed)], fresh)[0]
    return ir.array((*(fresh[i] for i in outer), *places), body, getattr(tensor, "name", ""))  # type: ignore[arg-type]


def _loop_output(made: ir.Loop, source: ir.Loop, position: int, outer: tuple[Index, ...]) -> Tensor:
    """The widened output: carried values and the count have the outer axes first, traces after their row."""
    count = len(source.parameters)
    if position <= count:
        return ir.output(made, position)
    rows = ir.output(made, count + 2 + position - count)
    lead = [Index(index.extent, index.name) for index in outer]
    places = tuple(Index(axis, "kjlp"[k % 4]) for k, axis in enumerate((rows.axes[0], *rows.axes[1 + len(outer) :])))
    return ir.array((*lead, *places), ir.access(rows, places[0], *lead, *places[1:]))
