"""The nodes of the IR.

Two sorts.  A *scalar* has a dtype and a set of free indices: it stands for one number for each value of those indices,
so a vector is a scalar with one free index and broadcasting is having different free sets.  A *tensor* has a dtype and
axes (extents in order); it may have free indices too, and is then a batch of tensors.

    scalars     Constant  Dim  Index  Operation  Access  Reduce  Choose  Draw
    tensors     Input  Array  Concat  View  Output (of a Loop, Call or Derivative)
    regions     Loop, Derivative (through a Lambda): nodes with several outputs

Nodes are immutable.  All but `Index` and `Input` are interned: equal fields give the same object, so equality is
identity.  An `Index` or an `Input` is a binding place and is equal only to itself; each is bound by one node.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, TypeVar

Dtype = Literal["real", "int", "bool", "u64", "f32", "f64"]
Number = int | Fraction | float | bool
Reduction = Literal["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"]


class IRError(Exception):
    """An ill-formed node: a mistake of a pass, never of a user."""


@dataclass(frozen=True, eq=False, slots=True, repr=False, weakref_slot=True)
class Node:
    """What all nodes share: being compared by identity.  Every node has `free`, the indices it depends on but does
    not bind.
    """

    def __repr__(self) -> str:
        """One level: nodes share their parts, and the whole written out as a tree can be exponentially long."""
        shown = (f"{f.name}={_short(getattr(self, f.name))}" for f in fields(self) if f.name != "free")
        return f"{type(self).__name__}({', '.join(shown)})"


def _short(value: object) -> str:
    match value:
        case Index() | Input() | Dim():
            return value.name
        case Node():
            return type(value).__name__
        case tuple():
            return "(" + ", ".join(map(_short, value)) + ")"
    return repr(value)


# ---------------------------------------------------------------- scalars


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Constant(Node):
    """A number, exact: reals are `Fraction` (or the floats inf, -inf, nan), rounded once where code is made."""

    value: Number
    dtype: Dtype
    free: frozenset[Index] = frozenset()


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Dim(Node):
    """The length of an axis, bound when the solver is called."""

    name: str
    dtype: Dtype = "int"
    free: frozenset[Index] = frozenset()


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Index(Node):
    """A bound variable with the values 0 .. extent - 1.  `name` is a hint for printers."""

    extent: Scalar
    name: str = "i"
    dtype: Dtype = "int"

    @property
    def free(self) -> frozenset[Index]:
        return frozenset((self,))


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Operation(Node):
    """An elementwise operation of the table in `operations`."""

    name: str
    arguments: tuple[Scalar, ...]
    dtype: Dtype
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Access(Node):
    """`tensor[indices]`.  An index outside the axis is read at the nearest end; who cares guards it with Choose."""

    tensor: Tensor
    indices: tuple[Scalar, ...]
    dtype: Dtype
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Reduce(Node):
    """Reduce `body` over `indices` where `condition` holds.

    Empty: sum 0, prod 1, any false, all true, max -inf, min inf; argmax and argmin (one index) give its first best
    value, and 0 if empty.
    """

    kind: Reduction
    indices: tuple[Index, ...]
    condition: Scalar | None
    body: Scalar
    dtype: Dtype
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Choose(Node):
    """`then` where `condition`, else `otherwise`; the other branch counts neither for NaN, bounds nor derivative."""

    condition: Scalar
    then: Scalar
    otherwise: Scalar
    dtype: Dtype
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Draw(Node):
    """One number from a law: a pure function of (seed, place, counters, position).

    `law` is uniform (parameters low, high), normal (mean, deviation), exponential (rate) or index (n: 0 .. n - 1).
    `place` is the path of names down to the draw, `counters` the counters of all enclosing loops, outermost first,
    `position` the number of the entry in its array.  `seed` is the run's seed, a u64 scalar.
    """

    law: str
    parameters: tuple[Scalar, ...]
    place: str
    seed: Scalar
    counters: tuple[Scalar, ...]
    position: Scalar
    dtype: Dtype
    free: frozenset[Index]


# ---------------------------------------------------------------- tensors


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Input(Node):
    """A parameter of a function, of a loop's region or of a lambda.  Scalars are tensors of rank 0."""

    name: str
    dtype: Dtype
    axes: tuple[Scalar, ...] = ()
    free: frozenset[Index] = frozenset()


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Array(Node):
    """The tensor with `body` at each value of `indices`; with no indices a tensor of rank 0.

    The name is a hint (the author's); it is part of the node, so that a definition keeps its name.
    """

    indices: tuple[Index, ...]
    body: Scalar
    name: str
    dtype: Dtype
    axes: tuple[Scalar, ...]
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Concat(Node):
    """The entries of the parts one after the other (each in row-major order), as a vector."""

    parts: tuple[Tensor, ...]
    name: str
    dtype: Dtype
    axes: tuple[Scalar, ...]
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class View(Node):
    """The entries offset, offset + 1, ... of `tensor` in row-major order, with other axes: slices and reshapes."""

    tensor: Tensor
    offset: Scalar
    name: str
    dtype: Dtype
    axes: tuple[Scalar, ...]
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Output(Node):
    """Output `position` of a loop, call or derivative."""

    source: Region
    position: int
    name: str
    dtype: Dtype
    axes: tuple[Scalar, ...]
    free: frozenset[Index]


