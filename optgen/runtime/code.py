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

    @property
    def outputs(self) -> Sequence[np.ndarray]:
        """The arrays it writes."""

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


def code_of(program: Program, kernels: Mapping[str, Kernel], key: str = "") -> Code:
    """The code of a program from its functions `setup`, `advance_0`, ..., as kernels.

    An `advance_0` without a `finish_0` says itself what holds where it ends, with one more argument that asks for it.
    """
    advances, finishes = [], []
    for phase in range(max(len(program.phases), 1)):
        advance, finish = kernels.get(f"advance_{phase}"), kernels.get(f"finish_{phase}")
        if finish is None:
            assert advance is not None
            said = said_at_the_end(program, phase)
            advance, finish = Steps(advance, said), Ending(advance, said)
        advances += [] if advance is None else [advance]
        finishes.append(finish)
    return Code(program, kernels["setup"], tuple(advances), tuple(finishes), key)


# ---------------------------------------------------------------- kernels that are both, steps and their end

NO, YES = np.array(0, np.int64), np.array(1, np.int64)


def said_at_the_end(program: Program, phase: int) -> int:
    """The number of results of a finish."""
    outer = sum(not record.inner for record in program.phases[phase].records)
    return 1 + outer + len(program.lets) + (program.objective is not None)


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a kernel whose last `said` results tell what holds at the end, if it did less steps than those asked
    for and its last argument together."""

    kernel: Any
    said: int

    def __call__(self, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self.whole(False, dims, arrays)[: -self.said]

    def whole(self, last: bool, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The steps and what they say at their end: always if they are the `last`, else if a rule ended them."""
        return list(self.kernel(dims, [*arrays, YES if last else NO]))

    @property
    def interrupt(self) -> Flag | None:
        """The flag by which the kernel is asked to stop."""
        return interrupt_flag(self.kernel)

    def compiled(self, dims: Mapping[str, int]) -> None:
        """Compile the kernel for these sizes."""
        _compile(self.kernel, dims)

    def to_the_end(self, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> tuple[Prepared, Prepared] | None:
        """The kernel tied to these arrays: its steps, and what they say at their end, which is no work then."""
        made = prepare(self.kernel, dims, [*arrays, YES])
        if made is None:
            return None
        return Part(made.outputs[: -self.said], made), Part(made.outputs[-self.said :], None)


@dataclass(frozen=True, slots=True)
class Ending:
    """What such a kernel says without a step: its finish."""

    kernel: Any
    said: int

    def __call__(self, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(self.kernel(dims, [*arrays, arrays[-1], YES])[-self.said :])


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the outputs of a kernel that was tied to arrays."""

    outputs: Sequence[np.ndarray]
    whole: Prepared | None

    def __call__(self) -> None:
        if self.whole is not None:
            self.whole()


def interrupt_flag(kernel: Kernel) -> Flag | None:
    """The flag by which a kernel that runs without Python is asked to stop, if it has one."""
    return getattr(kernel, "interrupt", None)


def make_ready(code: Code, dims: Mapping[str, int]) -> None:
    """Compile what its backend compiles at the first need, so that a solve's seconds are those of the solve."""
    for kernel in (code.setup, *code.advances, *code.finishes):
        _compile(kernel, dims)


def _compile(kernel: Kernel, dims: Mapping[str, int]) -> None:
    compiled = getattr(kernel, "compiled", None)
    if compiled is not None:
        compiled(dims)


def prepare_phase(
    code: Code, dims: Mapping[str, int], arrays: Sequence[np.ndarray], ends: Sequence[np.ndarray], width: int
) -> tuple[Prepared, Prepared] | None:
    """The steps of the first phase tied to arrays, and its finish at what they leave; `width` states, start and stop
    are `ends`."""
    advance, finish = code.advances[0], code.finishes[0]
    if isinstance(advance, Steps):
        return advance.to_the_end(dims, [*arrays, *ends])
    steps = prepare(advance, dims, [*arrays, *ends])
    if steps is None:
        return None
    made = prepare(finish, dims, [*arrays[:-width], *steps.outputs[: width + 1]])
    return None if made is None else (steps, made)


def prepare(kernel: Kernel, dims: Mapping[str, int], arrays: Sequence[np.ndarray]) -> Prepared | None:
    """The kernel tied to these arrays, if its backend can do that."""
    method = getattr(kernel, "prepare", None)
    return None if method is None else method(dims, arrays)
