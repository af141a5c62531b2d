"""What a solve gives back."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

Status = Literal["converged", "completed", "max_steps", "failed", "diverged", "interrupted"]


@dataclass(slots=True, eq=False)
class Result:
    """The end of a solve.  States, traces and lets are attributes by name: `result.x`, `result.loss`, `result.P`.

    `states` are the last finite ones, structured as they were given; `status` is `converged` (a stop rule held),
    `completed` (a step with a range did all of it), `max_steps`, `failed` (a fail rule or a failure at run time),
    `diverged` (a state became infinite or NaN) or `interrupted`, and `reason` says it in a sentence.  A trace of a
    `record` outside the step has one entry more than there were steps: entry k is at the states after k steps.
    `objective` is the problem's objective at the end, None where there is no problem.
    """

    name: str
    states: Mapping[str, Any]
    status: Status
    reason: str
    steps: int
    seconds: float
    traces: Mapping[str, np.ndarray] = field(default_factory=dict)
    lets: Mapping[str, Any] = field(default_factory=dict)
    objective: float | None = None

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            for table in (self.states, self.traces, self.lets):
                if name in table:
                    return table[name]
        known = ", ".join((*self.states, *self.traces, *self.lets)) if not name.startswith("__") else ""
        raise AttributeError(f"the result of {self.name} has no {name}; it has {known}")

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.states, *self.traces, *self.lets})

    def __repr__(self) -> str:
        lines = [
            f"{self.name}: {self.status} after {_count(self.steps, 'step')} in {_seconds(self.seconds)}",
            f"  {self.reason}",
        ]
        rows = [(name, _short(value)) for name, value in {**self.states, **self.lets}.items()]
        rows += [(name, _ends(trace)) for name, trace in self.traces.items()]
        if self.objective is not None:
            rows.append(("objective", f"{self.objective:.6g}"))
        width = max((len(name) for name, _ in rows), default=0)
        return "\n".join([*lines, *(f"  {name:<{width}}  {shown}" for name, shown in rows)])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write states, traces and lets to an .npz file, with the rest as JSON text in its entry `meta`.

        Names in it are `state.x`, `trace.loss`, `let.P`; `numpy.load(path)` reads it without pickle.
        """
        arrays = {f"state.{name}": array for name, array in flat(self.states)}
        arrays |= {f"trace.{name}": array for name, array in self.traces.items()}
        arrays |= {f"let.{name}": array for name, array in flat(self.lets)}
        meta = {"name": self.name, "status": self.status, "reason": self.reason, "steps": self.steps}
        meta |= {"seconds": self.seconds, "objective": self.objective}
        write_npz(path, arrays, meta)


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a nested dict with the path of each."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", np.asarray(value)


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """An .npz file with `meta` as JSON text, complete or not there at all."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_short(part)}" for name, part in value.items()) + "}"
    array = np.asarray(value)
    if array.size <= 6 and array.ndim <= 1:
        return np.array2string(array, precision=6, max_line_width=10**6)
    return f"array of shape {array.shape}, dtype {array.dtype}"


def _ends(trace: np.ndarray) -> str:
    if trace.ndim == 1 and len(trace):
        return f"{trace[0]:.6g} ... {trace[-1]:.6g} ({_entries(len(trace))})"
    return f"{_entries(len(trace))} of shape {trace.shape[1:]}"


def _entries(number: int) -> str:
    return f"{number} entry" if number == 1 else f"{number} entries"


@dataclass(frozen=True, slots=True)
class Batch(Sequence[Result]):
    """Results of the same solver for several inputs, in their order; `batch.x` stacks what each result has."""

    results: tuple[Result, ...]

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> Result | Batch:
        return Batch(self.results[index]) if isinstance(index, slice) else self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stacked([getattr(result, name) for result in self.results])


def stacked(values: list[Any]) -> Any:
    """One array (or nested dict of arrays) with a leading axis; values of unequal shapes stay a list."""
    if values and all(isinstance(value, Mapping) for value in values):
        return {name: stacked([value[name] for value in values]) for name in values[0]}
    if len({np.shape(value) for value in values}) > 1:
        return values
    return np.array(values)
