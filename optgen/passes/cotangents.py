"""The cotangents of one backward sweep: what flows into each tensor, collected until the tensor's turn comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.passes.derivative_parts import ZERO, places_of

Run = tuple[Scalar, Tensor]


@dataclass(slots=True)
class Sweep:
    """Contributions to each tensor, as scalars at the tensor's places under a condition, and as pieces of its entries.

    `fixed` are the free indices of the whole sweep.  A contribution with another free index is one of a batch of
    tensors to a tensor that they share: it is summed.
    """

    fixed: frozenset[Index]
    _places: dict[AnyNode, tuple[Index, ...]] = field(default_factory=dict)
    _flows: dict[AnyNode, list[tuple[Scalar, Scalar | None]]] = field(default_factory=dict)
    _pieces: dict[AnyNode, list[Run]] = field(default_factory=dict)
    _outputs: dict[AnyNode, dict[ir.Output, None]] = field(default_factory=dict)
    _totals: dict[AnyNode, Tensor] = field(default_factory=dict)

    def places(self, tensor: Tensor) -> tuple[Index, ...]:
        """The indices under which contributions to the tensor are given."""
        if tensor not in self._places:
            self._places[tensor] = places_of(tensor.axes, "pqrs")
            if isinstance(tensor, ir.Output):
                self._outputs.setdefault(tensor.source, {})[tensor] = None
        return self._places[tensor]

    def add_flow(self, tensor: Tensor, value: Scalar, condition: Scalar | None) -> None:
        """`value` where `condition` holds, at the tensor's places."""
        self.places(tensor)
        self._flows.setdefault(tensor, []).append((value, condition))

    def add(self, tensor: Tensor, cotangent: Tensor) -> None:
        """A cotangent of the whole tensor."""
        value = ir.access(cotangent, *self.places(tensor))
        self.add_flow(tensor, _summed(value, repeated(cotangent, self.fixed | tensor.free)), None)

    def add_piece(self, tensor: Tensor, offset: Scalar, cotangent: Tensor) -> None:
        """A cotangent of the entries from `offset` on."""
        places = self.places(tensor)
        known = self.fixed | tensor.free
        batch = tuple(dict.fromkeys((*repeated(cotangent, known), *repeated(offset, known))))
        if not batch:
            self._pieces.setdefault(tensor, []).append((offset, cotangent))
            return
        entry = apply("sub", extents.ravelled(places, tensor.axes), offset)
        size = extents.product(cotangent.axes)
        within = apply("and", apply("ge", entry, ir.constant(0)), apply("lt", entry, size))
        value = ir.choose(within, ir.access(cotangent, *extents.unravelled(entry, cotangent.axes)), ZERO)
        self.add_flow(tensor, _summed(value, batch), None)

    def total(self, tensor: Tensor) -> Tensor | None:
        """The sum of all contributions; None if there are none."""
        if tensor not in self._places:
            return None
        if tensor not in self._totals:
            places = self._places[tensor]
            flows = self._flows.get(tensor, [])
            if tensor in self._pieces:
                tiled = _tiled(self._pieces[tensor], extents.product(tensor.axes))
                flows = [*flows, (ir.access(ir.view(tiled, ir.constant(0), tensor.axes), *places), None)]
            name = getattr(tensor, "name", "")
            self._totals[tensor] = ir.array(places, _added_flows(flows), name and f"{name}_bar")
        return self._totals[tensor]

    def condition(self, tensor: Tensor, indices: Sequence[Index]) -> Scalar | None:
        """Where anything flows into the tensor, at these indices; None if that may be everywhere."""
        conditions = [condition for _, condition in self._flows.get(tensor, ())]
        if tensor in self._pieces or any(condition is None for condition in conditions):
            return None
        result: Scalar | None = None
        for condition in dict.fromkeys(conditions):
            result = condition if result is None else apply("or", result, condition)  # type: ignore[arg-type]
        return result and walk.substitute([result], dict(zip(self._places[tensor], indices, strict=True)))[0]

    def outputs(self, source: AnyNode, count: int) -> list[Tensor | None]:
        """The cotangents of the outputs of a node with several."""
        found: list[Tensor | None] = [None] * count
        for tensor in self._outputs.get(source, ()):
            total, before = self.total(tensor), found[tensor.position]
            found[tensor.position] = total if before is None or total is None else added(before, total)
        return found


