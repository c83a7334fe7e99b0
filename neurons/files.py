"""How are files written, so that nothing is ever torn or lost?

Whole: beside their place, flushed to the disk, and renamed into it. `neurons.folders` says which
folders may be written into.
"""

from __future__ import annotations

import os
from pathlib import Path

from neurons.errors import OptionError, OutputExistsError


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and rename it into its place.

    A kill, or a power cut, leaves the file that was there before or the new one, whole.
    """
    part = _beside(path)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    move(part, path)


def check_place(path: Path) -> None:
    """Refuse a folder's place where there is a file, or where nothing can be written.

    Raises
    ------
    OptionError
        If it is.
    """
    there = next(each for each in (path, *path.parents) if os.path.lexists(each))
    if not there.is_dir():
        where = "it" if there == path else repr(str(there))
        raise OptionError(
            f"no folder can be made at {str(path)!r}: {where} is a file; choose another name"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise OptionError(
            f"{str(path)!r} cannot be written: there is no permission to write in {str(there)!r}; "
            f"choose another folder"
        )


def check_file(path: Path) -> None:
    """Refuse a file's place where there is a folder, or where nothing can be written.

    Raises
    ------
    OptionError
        If it is.
    """
    if path.is_dir():
        raise OptionError(f"{str(path)!r} is a folder, and a file is to be written; name a file")
    check_place(path.parent)


def write_new(path: Path, content: bytes, *, replace: bool = False) -> Path:
    """Write a file whose name a user chose: never over another one.

    Raises
    ------
    OutputExistsError
        If a file with other content is there, and may not be replaced.
    OptionError
        As `check_file`.
    """
    check_file(path)
    if path.exists() and not replace and path.read_bytes() != content:
        raise OutputExistsError(
            f"{str(path)!r} is there already, with other content; choose another name, or replace "
            f"it (replace=True)"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)
    return path


def write_unflushed(path: Path, content: bytes) -> None:
    """Write a file that can be made again, such as one of a page's hundred pictures.

    A kill leaves it whole; a power cut may not. Nothing waits for the disk, which `write_file`
    does for some 5 ms a file.
    """
    part = _beside(path)
    part.write_bytes(content)
    part.replace(path)


def move(part: Path, path: Path) -> None:
    """Rename a finished file or folder into its place; it is there after a power cut, too."""
    part.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Flush a file that something else wrote to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's list of names to the disk, where the system can: Windows cannot."""
    if os.name == "nt":
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")
