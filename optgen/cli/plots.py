"""Pictures of traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from optgen.experiments import Plot
    from optgen.runtime import Result


def draw(results: Mapping[str, Result], path: str, wanted: Sequence[Plot] = ()) -> None:
    """Draw traces of runs to a file: those asked for, else all that are one number a step."""
    panels = [(plot.trace, plot.options) for plot in wanted] or [(name, ("log y",)) for name in _numbers(results)]
    if not panels:
        raise click.ClickException("there is no trace to draw; add a record to the method")
    figure = new_figure((5.5 * len(panels), 3.8))
    for place, (trace, options) in enumerate(panels, start=1):
        _panel(figure.add_subplot(1, len(panels), place), results, trace, options)
    save(figure, path)


def new_figure(size: tuple[float, float]) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise click.ClickException('plots need matplotlib: pip install "optgen[plot]"') from None
    return Figure(figsize=size, layout="constrained")


def save(figure: Any, target: Any, kind: str | None = None) -> None:
    """Write a figure; the ending of a path says in which format."""
    try:
        figure.savefig(target, dpi=150, format=kind)
    except ValueError as error:
        raise click.ClickException(f"can't draw {target}: {error}") from None


def _numbers(results: Mapping[str, Result]) -> list[str]:
    names = [name for result in results.values() for name, trace in result.traces.items() if trace.ndim == 1]
    return list(dict.fromkeys(names))


def _panel(axes: Any, results: Mapping[str, Result], trace: str, options: Sequence[str]) -> None:
    drawn = {name: result.traces[trace] for name, result in results.items() if trace in result.traces}
    for name, values in drawn.items():
        axes.plot(range(len(values)), values, label=name)
    axes.set_xlabel("step")
    axes.set_ylabel(trace)
    if "log x" in options:
        axes.set_xscale("log")
    if "log y" in options and any((values > 0).any() for values in drawn.values()):
        axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    if len(drawn) > 1:
        axes.legend(frameon=False)


def draw_front(front: Any, classical: Mapping[int, Any], path: str) -> None:
    """Draw errors against numbers of operations, beside what approximation theory offers."""
    figure = new_figure((5.5, 3.8))
    axes = figure.add_subplot(1, 1, 1)
    axes.plot([p.operations for p in front], [p.bound for p in front], "o-", label="search")
    if classical:
        axes.plot(list(classical), [p.error for p in classical.values()], "s--", label="classical")
        axes.legend(frameon=False)
    axes.set_yscale("log")
    axes.set_xlabel("operations")
    axes.set_ylabel(f"{front.measure} error")
    axes.set_title(front.target.text)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def draw_times(front: Any, path: str) -> None:
    """Draw the largest errors of float32 programs against the time of their loops."""
    figure = new_figure((5.5, 3.8))
    axes = figure.add_subplot(1, 1, 1)
    axes.plot([p.time.nanoseconds for p in front], [p.error for p in front], "o-", label="search")
    axes.axvline(front.nanoseconds, color="grey", linewidth=0.8, label="the function")
    axes.axhline(front.claim.amount, color="grey", linewidth=0.8, linestyle="--", label="asked for")
    axes.legend(frameon=False)
    axes.set_yscale("log")
    axes.set_xlabel("ns an element")
    axes.set_ylabel("largest error, ulp")
    axes.set_title(front.claim.meaning.doc)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)
