"""The solver: inputs in, a Result out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.ir.program import Program, Slot
from optgen.runtime import checkpoint as checkpoints
from optgen.runtime import progress as progress_line
from optgen.runtime.bound import Plan, plan, replay
from optgen.runtime.claims import Watch
from optgen.runtime.code import Code
from optgen.runtime.drive import Hook, Pace, Run, begin, drive
from optgen.runtime.inputs import Binding, bind
from optgen.runtime.outcome import result_of
from optgen.runtime.result import Batch, Result
from optgen.runtime.scalars import text
from optgen.runtime.table import Entry, Table

Variant = Callable[[frozenset[str], bool], "Solver"]
Path = str | os.PathLike[str]
Sizes = tuple[tuple[str, int], ...]
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Solver:
    """A compiled method on a problem: call it with data, parameters and starts by name.

        result = solver(A=A, y=y, lr=1e-2, steps=500)

    A param that lies outside what the claims of the method prove, or inside what they refute, is a `ClaimWarning`.
    `backend` and `dtype` say what it was compiled for.  `variant` makes the solver for parameters that change from step
    to step and for minibatches, which are other programs; without it such calls are errors.
    """

    code: Code
    table: Table
    backend: str
    dtype: str
    variant: Variant | None = None
    watch: Watch | None = None
    variants: dict[tuple[frozenset[str], bool], Solver] = field(default_factory=dict)
    paces: dict[Sizes, Pace] = field(default_factory=dict)
    plans: dict[Sizes, Plan | None] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        """What was compiled: the method in step form."""
        return self.code.program

    def __call__(
        self,
        *,
        seed: int = 0,
        callback: Callable[[SimpleNamespace], object] | None = None,
        progress: bool | None = None,
        checkpoint: Path | None = None,
        every: float = 60.0,
        resume: Path | None = None,
        **inputs: Any,
    ) -> Result:
        """Solve.

        Inputs by name are data, parameters, starts of states, `steps`, `tol` and dims no array fixes.  A real parameter
        may be a number, an array with an entry a step, or a function of the step number k = 1, 2, ...  Structured
        inputs are (nested) dicts or tuples of arrays.  Indices into arrays are 0-based, as everywhere in Python.

        `callback(state)` is called about twenty times a second with the states, `steps` and `seconds`; if it returns
        True the solve ends.  `progress` shows a line on the terminal (by default if there is one, after two seconds).
        `checkpoint` is a file to save the run to every `every` seconds and at an interrupt; `resume` goes on from one.

        Raises SpecError with everything that is wrong with the inputs, before anything is computed.
        """
        solver = self._for(inputs)
        binding = bind(solver.table, inputs, seed)
        if self.watch is not None:
            self.watch(solver.table, binding)
        if callback is None and checkpoint is None and resume is None and not progress:
            return solver._solve(binding, progress)
        run = begin(solver.code, binding) if resume is None else checkpoints.load(resume, solver.code, binding)
        _watched(run, solver._pace(binding), callback, progress, checkpoint, every)
        return result_of(run)

    def bind(self, *, seed: int = 0, **inputs: Any) -> Bound:
        """The solver with a copy of these inputs, checked once; call it often.

        fast = solver.bind(A=A, y=y)
        fast(); fast(x=x0)
        """
        solver = self._for(inputs)
        binding = bind(solver.table, inputs, seed)
        if self.watch is not None:
            self.watch(solver.table, binding)
        owned = {name: binding.arrays[entry.position] for name, entry in solver.table.entries.items() if name in inputs}
        for name, array in owned.items():
            binding.arrays[solver.table.entries[name].position] = owned[name] = array.copy()
        kept = {name: value if callable(value) else owned.get(name, value) for name, value in inputs.items()}
        return Bound(solver, kept, seed, binding, watch=self.watch)

    def map(self, *, seed: int | Sequence[int] = 0, workers: int | None = None, **inputs: Any) -> Batch:
        """Solve for several inputs at once, in threads: each input with one more axis in front is taken apart along it.

        `seed` may be a sequence of seeds.  All batched inputs have the same length; the others are shared.
        """
        solver = self._for(inputs, batched=True)
        batched = {name: list(value) for name, value in inputs.items() if solver._is_batched(name, value)}
        seeds = None if isinstance(seed, int | np.integer) else list(seed)
        lengths = {name: len(values) for name, values in batched.items()} | (
            {"seed": len(seeds)} if seeds is not None else {}
        )
        if len(set(lengths.values())) != 1:
            raise SpecError([_unequal(lengths)])
        shared = {name: value for name, value in inputs.items() if name not in batched}

        def work(position: int) -> Result:
            own = {name: values[position] for name, values in batched.items()}
            return solver(seed=seed if seeds is None else seeds[position], progress=False, **shared, **own)  # type: ignore[arg-type]

        count = next(iter(lengths.values()))
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            return Batch(tuple(pool.map(work, range(count))))

    def __repr__(self) -> str:
        program = self.program
        lines = [f"{program.name} ({self.backend}, {self.dtype})"]
        lines += [f"  {_slot_line(slot)}" for slot in program.slots]
        lines.append(f"  gives {', '.join(state.name for state in program.states)}")
        return "\n".join(lines)

    def _solve(self, binding: Binding, progress: bool | None) -> Result:
        """The short way if there is one for these sizes; from the second solve on it is looked for."""
        key = (("steps", binding.steps), *binding.dims.items())
        known = self.plans.get(key)
        made = None if known is None else replay(known, binding)
        if made is not None:
            return made
        pace = self._pace(binding)
        measured = bool(pace.seconds)
        run = begin(self.code, binding)
        _watched(run, pace, None, progress, None, 0.0)
        if measured and key not in self.plans:
            steady = tuple(array is entry.constant for array, entry in zip(binding.arrays, self.table.entries.values()))
            _remember(self.plans, key, plan(self.code, binding, pace, (*steady, False)))
        return result_of(run)

    # ------------------------------------------------------------ choices that are other programs

    def _for(self, inputs: Mapping[str, Any], batched: bool = False) -> Solver:
        """The solver for these kinds of inputs: itself, or the variant for schedules and minibatches."""
        entries = self.table.entries
        schedules = frozenset(
            name
            for name, value in inputs.items()
            if type(value) is not float and name in entries and _is_schedule(entries[name], value, batched)
        )
        batch = "batch" in inputs and "batch" not in self.table.dims and "batch" not in entries
        if not schedules and not batch:
            return self
        if self.variant is None:
            what = ", ".join(sorted(schedules)) if schedules else "batch"
            raise SpecError(
                [Diagnostic("E0610", f"this solver was compiled for a fixed {what}", help="compile it from the spec")]
            )
        key = schedules, batch
        if key not in self.variants:
            self.variants[key] = self.variant(schedules, batch)
        return self.variants[key]

    def _is_batched(self, name: str, value: Any) -> bool:
        entry = self.table.entries.get(name)
        return entry is not None and not isinstance(value, Mapping) and np.ndim(value) == len(entry.axes) + 1

    def _pace(self, binding: Binding) -> Pace:
        """What is known about the speed at these sizes."""
        key = tuple(binding.dims.items())
        pace = self.paces.get(key)
        return _remember(self.paces, key, Pace()) if pace is None else pace


def _remember(table: dict[Sizes, V], sizes: Sizes, value: V) -> V:
    """Keep a value for these sizes; sizes seldom come back after many others, and a value is cheap to make again."""
    if len(table) >= 8:
        table.clear()
    table[sizes] = value
    return value


def _is_schedule(entry: Entry, value: Any, batched: bool) -> bool:
    slot = entry.slot
    if slot.kind != "param" or entry.axes or slot.input.dtype != "real":
        return False
    return callable(value) or (not batched and not isinstance(value, str) and np.ndim(value) == 1)


def _unequal(lengths: Mapping[str, int]) -> Diagnostic:
    if not lengths:
        return Diagnostic(
            "E0604", "map has nothing to take apart", help="give one input an axis in front, or several seeds"
        )
    each = ", ".join(f"{name} has {length}" for name, length in lengths.items())
    return Diagnostic("E0604", f"the batched inputs have unequal lengths: {each}")


def _slot_line(slot: Slot) -> str:
    shape = f"[{', '.join(text(axis) for axis in slot.input.axes)}]" if slot.input.axes else ""
    default = "" if slot.value is not None else ", required"
    return f"{slot.kind} {slot.name} : {slot.input.dtype}{shape}{default}"


def _watched(
    run: Run,
    pace: Pace,
    callback: Callable[[SimpleNamespace], object] | None,
    progress: bool | None,
    checkpoint: Path | None,
    every: float,
) -> None:
    """Drive with what was asked for between chunks."""
    hooks: list[Hook] = []
    if callback is not None:
        hooks.append(lambda run: callback(_state(run)) is True)
    save = None
    if checkpoint is not None:
        save = partial(checkpoints.save, path=checkpoint, identity=checkpoints.fingerprint(run.code, run.binding))
        hooks.append(checkpoints.regularly(save, every))
    close = None
    if progress_line.shown(progress):
        hook, close = progress_line.line()
        hooks.append(hook)
    try:
        drive(run, pace, hooks, save)
    finally:
        if close is not None:
            close()


def _state(run: Run) -> SimpleNamespace:
    """What a callback sees: the states by name, and how far the run is."""
    names = [state.name for state in run.code.program.states]
    return SimpleNamespace(**dict(zip(names, run.states, strict=True)), steps=run.total, seconds=run.seconds)


@dataclass(slots=True)
class Bound:
    """A solver with its inputs, checked when it was bound.

    Calling it solves; inputs given in the call replace those bound, and are checked.  With a backend that can tie code
    to arrays, a short solve is little more than three calls of machine code.
    """

    solver: Solver
    inputs: dict[str, Any]
    seed: int
    binding: Binding
    prepared: Plan | None = None
    calls: int = 0
    watch: Watch | None = None

    def __call__(self, **changes: Any) -> Result:
        """Solve, with some inputs changed for this call."""
        binding = self.binding
        if changes:
            seed = changes.pop("seed", self.seed)
            binding = bind(self.solver.table, {**self.inputs, **changes}, seed)
            if self.watch is not None:
                self.watch(self.solver.table, binding)
        made = None if self.prepared is None else replay(self.prepared, binding)
        return self._long(binding) if made is None else made

    def _long(self, binding: Binding) -> Result:
        pace = self.solver._pace(binding)
        run = begin(self.solver.code, binding)
        drive(run, pace)
        if self.prepared is None and binding is self.binding and self.calls < 2:
            self.calls += 1
            self.prepared = plan(self.solver.code, binding, pace, (True,) * len(binding.arrays))
        return result_of(run)
