"""A function with its kernels, and the machine code that NumPy, XLA and Numba call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

ENTRY_SIZE = {"float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True)
class Code:
    """The text of a kernel for one dtype, as LLVM modules: `loop(symbol)` the inner loop of a ufunc, `scalar(symbol)`
    one number from one or two, without branches, so that the vectoriser of another compiler widens it.
    """

    loop: Callable[[str], str]
    scalar: Callable[[str], str]


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """What a ufunc of optgen stands for.

    `name` finds it again in `optgen.functions`; `arguments` are the names of its arguments; `codes` has the kernels by
    dtype, in the order in which NumPy tries them; `derivative(k)` compiles the derivative in argument k.
    """

    name: str
    arguments: tuple[str, ...]
    codes: Mapping[str, Code]
    derivative: Callable[[int], Any]

    @property
    def dtypes(self) -> tuple[str, ...]:
        return tuple(self.codes)

    @property
    def key(self) -> str:
        """A short name made from the kernels themselves: equal code, equal key."""
        text = "\n".join(code.scalar("f") for code in self.codes.values())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def scalar_code(self, dtype: str, symbol: str) -> str:
        """A module that defines `symbol`, real to real."""
        return self.codes[dtype].scalar(symbol)

    def loop(self, dtype: str) -> Machine:
        """The inner loop as machine code, in the environment that proofs assume."""
        return _compiled(self._text(dtype), "loop")

    def handler(self, dtype: str, minor: int) -> Machine:
        """The entry for XLA as machine code; `minor` is the version of its interface."""
        from optgen.backends.llvm.xla import handler

        entry = handler("handler", "loop", len(self.arguments), ENTRY_SIZE[dtype], minor)
        return _compiled(self._text(dtype) + entry, "handler")

    def _text(self, dtype: str) -> str:
        from optgen.backends.llvm.environment import settled

        return self.codes[dtype].loop("kernel") + settled("loop", "kernel")


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """Compiled code: its address, valid as long as the engine lives."""

    address: int
    engine: object


@cache
def _compiled(text: str, symbol: str) -> Machine:
    """Equal texts give the same address: XLA knows a name by one address only."""
    from optgen.backends.llvm.kernel import from_object, to_object

    engine = from_object(to_object(text))
    return Machine(engine.get_function_address(symbol), engine)
