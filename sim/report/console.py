"""What the command line prints: results to standard output, progress and faults to standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.runs import Tell

PATIENCE_SECONDS = 1.0  # anything shorter needs no progress line
BAR_WIDTH = 24
MIN_WIDTH = 100  # of a file or a pipe, which have no width of their own


def show(*renderables: RenderableType) -> None:
    """Print tables or text to standard output."""
    from rich.console import Console  # slow to import

    asked = sys.stdout.isatty() or "COLUMNS" in os.environ  # the terminal's width, or the one asked for
    console = Console(width=None if asked else MIN_WIDTH, highlight=False)
    for renderable in renderables:
        console.print(renderable)


def show_text(text: str) -> None:
    """Write plain text to standard output, exactly as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_json(content: Any) -> None:
    """Write strict JSON to standard output; numbers that are not finite become null."""
    from sim.analysis.store import json_text
    from sim.analysis.summary import finite  # numpy is slow to import

    show_text(json_text(finite(content)))


def show_fault(message: str) -> None:
    """Write a fault to standard error, red where the terminal can."""
    from rich.console import Console  # slow to import
    from rich.text import Text

    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(message, style="bold red"))


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Tell]:
    """Give a function that shows a bar of what is being done, once it has lasted over a second.

    Nothing is shown off a terminal.

    Parameters
    ----------
    quiet : bool
        Never show anything.

    Yields
    ------
    callable
        Takes the words for the stage that begins, and the share of it that is done where that is known.
    """
    if quiet or not sys.stderr.isatty():
        from sim.analysis.runs import silent

        yield silent
        return
    from rich.console import Console  # slow to import
    from rich.live import Live

    stage = _Stage()
    with Live(stage, console=Console(stderr=True), transient=True, refresh_per_second=8):
        yield stage.begin


class _Stage:
    """One line with a bar, empty for the first second of the whole."""

    def __init__(self) -> None:
        self._words, self._share = "", 0.0
        self._known = False
        self._started = time.monotonic()

    def begin(self, words: str, share: float | None = None, /) -> None:
        self._words, self._known = words, share is not None
        self._share = 0.0 if share is None else share

    def __rich__(self) -> RenderableType:
        if time.monotonic() - self._started <= PATIENCE_SECONDS:
            return ""
        from rich.progress_bar import ProgressBar  # slow to import
        from rich.table import Table

        bar = ProgressBar(total=1.0, completed=self._share, pulse=not self._known, width=BAR_WIDTH)
        line = Table.grid(padding=(0, 1))
        line.add_row(bar, f"{self._share:4.0%}" if self._known else "    ", self._words)
        return line
