"""How values are written: one number, or several side by side in a vector."""

from __future__ import annotations

from dataclasses import dataclass

BYTES = 64  # of a vector of reals; a processor whose registers are shorter takes several


@dataclass(frozen=True, slots=True)
class Lanes:
    """Types, constants and symbols for `count` values side by side; 0 is one number, no vector."""

    count: int = 0

    def type(self, element: str) -> str:
        return f"<{self.count} x {element}>" if self.count else element

    def constant(self, element: str, text: str | int) -> str:
        return f"splat ({element} {text})" if self.count else str(text)

    def overload(self, element: str) -> str:
        """The end of an intrinsic's name: `f64`, `v8f64`."""
        short = {"double": "f64", "float": "f32"}.get(element, element)
        return f"v{self.count}{short}" if self.count else short

    def symbol(self, name: str) -> str:
        """The function of the module that takes this many values at once."""
        return f"{name}.{self.count}" if self.count else name


SINGLE = Lanes()


def width(real: str) -> Lanes:
    """The vectors that loops over reals work on."""
    return Lanes(BYTES // (8 if real == "double" else 4))
