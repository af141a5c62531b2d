"""A function with its programs, and the machine code that NumPy, XLA and Numba call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from optgen.ir.straight import Straight

ENTRY_SIZE = {"float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """What a ufunc of optgen stands for.

    `name` finds it again in `optgen.functions`; `arguments` are the names of its arguments; `programs` are its
    implementations by dtype, in the order in which NumPy tries them; `derivative(k)` compiles the derivative in
    argument k.
    """

    name: str
    arguments: tuple[str, ...]
    programs: Mapping[str, Straight]
    derivative: Callable[[int], Any]

    @property
    def dtypes(self) -> tuple[str, ...]:
        return tuple(self.programs)

    @property
    def key(self) -> str:
        """A short name made from the programs: equal programs, equal key."""
        digests = " ".join(program.digest for program in self.programs.values())
        return hashlib.sha256(digests.encode()).hexdigest()[:16]

    def scalar_code(self, dtype: str, symbol: str) -> str:
        """A module that defines `symbol`, one number from one or two, without branches, so that the vectoriser of
        another compiler widens it.
        """
        from optgen.backends.llvm.straight import definition, table_definitions

        program = self.programs[dtype]
        text = definition(program, f'"{symbol}"').replace("define internal ", "define ", 1)
        return "\n".join([*table_definitions(program), text, ""])

    def loop(self, dtype: str) -> Machine:
        """The inner loop of a ufunc, in the environment that proofs assume."""
        return _compiled(self._text(dtype), "loop")

    def handler(self, dtype: str, minor: int) -> Machine:
        """The entry for XLA; `minor` is the version of its interface."""
        from optgen.backends.llvm.xla import handler

        entry = handler("handler", "loop", len(self.arguments), ENTRY_SIZE[dtype], minor)
        return _compiled(self._text(dtype) + entry, "handler")

    def _text(self, dtype: str) -> str:
        from optgen.backends.llvm.environment import settled
        from optgen.backends.llvm.straight_loop import loop_module

        return loop_module(self.programs[dtype], "kernel") + settled("loop", "kernel", len(self.arguments))


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """Compiled code: its address, valid as long as the engine lives."""

    address: int
    engine: object


@cache
def _compiled(text: str, symbol: str) -> Machine:
    """Equal texts give the same address: XLA knows a name by one address only."""
    from optgen.backends.llvm.kernel import from_text

    engine = from_text(text)
    return Machine(engine.get_function_address(symbol), engine)
