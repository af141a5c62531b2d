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
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise click.ClickException('plots need matplotlib: pip install "optgen[plot]"') from None
    panels = [(plot.trace, plot.options) for plot in wanted] or [(name, ("log y",)) for name in _numbers(results)]
    if not panels:
        raise click.ClickException("there is no trace to draw; add a record to the method")
    figure = Figure(figsize=(5.5 * len(panels), 3.8), layout="constrained")
    for place, (trace, options) in enumerate(panels, start=1):
        _panel(figure.add_subplot(1, len(panels), place), results, trace, options)
    figure.savefig(path, dpi=150)


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
