"""`optgen run FILE`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from optgen.cli.options import backend_option, choice_options, dtype_option, number, pairs, read_array
from optgen.cli.output import warnings_as_lines

if TYPE_CHECKING:
    from optgen.runtime import Result


@click.command("run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@choice_options
@click.option("--experiment", help="The experiment; may be left out when the file has one.")
@click.option(
    "--data", multiple=True, metavar="NAME=PATH", help="Data from a .npy, .csv or .txt file or FILE.npz:ENTRY."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=NUMBER", help="A parameter or dimension.")
@click.option("--steps", type=int, help="The most steps to do.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of all draws.")
@backend_option
@dtype_option
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the traces to this file (.png, .pdf, .svg).")
@click.option("--save", type=click.Path(dir_okay=False), help="Save states and traces to this .npz file.")
def command(
    file: str, algorithm: str | None, problem: str | None, experiment: str | None, data: tuple[str, ...],
    settings: tuple[str, ...], steps: int | None, seed: int, backend: str, dtype: str, plot: str | None,
    save: str | None,
) -> None:  # fmt: skip
    """Solve a problem: with data from files, or as the file's experiment says.

    Examples: optgen run specs/adabelief.opt --steps 100 --plot loss.png;
    optgen run specs/adabelief.opt --problem logistic --data A=A.npy --data y=y.npy --set lr=1e-2
    """
    import optgen

    given: dict[str, Any] = {name: read_array(place, name) for name, place in pairs(data, "--data").items()}
    given |= {name: number(text, name) for name, text in pairs(settings, "--set").items()}
    if steps is not None:
        given["steps"] = steps
    spec = optgen.load(file)
    options = {"backend": backend, "dtype": dtype}
    planned = None if data or problem else _planned(spec, experiment)
    with warnings_as_lines():
        if planned is None:
            solver = optgen.compile(spec, algorithm=algorithm, problem=problem, **options)
            results = {solver.program.name: solver(seed=seed, **given)}
        else:
            results = _run_experiment(spec, planned, algorithm, given, seed, options)
    if save is not None:
        for name, result in results.items():
            result.save(save if len(results) == 1 else f"{save.removesuffix('.npz')}_{name}.npz")
    if plot is not None:
        from optgen.cli.plots import draw

        draw(results, plot, planned.plots if planned is not None else ())
    for name, result in results.items():
        click.echo(repr(result) if name == result.name else f"{name} = {result!r}")
    if plot is not None:
        click.echo(f"plot: {plot}")
    if any(result.status in ("failed", "diverged") for result in results.values()):
        raise click.exceptions.Exit(3)
    if any(result.status == "interrupted" for result in results.values()):
        raise click.exceptions.Exit(130)


def _planned(spec: Any, name: str | None) -> Any:
    """The experiment of a file, read; None if the file has none and none was asked for."""
    from optgen.experiments import experiments, read

    known = experiments(spec.file)
    if name is None and len(known) != 1:
        if not known:
            return None
        raise click.UsageError(f"the file has several experiments; choose one: --experiment {next(iter(known))}")
    if name is not None and name not in known:
        raise click.UsageError(f"the file has no experiment {name}; it has {', '.join(known) or 'none'}")
    group = known[name or next(iter(known))]
    unread = sorted({line.kind for line in group.lines("expect", "table", "quick", "seeds")})
    if unread:
        click.echo(f"note: `run` does not look at the experiment's {', '.join(unread)} yet", err=True)
    return read(group)


def _run_experiment(
    spec: Any, planned: Any, algorithm: str | None, given: dict[str, Any], seed: int, options: dict[str, str]
) -> dict[str, Result]:
    """The runs of an experiment, one after the other; what the command line gives takes precedence."""
    import optgen

    results = {}
    for run in planned.runs:
        if algorithm is not None and algorithm not in (run.name, run.algorithm):
            continue
        solver = optgen.compile(spec, algorithm=run.algorithm, problem=planned.problem, **options)
        names = [slot.name for slot in solver.program.slots if slot.kind != "start"]
        results[run.name] = solver(seed=seed, **{**planned.inputs(names), **run.inputs, **given})
    if not results:
        raise click.UsageError(
            f"the experiment has no run {algorithm}; it has {', '.join(r.name for r in planned.runs)}"
        )
    return results