def repeated(node: AnyNode, fixed: frozenset[Index]) -> tuple[Index, ...]:
    """The free indices of a node beside the fixed ones, in the order in which the node reads them."""
    free = node.free - fixed
    if not free:
        return ()
    return tuple(index for index in walk.postorder([node]) if isinstance(index, Index) and index in free)


def added(left: Tensor, right: Tensor) -> Tensor:
    """The sum of two tensors of the same axes."""
    places = places_of(left.axes)
    return ir.array(
        places, apply("add", ir.access(left, *places), ir.access(right, *places)), getattr(left, "name", "")
    )


def _summed(value: Scalar, indices: Sequence[Index]) -> Scalar:
    copies = [Index(index.extent, index.name) for index in indices]
    return ir.reduce("sum", copies, walk.substitute([value], dict(zip(indices, copies, strict=True)))[0])


def _added_flows(flows: Sequence[tuple[Scalar, Scalar | None]]) -> Scalar:
    """The sum of values, each where its condition holds; values under one condition are added under it."""
    groups: dict[Scalar | None, Scalar] = {}
    for value, condition in flows:
        groups[condition] = apply("add", groups[condition], value) if condition in groups else value
    total: Scalar | None = None
    for condition, value in groups.items():
        term = value if condition is None else ir.choose(condition, value, ZERO)
        total = term if total is None else apply("add", total, term)
    assert total is not None
    return total


# ---------------------------------------------------------------- pieces of a vector


def _tiled(pieces: Sequence[Run], size: Scalar) -> Tensor:
    """The vector of `size` entries made of pieces: those that follow each other as one, gaps filled with zeros."""
    by_place: dict[tuple[Scalar, Scalar], Tensor] = {}
    for offset, cotangent in pieces:
        length = extents.product(cotangent.axes)
        flat = ir.view(cotangent, ir.constant(0), (length,)) if len(cotangent.axes) != 1 else cotangent
        place = (extents.normal(offset), length)
        by_place[place] = added(by_place[place], flat) if place in by_place else flat
    groups: list[list[Run]] = []
    for run in _in_order([(offset, tensor) for (offset, _), tensor in by_place.items()]):
        if groups and extents.same(_end(groups[-1][-1]), run[0]):
            groups[-1].append(run)
        else:
            groups.append([run])
    total, *rest = [_between_zeros(group, size) for group in groups]
    for vector in rest:
        total = added(total, vector)
    return total


def _end(run: Run) -> Scalar:
    return extents.total((run[0], extents.product(run[1].axes)))


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """The runs so that each begins where the one before it ends, as far as that is known."""
    left, result = list(runs), list[Run]()
    while left:
        follows = [k for k, run in enumerate(left) if result and extents.same(_end(result[-1]), run[0])]
        if not follows:
            ends = [_end(run) for run in left]
            follows = [k for k, run in enumerate(left) if not any(extents.same(end, run[0]) for end in ends)]
        result.append(left.pop(follows[0] if follows else 0))
    return result


def _between_zeros(group: Sequence[Run], size: Scalar) -> Tensor:
    before, after = extents.normal(group[0][0]), extents.total((size, apply("neg", _end(group[-1]))))
    parts = [tensor for _, tensor in group]
    if before is not ir.constant(0):
        parts.insert(0, ir.array((Index(before, "i"),), ZERO))
    if after is not ir.constant(0):
        parts.append(ir.array((Index(after, "i"),), ZERO))
    return ir.concat(parts)