# ---------------------------------------------------------------- nodes with several outputs


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Loop(Node):
    """The only node with memory.

        carried = initial; counter = 0
        while counter < limit (no limit if None):
            if not condition(carried, counter): final = finals(carried, counter); break
            trace[counter] = traces(carried, counter)          each t of `traces`, capacity entries
            carried = body(carried, counter); counter += 1

    `condition`, `traces`, `body` and `finals` are one region over `parameters` and `counter` (rank-0 int Input): what
    they share is computed once.  Outputs: the final carried values, the counter, then one tensor of `capacity` rows a
    trace (rows never reached are 0), then one tensor a final: what is said of the values at which the condition failed
    (0 where the limit ended the loop, since its region was not entered again).  `carried[i]` keeps dtype and axes of
    `initial[i]`.
    """

    counter: Input
    parameters: tuple[Input, ...]
    initial: tuple[Tensor, ...]
    limit: Scalar | None
    condition: Scalar | None
    body: tuple[Tensor, ...]
    traces: tuple[Tensor, ...]
    capacity: Scalar | None
    finals: tuple[Tensor, ...]
    name: str
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Call(Node):
    """A whole-array function of the table in `calls`, or an oracle (`oracle f`): tensors in, tensors out.

    `attributes` are constants (strings, integers) fixed at compile.  `outputs` are (dtype, axes) of each result.
    """

    function: str
    arguments: tuple[Tensor, ...]
    attributes: tuple[tuple[str, Any], ...]
    outputs: tuple[tuple[Dtype, tuple[Scalar, ...]], ...]
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Lambda(Node):
    """A function value: `results` over `parameters` (and whatever else it captures, which counts as constant)."""

    parameters: tuple[Input, ...]
    results: tuple[Tensor, ...]
    free: frozenset[Index]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Derivative(Node):
    """A derivative not yet expanded, at the point `at`, of `function` by its parameters.

    jvp: seeds are tangents, one a parameter; outputs are tangents of the results.
    vjp: seeds are cotangents, one a result; outputs are cotangents of the parameters.
    """

    kind: Literal["jvp", "vjp"]
    function: Lambda
    at: tuple[Tensor, ...]
    seeds: tuple[Tensor, ...]
    free: frozenset[Index]


Scalar = Constant | Dim | Index | Operation | Access | Reduce | Choose | Draw
Tensor = Input | Array | Concat | View | Output
Region = Loop | Call | Derivative
AnyNode = Scalar | Tensor | Region | Lambda

# ---------------------------------------------------------------- interning

_table: weakref.WeakValueDictionary[tuple[Any, ...], Node] = weakref.WeakValueDictionary()
_lock = threading.Lock()
N = TypeVar("N", bound=Node)


