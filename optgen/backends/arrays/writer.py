"""What is passed along while a function is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from optgen.backends.arrays.expressions import Printer
from optgen.backends.arrays.text import broken
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Tensor

Dialect = Literal["numpy", "jax"]


@dataclass(frozen=True, slots=True)
class Writer:
    """The dialect, the expression printer, names (outputs of a loop take those of its variables), lines so far.

    `outputs` are the outputs that something reads, by source and position.
    """

    dialect: Dialect
    printer: Printer
    names: dict[AnyNode, str]
    outputs: dict[AnyNode, dict[int, list[AnyNode]]]
    lines: list[str] = field(default_factory=list)
    local: set[str] = field(default_factory=set)

    def line(self, depth: int, text: str) -> None:
        self.lines.extend(broken(text, depth))

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def local_function(self, depth: int, head: str) -> None:
        """The first line of a function in a function."""
        if self.lines and not self.lines[-1].endswith(":"):
            self.blank()
        self.line(depth, head)

    def value(self, tensor: Tensor) -> str:
        """The code of a tensor where it is read as a whole."""
        if tensor in self.printer.inlined and isinstance(tensor, ir.Array):
            return self.printer.tensor(tensor)
        return self.names[tensor]

    def read(self, source: AnyNode, position: int) -> str | None:
        """The name of an output, None if nothing reads it."""
        nodes = self.outputs.get(source, {}).get(position)
        return self.names[nodes[0]] if nodes else None

    def fresh(self, wish: str) -> str:
        """A name for a local function or trace, that nothing else has."""
        name, taken = wish, {*self.names.values(), *self.local}
        while name in taken:
            name += "_"
        self.local.add(name)
        return name


def listed(items: list[str]) -> str:
    """A tuple as Python writes it, without parentheses."""
    return f"{', '.join(items)}{',' if len(items) == 1 else ''}"
