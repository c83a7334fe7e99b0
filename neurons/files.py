"""How are files written, so that nothing is ever torn, mixed or lost?

Whole (beside their place, flushed to the disk, renamed), locked (one process a folder), and gone on
with only where what is there was made in the same way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from neurons.errors import MismatchError, OptionError, RunLockedError

NAME = ".lock"


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Make a folder and hold its lock.

    Raises
    ------
    RunLockedError
        If another process is writing there; it calls the folder ``what``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunLockedError(
            f"another process is writing {what} {str(folder)!r}; wait for it, or choose another "
            f"folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def folder_for_writing(
    path: Path, what: str, settings: str, depends_on: Mapping[str, Any]
) -> Iterator[None]:
    """Make a folder, or go on with one that has the same settings, and hold its lock.

    Parameters
    ----------
    path : Path
    what : str
        What messages call it, such as ``album``.
    settings : str
        Name of the file that keeps what the things in the folder depend on.
    depends_on : mapping
        Plain values.

    Raises
    ------
    MismatchError
        If what is there was made with other settings; the message says which differ.
    RunLockedError
        If another process is writing there.
    OptionError
        If the folder holds something else.
    """
    with locked(path, what):
        asked = json.loads(json.dumps(depends_on))
        file = path / settings
        if file.is_file():
            held = json.loads(file.read_text(encoding="utf-8"))
            told = mismatch(path, what, held, asked)
            if told:
                raise MismatchError(told)
        elif any(not found.name.startswith((NAME, settings)) for found in path.iterdir()):
            raise OptionError(f"{str(path)!r} is not empty and is no {what}; choose another folder")
        else:
            write_file(file, (json.dumps(asked, indent=1) + "\n").encode())
        yield


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


def mismatch(path: Path, what: str, held: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Say in one line which settings something was made with that are not asked; empty if none."""
    found = differences(held, asked, holder=f"the {what}")
    if not found:
        return ""
    return (
        f"{what} {str(path)!r} was made with other settings ({'; '.join(found)}); ask for the "
        f"same, or choose another folder"
    )


def differences(
    held: Mapping[str, Any], asked: Mapping[str, Any], at: str = "", *, holder: str = "the run"
) -> list[str]:
    """List where two nested mappings differ, key by key, as far as ``asked`` has the key.

    Where things lay is no difference: a moved folder holds the same images, and a moved model
    has the same weights.
    """
    found = []
    if at == "layers." and set(held) != set(asked):
        return [f"layers: {holder} has {', '.join(held)}, asked is {', '.join(asked)}"]
    for key, value in asked.items():
        if _is_place(f"{at}{key}"):
            continue
        there = held.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            found += differences(there, value, f"{at}{key}.", holder=holder)
        elif there != value:
            found.append(f"{at}{key}: {holder} has {_short(there)}, asked is {_short(value)}")
    return found


def _is_place(key: str) -> bool:
    return key.split(".")[-1] == "where" or key.split(".")[-2:] == ["model", "name"]


def _short(value: object) -> str:
    # two hashes differ in their first digits
    return f"{value[:12]!r}" if isinstance(value, str) and len(value) == 64 else repr(value)
