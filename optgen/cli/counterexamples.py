"""Pictures of counterexamples: the function and the iterates on it, a cycle in its own colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optgen.verification import Graph, Picture

LINE, PATH, CYCLE, KNOT = "#37474f", "#1565c0", "#c62828", "#90a4ae"
GRID = 400  # points of a curve; the side of a contour plot is a quarter
NUMBERED = 8  # iterates with a number


def draw(pictures: Sequence[Picture], target: Any, kind: str | None = None) -> None:
    """One row a counterexample, one panel a function and one beside it, to a file."""
    from optgen.cli.plots import new_figure, save

    columns = max(len(p.graphs) + (second(p) is not None) for p in pictures)
    figure = new_figure((4.8 * columns, 3.9 * len(pictures)))
    rows = figure.subfigures(len(pictures), 1, squeeze=False)[:, 0]
    for row, picture in zip(rows, pictures, strict=True):
        row.suptitle(f"{picture.title}\n{picture.note}", fontsize=11)
        flat = picture.iterates.shape[1] == 1
        panels = row.subplots(1, columns, squeeze=False)[0]
        for axes, graph in zip(panels, picture.graphs, strict=False):
            (curve if flat else plane)(axes, picture, graph)
        for place, axes in enumerate(panels[len(picture.graphs) :]):
            shown = second(picture) if place == 0 else None
            axes.set_axis_off() if shown is None else shown(axes, picture)
    save(figure, target, kind)


def second(picture: Picture) -> Callable[[Any, Picture], None] | None:
    """What stands beside the functions: the course of many iterates, the slope of one function of one number."""
    if len(picture.iterates) > 3:
        return course
    return slope if picture.iterates.shape[1] == 1 and picture.graphs[0].slope is not None else None


# ---------------------------------------------------------------- one dimension


def reach(picture: Picture, graph: Graph) -> np.ndarray:
    """Places from a little left of everything that is drawn to a little right of it."""
    seen = [near(picture)[:, 0], graph.points[:, 0]]
    low, high = min(map(np.min, filter(len, seen))), max(map(np.max, filter(len, seen)))
    room = 0.2 * (high - low) or 1.0
    return np.linspace(low - room, high + room, GRID)[:, None]


def near(picture: Picture) -> np.ndarray:
    """The iterates that are drawn on a function: a whole cycle, else the first ones, as many as can be told apart."""
    return picture.iterates[: picture.period + 1 if picture.period else NUMBERED + 1]


def curve(axes: Any, picture: Picture, graph: Graph) -> None:
    """The graph of f with the iterates on it, numbered and joined in their order."""
    iterates = near(picture)
    if graph.value is None:
        axes.plot(graph.points[:, 0], graph.answers[:, 0], "o", color=LINE, label=f"{graph.name} where it is known")
        axes.axhline(0.0, color=KNOT, lw=0.7, zorder=0)
        heights = np.zeros(len(iterates))
    else:
        places = reach(picture, graph)
        axes.plot(places[:, 0], graph.value(places), color=LINE, label=graph.name, zorder=1)
        axes.plot(graph.points[:, 0], graph.heights, "o", ms=3, color=KNOT, zorder=2)
        heights = graph.value(iterates)
    steps(axes, picture, np.column_stack([iterates[:, 0], heights]))
    labelled(axes, picture.state, f"{graph.name}({picture.state})")


def slope(axes: Any, picture: Picture) -> None:
    """f' with the slopes that the method saw."""
    graph = picture.graphs[0]
    assert graph.slope is not None
    places = reach(picture, graph)
    axes.plot(places[:, 0], graph.slope(places)[:, 0], color=LINE, label=f"{graph.name}'", zorder=1)
    iterates = near(picture)
    steps(axes, picture, np.column_stack([iterates[:, 0], graph.slope(iterates)[:, 0]]))
    labelled(axes, picture.state, f"{graph.name}'({picture.state})")


def steps(axes: Any, picture: Picture, path: np.ndarray) -> None:
    """Points in their order, each joined to the next by an arrow; those of a cycle in red."""
    colour = CYCLE if picture.period else PATH
    for before, after in pairwise(path):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.1, "connectionstyle": "arc3,rad=-0.25", "shrinkB": 4}
        axes.annotate("", after, before, arrowprops=arrow, zorder=3)
    word = f"a cycle of {picture.period}" if picture.period else "iterates"
    axes.plot(path[:, 0], path[:, 1], "o", ms=5, color=colour, label=word, zorder=4)
    for number, point in enumerate(path[: picture.period or None]):
        axes.annotate(str(number), point, xytext=(5, 6), textcoords="offset points", fontsize=9, color=colour)


# ---------------------------------------------------------------- two dimensions


def plane(axes: Any, picture: Picture, graph: Graph) -> None:
    """Level lines of f with the path of the iterates."""
    iterates = near(picture)
    seen = np.vstack([iterates, graph.points])
    centre, half = (seen.max(0) + seen.min(0)) / 2, 0.65 * (np.ptp(seen, axis=0).max() or 1.0)
    sides = [np.linspace(c - half, c + half, GRID // 4) for c in centre]
    if graph.value is not None:
        x, y = np.meshgrid(*sides)
        heights = graph.value(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
        axes.contour(x, y, heights, 18, colors=KNOT, linewidths=0.7, zorder=1)
    axes.plot(graph.points[:, 0], graph.points[:, 1], "o", ms=3, color=LINE, zorder=2, label=f"points of {graph.name}")
    steps(axes, picture, iterates)
    axes.set_aspect("equal")
    axes.set(xlim=(sides[0][0], sides[0][-1]), ylim=(sides[1][0], sides[1][-1]))
    labelled(axes, f"{picture.state}[1]", f"{picture.state}[2]")
    axes.set_title(f"level lines of {graph.name}" if graph.value is not None else "", fontsize=10)


def course(axes: Any, picture: Picture) -> None:
    """The iterates against the steps; their size on a logarithmic scale where they run away or shrink."""
    count = range(len(picture.iterates))
    colour = CYCLE if picture.period else PATH
    if picture.iterates.shape[1] == 1 and picture.period:
        axes.plot(count, picture.iterates[:, 0], "o-", ms=4, lw=0.9, color=colour)
        labelled(axes, "step", picture.state, legend=False)
        return
    axes.plot(count, np.linalg.norm(picture.iterates, axis=1), "o-", ms=4, lw=0.9, color=colour)
    sizes = np.linalg.norm(picture.iterates, axis=1)
    if sizes.min() > 0 and sizes.max() > 10 * sizes.min():
        axes.set_yscale("log")
    labelled(axes, "step", f"|{picture.state}|", legend=False)


def labelled(axes: Any, x: str, y: str, legend: bool = True) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=9, framealpha=0.85, edgecolor="none")
