"""The loop over chunks: run steps until a rule holds, the cap is reached or somebody asks to stop.

Machine code runs for about a twentieth of a second at a time; between chunks Python looks at signals, callbacks,
progress and checkpoints.  How the run is cut into chunks changes no result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from optgen.ir.program import Phase
from optgen.runtime.code import Code, Kernel, Steps, interrupt_flag, make_ready
from optgen.runtime.inputs import Binding
from optgen.runtime.result import Status
from optgen.runtime.scalars import evaluator

CHUNK_SECONDS = 0.05
GROWTH = 16  # how much longer than the last chunk the next may be: one measurement is not trusted further
TRACE_BYTES = 1 << 26  # of traces held twice, in the chunk and in the run
WORKER_SECONDS = 0.01  # chunks expected to be shorter run in the calling thread

Hook = Callable[["Run"], bool]


@dataclass(slots=True)
class Pace:
    """What earlier chunks of each phase took: seconds a step, and bytes of traces a step."""

    seconds: dict[int, float] = field(default_factory=dict)
    bytes: dict[int, int] = field(default_factory=dict)

    def chunk(self, phase: int, last: int, remaining: int) -> int:
        """The number of steps of the next chunk, after one of `last` steps (0: none yet)."""
        seconds = self.seconds.get(phase)
        wanted = 1 if seconds is None else max(1, int(CHUNK_SECONDS / max(seconds, 1e-9)))
        if last:
            wanted = min(wanted, GROWTH * last)
        held = self.bytes.get(phase, 0)
        if held:
            wanted = min(wanted, max(1, TRACE_BYTES // held))
        return min(wanted, remaining)


@dataclass(slots=True)
class Run:
    """A solve under way: the states after `done` steps of phase `phase`, `total` steps in all."""

    code: Code
    binding: Binding
    states: list[np.ndarray]
    phase: int = 0
    done: int = 0
    total: int = 0
    traces: dict[str, list[np.ndarray]] = field(default_factory=dict)
    status: Status | None = None
    reason: str = ""
    final: list[np.ndarray] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    earlier: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the start, those before a resumed checkpoint included."""
        return self.earlier + time.perf_counter() - self.started


def begin(code: Code, binding: Binding) -> Run:
    """A run at its first states."""
    make_ready(code, binding.dims)
    started = time.perf_counter()
    return Run(code, binding, list(code.setup(binding.dims, binding.arrays)), started=started)


def drive(run: Run, pace: Pace, hooks: Sequence[Hook] = (), save: Callable[[Run], None] | None = None) -> None:
    """Run to the end; afterwards `status`, `reason` and `final` are set.

    Each hook is called after each chunk and may ask to end the run; `save` is called with a run that was interrupted.
    """
    phases = run.code.program.phases
    if not phases:
        run.status, run.reason = "completed", completed(0)
    elif not _finite(run.states):
        run.status, run.reason = "diverged", "the first states are not finite"
    while run.status is None:
        ended = _phase(run, phases[run.phase], pace, hooks, save)
        if ended or run.phase + 1 == len(phases):
            break
        run.phase, run.done, run.status = run.phase + 1, 0, None
    if not run.final:
        _finish(run)


def _finite(states: Sequence[np.ndarray]) -> bool:
    return all(bool(np.isfinite(state).all()) for state in states if state.dtype.kind == "f")


# ---------------------------------------------------------------- one phase


def _phase(run: Run, phase: Phase, pace: Pace, hooks: Sequence[Hook], save: Callable[[Run], None] | None) -> bool:
    """The steps of one phase; true if the whole run ends with them.  Sets status and reason, appends final entries."""
    last = 0
    whole = False
    run.final = []
    while run.status is None:
        remaining = run.binding.steps - run.total
        if remaining <= 0:
            break
        last = pace.chunk(run.phase, last, remaining)
        whole = _chunk(run, phase, last, pace)
        if _asked_to_stop(run, hooks):
            run.status, run.reason = "interrupted", f"stopped between steps, after {_steps(run.total)}"
            whole = True
    if run.status == "interrupted" and save is not None:
        save(run)
    _finish(run)
    stop = int(run.final[0])
    if run.status in (None, "completed"):
        whole = _judge(run, phase, stop)
    _close_traces(run, phase, whole)
    return whole


def _asked_to_stop(run: Run, hooks: Sequence[Hook]) -> bool:
    """Whether a hook asks to end a run that would go on; every hook is called."""
    asked = [hook(run) for hook in hooks]
    return run.status is None and True in asked


def _judge(run: Run, phase: Phase, stop: int) -> bool:
    """Status of a phase that ran out of steps; true if the run's cap was what ended it."""
    if stop:
        run.status, run.reason = "converged", converged(run.total, phase.stops[stop - 1].reason)
    elif run.status == "completed" or _length(run, phase) == run.done:
        run.status, run.reason = "completed", completed(run.done)
    else:
        run.status, run.reason = "max_steps", capped(run.total, phase)
        return True
    return False


def converged(steps: int, reason: str) -> str:
    """What is said of a run that a stop rule ended."""
    return f"stopped after {_steps(steps)}: {reason}"


def completed(steps: int) -> str:
    """What is said of a phase that did all steps of its range."""
    return f"all {_steps(steps)} were done" if steps else "there were no steps to do"


def capped(steps: int, phase: Phase) -> str:
    """What is said of a run that did as many steps as it was allowed."""
    rules = "no stop rule held; raise steps to go on" if phase.stops or phase.untils else "the method has no stop rule"
    return f"ended after {_steps(steps)}, the cap `steps`: {rules}"


def _length(run: Run, phase: Phase) -> int | None:
    quick = None if phase.length is None else evaluator(phase.length)
    try:
        return None if quick is None else int(quick({**run.binding.dims, **run.binding.values}))
    except KeyError:
        return None


