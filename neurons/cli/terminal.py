"""How does the command line talk? Bars, tables, two consoles."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
# between two lines of a log
_EVERY_SECONDS = 30


class Bar:
    """How far something is: a bar in a terminal, a line every half minute in a file.

    It appears with the first thing done, so that an error stands alone.

    Parameters
    ----------
    what : str
        What is done, such as ``scanning``.
    unit : str
        Of what, in the plural.
    per_minute : bool
        Tell the rate per minute, not per second.
    note : str
        What is to be known of it all, told before the first thing done.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self,
        what: str,
        unit: str,
        *,
        per_minute: bool = False,
        note: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._unit, self._note, self._clock = what, unit, note, clock
        self._seconds, self._per = (60, "min") if per_minute else (1, "s")
        self._display: _Drawn | _Logged | None = None
        self._first = self._done = self._total = 0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave it as it stands."""
        if self._display is not None:
            self._display.stop(self._done, self._total, self._told())
            self._display = None

    def show(self, done: int, total: int, remark: str = "") -> None:
        """Show how many of how many are done."""
        if self._display is None:
            if self._note:
                console.print(self._note, highlight=False, soft_wrap=True)
            self._since, self._first = self._clock(), done
            kind = _Drawn if console.is_terminal else _Logged
            self._display = kind(self._what, self._unit, self._clock)
        self._done, self._total, self._remark = done, total, remark
        self._display.show(done, total, self._told())

    def _told(self) -> list[str]:
        """Tell the rate as soon as there is one, and the remark."""
        seconds, n = self._clock() - self._since, self._done - self._first
        rate = ""
        if seconds > 0.5 and n > 0:
            rate = f"{n / seconds * self._seconds:,.1f} {self._unit}/{self._per}"
        return [part for part in (rate, self._remark) if part]


class _Drawn:
    """A bar in a terminal."""

    def __init__(self, what: str, unit: str, clock: Callable[[], float]) -> None:
        from rich.progress import (  # the help shows no bar, and need not wait for it
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

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
        self._task = self._bar.add_task(what, total=None, told="")
        self._bar.start()

    def show(self, done: int, total: int, told: Sequence[str]) -> None:
        self._bar.update(self._task, completed=done, total=total, told=", ".join(told))

    def stop(self, done: int, total: int, told: Sequence[str]) -> None:
        self._bar.stop()


class _Logged:
    """Lines in a file that is no terminal: one every half minute, and one at the end."""

    def __init__(self, what: str, unit: str, clock: Callable[[], float]) -> None:
        self._what, self._unit, self._clock = what, unit, clock
        self._since = self._last = clock()
        self._first: int | None = None

    def show(self, done: int, total: int, told: Sequence[str]) -> None:
        now = self._clock()
        if self._first is None:
            self._first = done
        if now - self._last < _EVERY_SECONDS or done >= total:
            return
        self._last = now
        n = done - self._first
        left = (total - done) * (now - self._since) / n if n else None
        self._line(done, total, [*told, *([f"{_clock_time(left)} left"] if left else [])])

    def stop(self, done: int, total: int, told: Sequence[str]) -> None:
        self._line(done, total, [*told, f"{_clock_time(self._clock() - self._since)} in all"])

    def _line(self, done: int, total: int, told: Sequence[str]) -> None:
        of = f"{self._what}: {done:,} of {total:,} {self._unit}"
        console.print(Text(", ".join((of, *told))), soft_wrap=True)


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
