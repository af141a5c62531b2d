"""Printed code: text, what axes its value has, how tightly it binds."""

from __future__ import annotations

from dataclasses import dataclass

from optgen.ir.nodes import Index

ATOM, POSTFIX, UNARY, LOOSEST = 20, 15, 10, 0


@dataclass(frozen=True, slots=True)
class Code:
    """Text of an array with exactly these axes; `strength` is how tightly its outermost operator binds."""

    text: str
    axes: tuple[Index, ...] = ()
    strength: float = ATOM

    def at(self, strength: float) -> str:
        """The text, in parentheses if something that binds this tightly stands beside it."""
        return self.text if self.strength >= strength else f"({self.text})"
