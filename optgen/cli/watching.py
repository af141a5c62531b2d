"""What a long command shows while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optgen.evolution import Progress


ROWS = 24  # of the table; a search over the reals has no more sizes


class watching:
    """A table of the front that grows, on a terminal only."""

    def __init__(self) -> None:
        self.live: Any = None

    def __enter__(self) -> Any:
        import sys

        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.live import Live

        self.live = Live(console=Console(stderr=True), transient=True, refresh_per_second=4)
        self.live.start()
        return self.show

    def show(self, progress: Progress) -> None:
        from rich.table import Table

        table = Table(title=f"epoch {progress.epoch}, {progress.fits:,} fits, {progress.seconds:.0f} s")
        table.add_column("operations" if len(progress.errors) <= ROWS else "cost", justify="right")
        table.add_column("error", justify="right")
        least, rows = 1e200, []
        for size, error in enumerate(progress.errors, start=1):
            if error < least:
                least = error
                rows.append((str(size), f"{error:.3g}"))
        for row in rows[-ROWS:]:
            table.add_row(*row)
        self.live.update(table)

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()
