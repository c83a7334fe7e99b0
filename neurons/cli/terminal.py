"""How does the command line talk? Options that commands share, bars, tables, two consoles."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from neurons.data.images import MINIATURE, ImageSet, images
from neurons.drawn_world import labelled_pictures

# results go to stdout, which may be piped; bars and errors to stderr
out_console, console = Console(), Console(stderr=True)

MODEL_HELP = "MODEL/TAG, local-dir:PATH, hf-hub:OWNER/NAME or miniature."
ModelOption = Annotated[
    str,
    typer.Option("--model", "-m", help=MODEL_HELP),
]
ImagesOption = Annotated[
    list[str],
    typer.Option(
        "--images",
        "-i",
        help="A folder, .parquet, .tar or .txt file, hf:OWNER/NAME:SPLIT, miniature; repeat for a "
        "list.",
    ),
]
RunArgument = Annotated[Path, typer.Argument(help="A run's folder, as `neurons scan` made it.")]
LabelOption = Annotated[str, typer.Option("--label-column", help="Where a table keeps the class.")]
DeviceOption = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1; default: a GPU if any.")]


def open_images(parts: Sequence[str], label_column: str) -> ImageSet:
    """Open images, with a bar while the miniature's are drawn."""
    source = parts[0] if len(parts) == 1 else list(parts)
    if source == MINIATURE:
        with Bar("drawing", "pictures") as bar:
            labelled_pictures.folder(progress=bar.show)
    return images(source, label_column=label_column)


class Bar:
    """A progress bar that appears with the first thing done, so that an error stands alone."""

    def __init__(self, what: str, unit: str, *, per_minute: bool = False) -> None:
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


def say_path(what: str, path: Path) -> None:
    """Tell where something was written."""
    out_console.print(Text(f"{what}: {path}"), soft_wrap=True)
