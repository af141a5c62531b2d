"""The reference evaluator: what a function means, computed node by node on the graph as it is.

Plain and slow, and independent of every pass: backends and passes are compared with it.  A scalar is an array whose
axes are its free indices in a fixed order; a loop is a Python loop; a loop or call under free indices runs once for
each
value of them.  Demand driven: of a choice without indices only the branch chosen is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.program import Function


def evaluate(
    function: Function,
    dims: Mapping[str, int],
    arrays: Sequence[Any],
    real: str = "float64",
    oracles: Mapping[str, Callable[..., Any]] | None = None,
) -> list[Any]:
    """The results as NumPy arrays, in order; `arrays` in the order of the parameters.

    `oracles` are functions of the caller by the name of their call (`oracle f`, `oracle f.grad`); what they raise is
    not caught.

    With real = "exact" reals are fractions in arrays of objects: programs of + - * / and comparisons have their exact
    values, others raise IRError.  `Fraction` takes ints, decimal strings and floats as what they are.
    """
    import numpy as np

    from optgen.ir.meaning import fractions
    from optgen.ir.random import draw_formula

    tensors = walk.rewrite(
        [t for _, t in function.results], lambda n: draw_formula(n) if isinstance(n, ir.Draw) else None
    )
    region = _Region(np, dims, np.dtype(object if real == "exact" else real), None, oracles or {})
    for parameter, value in zip(function.parameters, arrays, strict=True):
        exact = real == "exact" and parameter.dtype == "real"
        region.memo[parameter] = fractions(np, value) if exact else np.asarray(value, region.dtype(parameter.dtype))
    with np.errstate(all="ignore"):
        return [np.array(region.value(tensor)) for tensor in tensors]


class _Region:
    """One level of evaluation: the values found so far; what is not here is looked up outside."""

    def __init__(
        self,
        np: Any,
        dims: Mapping[str, int],
        real: Any,
        outer: _Region | None,
        oracles: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.oracles: Mapping[str, Callable[..., Any]] = outer.oracles if outer is not None else oracles or {}
        self.np, self.dims, self.real, self.outer = np, dims, real, outer
        self.exact = real.kind == "O"
        self.memo: dict[AnyNode, Any] = {}
        self.own: frozenset[AnyNode] | None = None  # nodes that change within this region; None: all
        self.places: dict[Index, int] = {} if outer is None else outer.places
        self.fixed: dict[Index, int] = {} if outer is None else outer.fixed

    def dtype(self, name: str) -> Any:
        np = self.np
        table = {"int": np.int64, "bool": np.bool_, "u64": np.uint64, "f32": np.float32, "f64": np.float64}
        return self.real if name == "real" else np.dtype(table[name])

    # ------------------------------------------------------------ demand

    def found(self, node: AnyNode) -> bool:
        return node in self.home(node).memo

    def get(self, node: AnyNode) -> Any:
        return self.home(node).memo[node]

    def home(self, node: AnyNode) -> _Region:
        """The region that keeps a node's value: the innermost in which it changes."""
        region: _Region = self
        while region.outer is not None and region.own is not None and node not in region.own:
            region = region.outer
        return region

    def value(self, root: AnyNode) -> Any:
        stack = [root]
        while stack:
            node = stack[-1]
            if self.found(node):
                stack.pop()
                continue
            missing = [need for need in self.needs(node) if not self.found(need)]
            if missing:
                stack.extend(reversed(missing))
                continue
            home = self.home(node)
            home.memo[node] = home.compute(node)
            stack.pop()
        return self.get(root)

    def needs(self, node: AnyNode) -> Sequence[AnyNode]:
        match node:
            case ir.Choose(condition=condition, then=then, otherwise=otherwise):
                if self.indices(condition):
                    return (condition, then, otherwise)
                if not self.found(condition):
                    return (condition,)
                return (then if bool(self.get(condition)) else otherwise,)
            case ir.Loop():
                return (
                    ()
                    if self.batch(node)
                    else (*node.initial, *(s for s in (node.limit, node.capacity) if s is not None))
                )
            case ir.Call() if self.batch(node):
                return ()
            case ir.Derivative():
                raise ir.IRError("a derivative must be expanded before it is evaluated")
        return walk.children(node)

    def batch(self, node: AnyNode) -> list[Index]:
        return self.indices(node)

    def indices(self, node: AnyNode) -> list[Index]:
        """The free indices of a node in their fixed order."""
        places = self.places
        found = [index for index in node.free if index not in self.fixed]
        for index in sorted(found, key=lambda i: (i.name, id(i))):
            places.setdefault(index, len(places))
        return sorted(found, key=places.__getitem__)

    # ------------------------------------------------------------ shapes

    def extent(self, extent: Scalar) -> int:
        return int(self.value(extent))

    def aligned(self, node: AnyNode, target: Sequence[Index], tail: int = 0) -> Any:
        """The value of a scalar (or of a tensor with `tail` axes) with an axis for each target index."""
        value = self.get(node)
        own = self.indices(node)
        if list(own) == list(target):
            return value
        shape = iter(value.shape[: len(own)])
        lengths = [next(shape) if index in own else 1 for index in target]
        return value.reshape(*lengths, *value.shape[len(own) :])

    # ------------------------------------------------------------ nodes

    def compute(self, node: AnyNode) -> Any:
        np = self.np
        match node:
            case ir.Constant(value=value, dtype=dtype):
                if isinstance(value, Fraction) and self.dtype(dtype).kind != "O":
                    value = float(value)
                return np.asarray(value, dtype=self.dtype(dtype))
            case ir.Dim(name=name):
                return np.asarray(self.dims[name], dtype=np.int64)
            case ir.Index():
                if node in self.fixed:
                    return np.asarray(self.fixed[node], dtype=np.int64)
                return np.arange(self.extent(node.extent), dtype=np.int64)
            case ir.Operation():
                return self.operation(node)
            case ir.Access():
                return self.access(node)
            case ir.Reduce():
                return self.reduce(node)
            case ir.Choose():
                return self.choose(node)
            case ir.Array(indices=bound, body=body):
                return self.array(node, bound, body)
            case ir.Concat(parts=parts):
                return self.concat(node, parts)
            case ir.View():
                return self.view(node)
            case ir.Output(source=source, position=position):
                return self.get(source)[position]
            case ir.Loop():
                return self.each(node) if self.batch(node) else self.loop(node)
            case ir.Call():
                return self.each(node) if self.batch(node) else self.call(node)
        raise ir.IRError(f"{type(node).__name__} {getattr(node, 'name', '')} has no value here")

    def operation(self, node: ir.Operation) -> Any:
        from optgen.ir.meaning import EXACT_MEANING, MEANING

        table = EXACT_MEANING if self.exact else MEANING
        if node.name not in table:
            raise ir.IRError(f"{node.name} has no exact value")
        target = self.indices(node)
        values = [self.aligned(argument, target) for argument in node.arguments]
        return np_array(self.np, table[node.name](self.np, *values), self.dtype(node.dtype))

    def access(self, node: ir.Access) -> Any:
        np = self.np
        target = self.indices(node)
        value = self.aligned(node.tensor, target, len(node.indices))
        grid = [
            np.arange(n).reshape([-1 if k == axis else 1 for k in range(len(target))])
            for axis, n in enumerate(self.lengths(target))
        ]
        lead = [g if value.shape[axis] != 1 else np.zeros_like(g[:1] if g.size else g) for axis, g in enumerate(grid)]
        entries = []
        for place, index in enumerate(node.indices):
            top = value.shape[len(target) + place] - 1
            entries.append(np.clip(self.aligned(index, target), 0, max(top, 0)))
        if not lead and not entries:
            return value
        if any(length == 0 for length in value.shape):
            return np.zeros(self.lengths(target), dtype=value.dtype)
        shape = np.broadcast_shapes(tuple(self.lengths(target)))
        return np.broadcast_to(value[(*lead, *entries)], shape)

    def lengths(self, target: Sequence[Index]) -> list[int]:
        return [self.extent(index.extent) for index in target]

    def reduce(self, node: ir.Reduce) -> Any:
        np = self.np
        outer = self.indices(node)
        full = [*outer, *node.indices]
        for index in node.indices:
            self.places.setdefault(index, len(self.places))
        shape = self.lengths(full)
        body = np.broadcast_to(self.ordered(node.body, full), shape)
        axes = tuple(range(len(outer), len(full)))
        keep = None if node.condition is None else np.broadcast_to(self.ordered(node.condition, full), shape)
        return self.folded(node.kind, body, keep, axes)

    def ordered(self, node: AnyNode, target: Sequence[Index]) -> Any:
        """Like aligned, for targets that are not in the fixed order."""
        own = self.indices(node)
        value = self.get(node)
        order = [own.index(index) for index in target if index in own]
        value = value.transpose(order) if order != list(range(len(order))) else value
        shape = iter(value.shape)
        return value.reshape([next(shape) if index in own else 1 for index in target])

    def folded(self, kind: str, body: Any, keep: Any, axes: tuple[int, ...]) -> Any:
        np = self.np
        identity = _identity(np, kind, body.dtype)
        if keep is not None:
            body = np.where(keep, body, identity)
        if kind in ("argmax", "argmin"):
            if body.shape[axes[0]] == 0:
                return np.zeros(np.delete(body.shape, axes[0]), dtype=np.int64)
            better = (
                np.where(np.isnan(body), -np.inf if kind == "argmax" else np.inf, body)
                if body.dtype.kind == "f"
                else body
            )
            return getattr(np, kind)(better, axis=axes[0]).astype(np.int64)
        function = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "any": np.any, "all": np.all}[kind]
        if kind in ("max", "min"):
            return np.asarray(function(body, axis=axes, initial=identity), dtype=body.dtype)
        return np.asarray(function(body, axis=axes), dtype=body.dtype)

    def choose(self, node: ir.Choose) -> Any:
        target = self.indices(node)
        if not self.indices(node.condition):
            chosen = node.then if bool(self.get(node.condition)) else node.otherwise
            return self.np.broadcast_to(self.aligned(chosen, target), self.lengths(target))
        parts = [self.aligned(part, target) for part in (node.condition, node.then, node.otherwise)]
        return self.np.where(*parts)

    def array(self, node: ir.Array, bound: Sequence[Index], body: Scalar) -> Any:
        outer = self.indices(node)
        full = [*outer, *bound]
        shape = self.lengths(full)
        return self.np.broadcast_to(self.ordered(body, full), shape)

    def concat(self, node: ir.Concat, parts: Sequence[ir.Tensor]) -> Any:
        np = self.np
        outer = self.indices(node)
        lead = self.lengths(outer)
        flat = []
        for part in parts:
            value = self.aligned(part, outer, len(part.axes))
            value = np.broadcast_to(value, (*lead, *value.shape[len(outer) :]))
            flat.append(value.reshape(*lead, -1) if value.size or lead else value.reshape(-1))
        return np.concatenate(flat, axis=len(outer))

    def view(self, node: ir.View) -> Any:
        outer = self.indices(node)
        lead = self.lengths(outer)
        value = self.aligned(node.tensor, outer, len(node.tensor.axes))
        value = self.np.broadcast_to(value, (*lead, *value.shape[len(outer) :])).reshape(*lead, -1)
        shape = [self.extent(axis) for axis in node.axes]
        size = int(self.np.prod(shape, dtype=int))
        start = self.np.broadcast_to(self.aligned(node.offset, outer), lead)
        entries = start[..., None] + self.np.arange(size)
        return self.np.take_along_axis(value, entries, axis=-1).reshape(*lead, *shape)

    # ------------------------------------------------------------ regions

    def each(self, node: ir.Loop | ir.Call) -> list[Any]:
        """A loop or call under free indices: once for each of their values."""
        np = self.np
        batch = self.batch(node)
        lengths = self.lengths(batch)
        collected: list[list[Any]] = [[] for _ in ir.output_types(node)]
        for position in np.ndindex(*lengths):
            inner = _Region(np, self.dims, self.real, self)
            inner.fixed = {**self.fixed, **dict(zip(batch, map(int, position), strict=True))}
            inner.own = frozenset(_depending([node], set(batch)))
            for kept, value in zip(collected, inner.value(node), strict=True):
                kept.append(value)
        return [np.stack(values).reshape(*lengths, *np.shape(values[0])) for values in collected]

    def loop(self, node: ir.Loop) -> list[Any]:
        np = self.np
        carried = [np.array(self.get(initial)) for initial in node.initial]
        limit = None if node.limit is None else int(self.get(node.limit))
        capacity = 0 if node.capacity is None else int(self.get(node.capacity))
        own = frozenset(
            _depending(
                [
                    *(*node.body, *node.traces, *node.finals),
                    *([node.condition] if node.condition is not None else []),
                ],
                {node.counter, *node.parameters},
            )
        )
        rows: list[list[Any]] = [[] for _ in node.traces]
        finals = [np.zeros([self.extent(axis) for axis in t.axes], self.dtype(t.dtype)) for t in node.finals]
        count = 0
        while limit is None or count < limit:
            inner = _Region(np, self.dims, self.real, self)
            inner.own = own
            inner.memo[node.counter] = np.asarray(count, dtype=np.int64)
            inner.memo.update(zip(node.parameters, carried, strict=True))
            if node.condition is not None and not bool(inner.value(node.condition)):
                finals = [np.array(inner.value(final)) for final in node.finals]
                break
            for kept, trace in zip(rows, node.traces, strict=True):
                kept.append(np.array(inner.value(trace)))
            carried = [np.array(inner.value(following)) for following in node.body]
            count += 1
        traces = []
        for kept, trace in zip(rows, node.traces, strict=True):
            table = np.zeros((capacity, *(self.extent(axis) for axis in trace.axes)), dtype=self.dtype(trace.dtype))
            for k, row in enumerate(kept[:capacity]):
                table[k] = row
            traces.append(table)
        return [*carried, np.asarray(count, dtype=np.int64), *traces, *finals]

    def call(self, node: ir.Call) -> Any:
        from optgen.ir.meaning import CALL_MEANING

        values = [self.get(argument) for argument in node.arguments]
        if node.function in self.oracles:
            return [np_array(self.np, self.oracles[node.function](*values), self.dtype(node.outputs[0][0]))]
        if node.function not in CALL_MEANING or self.exact:
            raise ir.IRError(f"{node.function} has no value here")
        return CALL_MEANING[node.function](self.np, *values)


def np_array(np: Any, value: Any, dtype: Any) -> Any:
    return np.asarray(value).astype(dtype, copy=False)


def _identity(np: Any, kind: str, dtype: Any) -> Any:
    if kind in ("max", "argmax"):
        return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf if dtype.kind in "fO" else False
    if kind in ("min", "argmin"):
        return np.iinfo(dtype).max if dtype.kind in "iu" else np.inf if dtype.kind in "fO" else True
    return {"sum": 0, "prod": 1, "any": False, "all": True}[kind]


def _depending(roots: Sequence[AnyNode], places: set[Any]) -> set[AnyNode]:
    """The nodes below the roots that depend on the places."""
    found: set[AnyNode] = set()
    for node in walk.postorder(roots):
        bound = node.indices if isinstance(node, ir.Reduce | ir.Array) else ()
        if node in places or any(part in found for part in (*walk.children(node), *bound)):
            found.add(node)
    return found
