"""What a backend hands over: compiled functions under one calling convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from optgen.ir.program import Function, Program

Kernel = Callable[[Mapping[str, int], Sequence[np.ndarray]], list[np.ndarray]]
Engine = Callable[[Function], Kernel]


class Flag(Protocol):
    """Something whose `value` machine code polls; not 0 asks it to leave its loops."""

    value: int


class Prepared(Protocol):
    """A kernel tied to its arrays: calling it reads the inputs as they are now and overwrites `outputs`."""

    outputs: Sequence[np.ndarray]

    def __call__(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Code:
    """The compiled functions of a program.

        setup(slots, seed) -> states
        advances[p](slots, seed, states, start, stop) -> states, count, finite, ended, failed, traces of phase p
        finishes[p](slots, seed, states, steps) -> stop index, last entries of outer records, lets, objective

    `count` steps were evaluated, of which the last is not to be kept if `finite` is false or `failed` is not 0.
    `ended` and `failed` are 0 or one more than the index of the `until` or `fail` rule that held; the stop index alike.
    A program without an objective has none in `finishes`.  `key` names the content the code was made from.
    """

    program: Program
    setup: Kernel
    advances: tuple[Kernel, ...]
    finishes: tuple[Kernel, ...]
    key: str = ""


def compiled(program: Program, functions: Mapping[str, Function], engine: Engine, key: str = "") -> Code:
    """The code of a program from its functions `setup`, `advance_0`, `finish_0`, ..., each compiled by `engine`."""

    def numbered(kind: str) -> tuple[Kernel, ...]:
        count = sum(name.startswith(f"{kind}_") for name in functions)
        return tuple(engine(functions[f"{kind}_{phase}"]) for phase in range(count))

    return Code(program, engine(functions["setup"]), numbered("advance"), numbered("finish"), key)


def interrupt_flag(kernel: Kernel) -> Flag | None:
    """The flag by which a kernel that runs without Python is asked to stop, if it has one."""
    return getattr(kernel, "interrupt", None)


def make_ready(code: Code, dims: Mapping[str, int]) -> None:
    """Compile what its backend compiles at the first need, so that a solve's seconds are those of the solve."""
    for kernel in (code.setup, *code.advances, *code.finishes):
        compiled = getattr(kernel, "compiled", None)
        if compiled is not None:
            compiled(dims)


def prepare(kernel: Kernel, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> Prepared | None:
    """The kernel tied to these arrays, if its backend can do that."""
    method = getattr(kernel, "prepare", None)
    return None if method is None else method(dims, arrays)
