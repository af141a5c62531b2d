"""The command line: `optgen check`, `compile`, `run`, `explain`, `fmt`, `list`,
`new`, `function`, `bench`.

In: words of a shell.  Out: text on the terminal, files that were asked for, an exit code: 0 done, 1 the spec or what
was given is wrong, 2 the command itself is wrong, 3 a run ended failed or diverged, or optgen has a bug, 130
interrupted.  Must not know: anything but the public API.

Each command is a module of its name, imported only when it is the one that was called.
"""

from optgen.cli.group import main

__all__ = ["main"]