def _intern(kind: type[N], *fields: Any) -> N:
    key = (kind, *fields)
    found = _table.get(key)
    if found is not None:
        return found  # type: ignore[return-value]
    with _lock:
        return _table.setdefault(key, kind(*fields))  # type: ignore[return-value]


def _free(nodes: Sequence[AnyNode]) -> frozenset[Index]:
    found: frozenset[Index] = frozenset()
    for node in nodes:
        free = node.free
        if free and free is not found:
            found = found | free if found else free
    return found


# ---------------------------------------------------------------- constructors: the only way to make nodes


def constant(value: Number, dtype: Dtype | None = None) -> Constant:
    """A constant; without a dtype: bool, int, else real.  Real values become exact fractions."""
    if dtype is None:
        dtype = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "real"
    if dtype in ("real", "f32", "f64") and not (isinstance(value, float) and (value != value or value in (INF, -INF))):
        value = Fraction(value)
    return _intern(Constant, value, dtype)


INF = float("inf")


def dim(name: str) -> Dim:
    return _intern(Dim, name)


def access(tensor: Tensor, *indices: Scalar) -> Scalar:
    """`tensor[indices]`; an array of rank 0 without a name is its body, others stay (inlining is a pass's choice)."""
    if len(indices) != len(tensor.axes):
        raise IRError(f"{len(indices)} indices for a tensor with {len(tensor.axes)} axes")
    if isinstance(tensor, Array) and not tensor.indices and not tensor.name:
        return tensor.body
    free = tensor.free | _free(indices)
    return _intern(Access, tensor, tuple(indices), tensor.dtype, free)


def reduce(kind: Reduction, indices: Sequence[Index], body: Scalar, condition: Scalar | None = None) -> Scalar:
    if not indices:
        if condition is not None:
            raise IRError("a reduction over no index has no condition")
        return body
    if kind in ("argmax", "argmin") and len(indices) != 1:
        raise IRError(f"{kind} takes one index")
    dtype: Dtype = "int" if kind in ("argmax", "argmin") else body.dtype
    free = body.free if condition is None else body.free | condition.free
    free = free | _free([index.extent for index in indices])
    return _intern(Reduce, kind, tuple(indices), condition, body, dtype, free - frozenset(indices))


def choose(condition: Scalar, then: Scalar, otherwise: Scalar) -> Scalar:
    """Lazy choice; both branches have one dtype.  A constant condition leaves its branch."""
    if isinstance(condition, Constant):
        return then if condition.value else otherwise
    if then is otherwise:
        return then
    if then.dtype != otherwise.dtype or condition.dtype != "bool":
        raise IRError(f"choose({condition.dtype}, {then.dtype}, {otherwise.dtype})")
    return _intern(Choose, condition, then, otherwise, then.dtype, _free((condition, then, otherwise)))


def draw(
    law: str, parameters: Sequence[Scalar], place: str, seed: Scalar, counters: Sequence[Scalar], position: Scalar
) -> Draw:
    dtype: Dtype = "int" if law == "index" else "real"
    free = _free((*parameters, seed, *counters, position))
    return _intern(Draw, law, tuple(parameters), place, seed, tuple(counters), position, dtype, free)


def array(indices: Sequence[Index], body: Scalar, name: str = "") -> Tensor:
    """`body` for all `indices`; `array(i: T[i])` over a whole axis of T is T itself."""
    indices = tuple(indices)
    if isinstance(body, Access) and body.indices == indices and len(set(indices)) == len(indices):
        tensor = body.tensor
        same = all(a is i.extent for a, i in zip(tensor.axes, indices, strict=True))
        if same and not (tensor.free & set(indices)):
            return tensor
    free = (body.free | _free([index.extent for index in indices])) - frozenset(indices)
    axes = tuple(index.extent for index in indices)
    return _intern(Array, indices, body, name, body.dtype, axes, free)