def _chunk(run: Run, phase: Phase, steps: int, pace: Pace) -> bool:
    """Up to `steps` steps; true if the run ends with them for a reason that is not the phase's own end."""
    kernel = run.code.advances[run.phase]
    expected = steps * pace.seconds.get(run.phase, 1.0)
    begun = time.perf_counter()
    last = steps == run.binding.steps - run.total
    outputs, interrupted = _advance(run, kernel, run.done, run.done + steps, expected, last)
    if outputs is None:
        run.status, run.reason = "interrupted", f"interrupted after {_steps(run.total)}"
        return True
    width = len(run.states)
    count, finite, ended, failed = (outputs[width + k].item() for k in range(4))
    if count and not interrupted:
        pace.seconds[run.phase] = (time.perf_counter() - begun) / count
        traces = outputs[width + 4 : width + 4 + len(phase.records)]
        pace.bytes[run.phase] = sum(trace.nbytes for trace in traces) // steps
    if interrupted or not finite:
        _replay(run, kernel, outputs, count, expected)
        if interrupted:
            run.status, run.reason = "interrupted", f"interrupted after {_steps(run.total)}"
        else:
            run.status, run.reason = "diverged", _divergence(run.total + 1, phase)
        return True
    kept = count - 1 if failed else count
    _keep(run, outputs, kept)
    if not failed and count < steps + last:
        run.final = outputs[width + 4 + len(phase.records) :]
    if failed:
        reason = phase.fails[failed - 1].reason
        run.status, run.reason = "failed", f"step {run.total + 1} failed: {reason}"
        return True
    if ended:
        run.status = "converged"
        run.reason = converged(run.total, phase.untils[ended - 1].reason)
    elif count < steps:
        run.status = "completed"  # or a stop rule held, which `finish` tells
    return False


def _divergence(step: int, phase: Phase) -> str:
    rules = "".join(f", or {rule.reason}" for rule in phase.diverged)
    return f"a state became infinite or NaN{rules} in step {step}; the states are those before it"


def _replay(run: Run, kernel: Kernel, outputs: list[np.ndarray], count: int, expected: float) -> None:
    """Go back to the states before the last step counted, which is not to be kept."""
    again, interrupted = (None, False)
    if count > 1:
        again, interrupted = _advance(run, kernel, run.done, run.done + count - 1, expected)
    if again is not None and not interrupted:
        _keep(run, again, count - 1)


def _keep(run: Run, outputs: list[np.ndarray], kept: int) -> None:
    width = len(run.states)
    run.states = outputs[:width]
    run.done += kept
    run.total += kept
    for record, trace in zip(run.code.program.phases[run.phase].records, outputs[width + 4 :], strict=False):
        rows = trace[:kept]
        run.traces.setdefault(record.name, []).append(rows if 2 * kept >= len(trace) else rows.copy())


def _advance(
    run: Run, kernel: Kernel, start: int, stop: int, expected: float, last: bool = False
) -> tuple[list[np.ndarray] | None, bool]:
    """The outputs of a chunk and whether it was interrupted; None where nothing of it can be kept.

    The `last` outputs may say what holds at its end: see `Steps`.
    """
    numbers = [np.array(start, np.int64), np.array(stop, np.int64)]
    arrays = [*run.binding.arrays, *run.states, *numbers]
    flag = interrupt_flag(kernel)
    kernel = partial(kernel.whole, last) if isinstance(kernel, Steps) else kernel
    try:
        if flag is None or expected < WORKER_SECONDS or threading.current_thread() is not threading.main_thread():
            return kernel(run.binding.dims, arrays), False
        return _in_worker(kernel, run.binding.dims, arrays, flag)
    except KeyboardInterrupt:
        return None, True


def _in_worker(
    kernel: Kernel, dims: dict[str, int], arrays: list[np.ndarray], flag: Any
) -> tuple[list[np.ndarray] | None, bool]:
    """Run in a thread, so that this one sees Ctrl-C while machine code runs; the flag makes code leave its loops."""
    results: list[list[np.ndarray]] = []
    errors: list[BaseException] = []
    finished = threading.Event()  # joining a thread does not survive an interrupt

    def work() -> None:
        try:
            results.append(kernel(dims, arrays))
        except BaseException as error:  # handed to the thread that waits
            errors.append(error)
        finally:
            flag.value = 0
            finished.set()

    threading.Thread(target=work, name="optgen-solve", daemon=True).start()
    interrupted = False
    try:
        finished.wait()
    except KeyboardInterrupt:
        interrupted = True
        flag.value = 1
        finished.wait()
    if errors:
        raise errors[0]
    return results[0], interrupted


# ---------------------------------------------------------------- the end


def _finish(run: Run) -> None:
    """What holds at the states: the stop rule, final entries, lets, the objective; unless the steps said it."""
    if run.final:
        return
    kernel = run.code.finishes[run.phase]
    run.final = kernel(run.binding.dims, [*run.binding.arrays, *run.states, np.array(run.done, np.int64)])


def _close_traces(run: Run, phase: Phase, whole: bool) -> None:
    """The entry at the last states of each record outside the step, unless the next phase goes on with the record."""
    phases = run.code.program.phases
    following = phases[run.phase + 1] if not whole and run.phase + 1 < len(phases) else None
    going_on = {record.name for record in following.records if not record.inner} if following else set()
    outer = [record for record in phase.records if not record.inner]
    for record, entry in zip(outer, run.final[1 : 1 + len(outer)], strict=True):
        if record.name not in going_on:
            run.traces.setdefault(record.name, []).append(np.asarray(entry)[None])


def _steps(number: int) -> str:
    return f"{number} step" if number == 1 else f"{number} steps"
