"""How are made pictures kept, so that a kill loses at most the batch under way?

An album is a folder: ``album.json`` with all that the pictures depend on, and a folder for each
target with its result and its pictures as PNG. A target's folder is filled beside its place and
renamed into it: if it is there, it is whole.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurons.errors import AlbumNotFoundError
from neurons.files import move, write_file
from neurons.folder_kinds import ALBUM, not_there
from neurons.folders import folder_for_writing
from neurons.visualization.result import Visualization

FORMAT = 1


@dataclass(frozen=True)
class Album:
    """Pictures of many targets, made in the same way; see `open_album` and `album_for_writing`."""

    path: Path

    def made_of(self) -> dict[str, Any]:
        """Tell what the pictures depend on: the model, the settings, the run."""
        return ALBUM.read(self.path) or {}

    def has(self, target: str) -> bool:
        """Tell whether the target's pictures are there."""
        return (self.path / folder_name(target) / "result.json").is_file()

    def check(self, target: str) -> None:
        """Raise AlbumNotFoundError if the target's pictures are not there."""
        if not self.has(target):
            raise AlbumNotFoundError(
                f"album {str(self.path)!r} has no pictures of {target!r}; make them with "
                f"`neurons visualize` into the same folder"
            )

    def get(self, target: str) -> Visualization:
        """Read a target's pictures.

        Raises
        ------
        AlbumNotFoundError
            If the album has none of it.
        """
        self.check(target)
        return Visualization.load(self.path / folder_name(target))

    def keep(self, made: Visualization) -> None:
        """Write a target's pictures, all or nothing."""
        place = self.path / folder_name(made.target)
        part = place.with_name(f"{place.name}.partial")
        shutil.rmtree(part, ignore_errors=True)
        made.save(part)
        for picture in made.pictures:
            name = re.sub(r"[^\w.-]+", "-", picture.name, flags=re.ASCII)
            write_file(part / f"{name}.png", picture.image)
        move(part, place)


def open_album(path: str | Path) -> Album:
    """Open an album to read it.

    Raises
    ------
    AlbumNotFoundError
        If there is none.
    """
    path = Path(path)
    if ALBUM.read(path) is None:
        raise AlbumNotFoundError(not_there(path, ALBUM, "`neurons visualize` makes one"))
    return Album(path)


@contextmanager
def album_for_writing(
    path: Path, depends_on: Mapping[str, Any], *, replace: bool = False
) -> Iterator[Album]:
    """Begin an album, or go on with one that was made in the same way, and hold its lock.

    Parameters
    ----------
    path : Path
    depends_on : mapping
        Plain values: the model, the settings, the run.
    replace : bool
        Whether pictures that were made in another way may be replaced.

    Raises
    ------
    OutputExistsError
        If they were, and may not; the message says what differs.
    RunLockedError
        If another process is writing it.
    OptionError
        If the folder holds something else.
    """
    with folder_for_writing(path, ALBUM, {"format": FORMAT, **depends_on}, replace=replace):
        yield Album(path)


def folder_name(target: str) -> str:
    """Give a safe name; different targets have different ones."""
    safe = re.sub(r"[^\w.-]+", "-", target, flags=re.ASCII)[:80].lstrip(".")
    if safe == target.replace(":", "-") and re.fullmatch(r"[\w.]+:\d+", target, flags=re.ASCII):
        return safe
    return f"{safe}-{hashlib.sha256(target.encode()).hexdigest()[:8]}"
