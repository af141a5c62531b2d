"""`optgen compile FILE`"""

from __future__ import annotations

from pathlib import Path

import click

from optgen.cli.options import backend_option, choice_options, dtype_option

ENDINGS = {"llvm": "ll", "numba": "py", "jax": "py", "numpy": "py"}


@click.command("compile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@choice_options
@backend_option
@dtype_option
@click.option(
    "-o", "--output", type=click.Path(file_okay=False), help="A directory for the source; else it is printed."
)
def command(
    file: str, algorithm: str | None, problem: str | None, backend: str, dtype: str, output: str | None
) -> None:
    """Compile a method on a problem and write its source.

    For numpy, numba and jax that is a readable Python file that needs nothing of optgen, for llvm the module's text.

    Example: optgen compile specs/adabelief.opt --problem logistic --backend jax -o build
    """
    import optgen

    text = optgen.source(optgen.load(file), algorithm=algorithm, problem=problem, backend=backend, dtype=dtype)
    if output is None:
        click.echo(text, nl=False)
        return
    directory = Path(output)
    directory.mkdir(parents=True, exist_ok=True)
    parts = [part for part in (algorithm or Path(file).stem, problem, backend) if part]
    target = directory / f"{'_'.join(parts)}.{ENDINGS[backend]}"
    target.write_text(text, encoding="utf-8")
    click.echo(f"{target}: {len(text.splitlines())} lines")