def concat(parts: Sequence[Tensor], name: str = "") -> Tensor:
    from optgen.ir import extents

    if len(parts) == 1 and len(parts[0].axes) == 1:
        return parts[0]
    dtypes = {part.dtype for part in parts}
    if len(dtypes) != 1:
        raise IRError(f"concat of {sorted(dtypes)}")
    length = extents.total([extents.product(part.axes) for part in parts])
    return _intern(Concat, tuple(parts), name, dtypes.pop(), (length,), _free(parts))


def view(tensor: Tensor, offset: Scalar, axes: Sequence[Scalar], name: str = "") -> Tensor:
    axes = tuple(axes)
    if isinstance(offset, Constant) and offset.value == 0 and axes == tensor.axes:
        return tensor
    free = tensor.free | _free((offset, *axes))
    return _intern(View, tensor, offset, name, tensor.dtype, axes, free)


def loop(
    counter: Input,
    parameters: Sequence[Input],
    initial: Sequence[Tensor],
    body: Sequence[Tensor],
    *,
    limit: Scalar | None = None,
    condition: Scalar | None = None,
    traces: Sequence[Tensor] = (),
    capacity: Scalar | None = None,
    finals: Sequence[Tensor] = (),
    name: str = "",
) -> Loop:
    if not len(parameters) == len(initial) == len(body):
        raise IRError("a loop carries as many values as it starts with")
    if traces and capacity is None:
        raise IRError("traces need a capacity")
    if finals and condition is None:
        raise IRError("finals need a condition: they are computed where it fails")
    for parameter, first, following in zip(parameters, initial, body, strict=True):
        if not parameter.dtype == first.dtype == following.dtype:
            raise IRError(f"{parameter.name}: {parameter.dtype}, {first.dtype}, {following.dtype}")
    scalars = [s for s in (limit, condition, capacity) if s is not None]
    free = _free((*initial, *body, *traces, *finals, *scalars))
    return _intern(
        Loop,
        counter,
        tuple(parameters),
        tuple(initial),
        limit,
        condition,
        tuple(body),
        tuple(traces),
        capacity,
        tuple(finals),
        name,
        free,
    )


def call(
    function: str,
    arguments: Sequence[Tensor],
    outputs: Sequence[tuple[Dtype, tuple[Scalar, ...]]],
    attributes: Sequence[tuple[str, Any]] = (),
) -> Call:
    """A call with given result types; `calls.apply` works them out from the table."""
    return _intern(Call, function, tuple(arguments), tuple(attributes), tuple(outputs), _free(arguments))


def function_value(parameters: Sequence[Input], results: Sequence[Tensor]) -> Lambda:
    return _intern(Lambda, tuple(parameters), tuple(results), _free(results))


def derivative(
    kind: Literal["jvp", "vjp"], function: Lambda, at: Sequence[Tensor], seeds: Sequence[Tensor]
) -> Derivative:
    expected = len(function.parameters if kind == "jvp" else function.results)
    if len(at) != len(function.parameters) or len(seeds) != expected:
        raise IRError(f"{kind} of {len(function.parameters)} parameters at {len(at)} with {len(seeds)} seeds")
    return _intern(Derivative, kind, function, tuple(at), tuple(seeds), _free((function, *at, *seeds)))


def output(source: Region, position: int, name: str = "") -> Tensor:
    dtype, axes = output_types(source)[position]
    return _intern(Output, source, position, name, dtype, axes, source.free)


def output_types(source: Region) -> tuple[tuple[Dtype, tuple[Scalar, ...]], ...]:
    """(dtype, axes) of each output of a node with several."""
    match source:
        case Call():
            return source.outputs
        case Loop():
            carried = [(p.dtype, p.axes) for p in source.parameters]
            traced = [(t.dtype, (source.capacity, *t.axes)) for t in source.traces]
            final = [(t.dtype, t.axes) for t in source.finals]
            return (*carried, ("int", ()), *traced, *final)  # type: ignore[arg-type]
        case Derivative(kind="jvp"):
            return tuple((r.dtype, r.axes) for r in source.function.results)
        case Derivative():
            return tuple((p.dtype, p.axes) for p in source.function.parameters)
    raise IRError(f"{type(source).__name__} has no outputs")
