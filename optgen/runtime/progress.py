"""A progress line for solves that take long enough to be waited for, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from optgen.runtime.drive import Hook, Run

PATIENCE = 2.0  # seconds before anything is shown


def shown(wanted: bool | None) -> bool:
    """Whether to show progress: as asked, else if someone sits at a terminal."""
    return sys.stderr.isatty() if wanted is None else wanted


def line() -> tuple[Hook, Callable[[], None]]:
    """A hook that shows a progress line once patience is over, and what takes the line away."""
    bar: Any = None
    task: Any = None

    def hook(run: Run) -> bool:
        nonlocal bar, task
        if bar is None:
            if run.seconds < PATIENCE:
                return False
            bar, task = _bar(run)
        bar.update(task, completed=run.total, description=_description(run))
        return False

    def close() -> None:
        if bar is not None:
            bar.stop()

    return hook, close


def _bar(run: Run) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    known = run.binding.steps if run.binding.steps < 2**60 else None
    return bar, bar.add_task(run.code.program.name, total=known)


def _description(run: Run) -> str:
    """The method's name, and the newest entry of its first scalar trace."""
    name = run.code.program.name
    for trace, parts in run.traces.items():
        if parts and parts[-1].ndim == 1 and len(parts[-1]):
            return f"{name}  {trace} {parts[-1][-1]:.4g}"
    return name
