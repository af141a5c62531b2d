"""The group of commands, each imported when it is called, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from optgen import __version__

COMMANDS = {
    "new": "write a commented spec to start from",
    "check": "names, types, shapes, domains: every error, with its place",
    "fmt": "format specs",
    "compile": "compile a method on a problem; write its source",
    "run": "solve, with data from files or from the spec's experiment",
    "verify": "a verdict on every claim: proved, refuted, or unknown",
    "explain": "the program after each pass; or what an error code means",
    "search": "evolve programs of few operations for a function; their errors are proved",
    "seeds": "the same search with several seeds, as a table; the best finds kept",
    "reproduce": "find a find of a search again, and prove it again",
    "finds": "what searches have found, beside the best of approximation theory",
    "list": "the shipped specs",
    "function": "compile an elementwise function: its error, its speed, its code; or list those that ship",
    "bench": "times against the installed peers, as ratios in one run",
}

EXTRAS = {  # what a command needs beyond the core
    "function": "functions", "search": "search", "seeds": "search", "reproduce": "search", "verify": "proof",
}  # fmt: skip

FAILED = {"verify": 3}  # the exit code of any error, where 1 and 2 mean something else


class Commands(click.Group):
    """Commands known by name and one line, so that help and dispatch import none of the others."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"optgen.cli.{name}_command").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, context: click.Context, words: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if words and words[0] not in COMMANDS and not words[0].startswith("-"):
            from optgen.diagnostics import suggestion

            hint = suggestion(words[0], COMMANDS)
            context.fail(f"no command {words[0]}" + (f"; {hint}" if hint else ""))
        return super().resolve_command(context, words)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="optgen", message="optgen %(version)s")
def cli() -> None:
    """A compiler from declarative specs of numerical methods to fast solvers."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code."""
    sys.exit(invoke(arguments))


def invoke(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(arguments, prog_name="optgen", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as left:
        return int(left.exit_code)
    except click.ClickException as error:
        error.show()
        return FAILED.get(_command(words), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone, for example `optgen list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _report(error, words)


def _command(words: list[str]) -> str:
    return next((word for word in words if word in COMMANDS), "")


def _report(error: Exception, words: list[str]) -> int:
    """A plain message for whatever went wrong; the traceback of a bug only if OPTGEN_DEBUG is set."""
    from optgen.diagnostics import SpecError

    if isinstance(error, SpecError):
        from optgen.cli.output import show

        show(error.diagnostics)
        return FAILED.get(_command(words), 1)
    if isinstance(error, OSError):
        click.echo(f"error: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""), err=True)
        return FAILED.get(_command(words), 1)
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] != "optgen":
        extra = EXTRAS.get(_command(words), "all")
        click.echo(f"error: this needs {error.name}, which is not installed", err=True)
        click.echo(f'  = help: pip install "optgen[{extra}]" (in a checkout: pip install ".[{extra}]")', err=True)
        return FAILED.get(_command(words), 1)
    if os.environ.get("OPTGEN_DEBUG"):
        raise error
    click.echo(f"error: {type(error).__name__}: {error}", err=True)
    click.echo("this is a bug of optgen; OPTGEN_DEBUG=1 shows where it happened", err=True)
    return 3
