"""Where values are kept while a procedure is built: buffers by node, names, indices that became one by fusion."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.formulas import FORMULAS
from optgen.ir.imperative import Buffer
from optgen.ir.nodes import AnyNode, Dtype, Index, Scalar
from optgen.passes.loops.bounds import clamped

# words that no value may be called: they mean something in Python or in the code that is printed
RESERVED = frozenset(keyword.kwlist) | frozenset(
    [
        *("abs", "bool", "float", "float32", "int", "len", "math", "max", "min", "njit", "np", "numba", "range"),
        *("type", "digamma", *FORMULAS),
    ]
)


@dataclass(slots=True)
class Space:
    """`places` are the buffers of nodes, `bases` those that aliases look into, `same` the indices that fusion made
    one, `shared` the buffers of next values that take the memory of the value before, `whole` what contracted buffers
    were, `temporaries` all memory that the procedure owns."""

    names: set[str]
    places: dict[AnyNode, Buffer] = field(default_factory=dict)
    bases: dict[Buffer, Buffer] = field(default_factory=dict)
    same: dict[Index, Index] = field(default_factory=dict)
    shared: dict[Buffer, Buffer] = field(default_factory=dict)
    whole: dict[Buffer, Buffer] = field(default_factory=dict)
    temporaries: list[Buffer] = field(default_factory=list)

    def temporary(self, hint: str, dtype: Dtype, axes: Sequence[Scalar] = ()) -> Buffer:
        buffer = self.named(hint, dtype, axes)
        self.temporaries.append(buffer)
        return buffer

    def named(self, hint: str, dtype: Dtype, axes: Sequence[Scalar] = ()) -> Buffer:
        """A buffer with a name of its own."""
        return ir.Input(unique(hint, self.names), dtype, tuple(self.translated(axes)))

    def translated(self, scalars: Iterable[Scalar], replaced: Mapping[AnyNode, AnyNode] | None = None) -> list[Scalar]:
        """Scalars over buffers: every access reads the buffer of its tensor, clamped where it may lie outside."""
        scalars = list(scalars)
        known = replaced or {}
        if all(scalar in known or isinstance(scalar, ir.Constant | ir.Dim) for scalar in scalars):
            return [known.get(scalar, scalar) for scalar in scalars]  # type: ignore[misc]
        return walk.rewrite(scalars, _clamp_access, {**self.places, **known})

    def root(self, buffer: Buffer) -> Buffer:
        """The buffer whose memory this one is."""
        while True:
            following = self.bases.get(buffer) or self.shared.get(buffer) or self.whole.get(buffer)
            if following is None:
                return buffer
            buffer = following

    def memory(self, buffer: Buffer) -> Buffer:
        """The buffer whose memory a next value takes; others are themselves."""
        while buffer in self.shared:
            buffer = self.shared[buffer]
        return buffer

    def owners(self, buffer: Buffer) -> tuple[Buffer, ...]:
        """The memory that an access touches, and the name it needs to be there."""
        root = self.root(buffer)
        return (root, buffer) if buffer in self.bases else (root,)

    def one(self, node: AnyNode) -> AnyNode:
        """What an index has become."""
        while isinstance(node, Index) and node in self.same:
            node = self.same[node]
        return node


def _clamp_access(node: AnyNode) -> AnyNode | None:
    if not isinstance(node, ir.Access) or not node.indices:
        return None
    if not isinstance(node.tensor, ir.Input):
        raise ir.IRError(f"{getattr(node.tensor, 'name', '')} is read before it is computed")
    return ir.access(node.tensor, *clamped(node.indices, node.tensor.axes))


def unique(hint: str, names: set[str]) -> str:
    """The hint as a name that is not taken yet; takes it."""
    name, number = hint or "value", 2
    while name in names:
        name, number = f"{(hint or 'value').rstrip('_')}_{number}", number + 1
    names.add(name)
    return name
