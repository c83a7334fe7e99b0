"""How does the command line talk? Bars, tables, two consoles."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from neurons.results.blocks import Block
    from neurons.results.result import Result

# results go to stdout, which may be piped; bars and errors to stderr
out_console, console = Console(), Console(stderr=True)


class Bar:
    """A progress bar that appears with the first thing done, so that an error stands alone."""

    def __init__(self, what: str, unit: str, *, per_minute: bool = False) -> None:
        from rich.progress import (  # the help shows no bar, and need not wait for it
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._what, self._unit = what, unit
        self._seconds, self._per = (60, "min") if per_minute else (1, "s")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the bar as it stands."""
        if self._bar.live.is_started:
            self._bar.stop()

    def show(self, done: int, total: int, remark: str = "") -> None:
        """Show how many of how many are done."""
        if not self._bar.tasks:
            self._bar.start()
            self._since, self._first = time.monotonic(), done
            self._bar.add_task(self._what, total=total, completed=done, told="")
        seconds = time.monotonic() - self._since
        rate = ""
        if seconds > 0.5 and done > self._first:
            speed = (done - self._first) / seconds * self._seconds
            rate = f"{speed:,.1f} {self._unit}/{self._per}"
        told = ", ".join(part for part in (rate, remark) if part)
        self._bar.update(self._bar.task_ids[0], completed=done, told=told)


def table(*columns: str) -> Table:
    """Begin a table."""
    begun = Table(box=None, header_style="bold", pad_edge=False)
    for i, column in enumerate(columns):
        # the first column is there to be copied: it is never broken
        begun.add_column(column, no_wrap=i == 0, overflow="fold")
    return begun


def say(text: str) -> None:
    """Tell a sentence, unwrapped and without markup, so that it can be piped."""
    out_console.print(Text(text), soft_wrap=True)


def say_path(what: str, path: Path) -> None:
    """Tell where something was written."""
    say(f"{what}: {path}")


def show(result: Result, *blocks: Block) -> None:
    """Tell what was found, and draw some of the result's blocks below it."""
    from neurons.results.drawn import as_text  # with numpy, which the help does not need

    say(result.verdict())
    for block in blocks:
        out_console.print(as_text(block))
