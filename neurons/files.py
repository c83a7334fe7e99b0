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

from neurons.errors import OptionError, RunLockedError, StaleActivationsError

NAME = ".lock"
# where a model lay is not what it was
_NOT_COMPARED = ("model.name:",)


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
            f"--out"
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
        What messages call it.
    settings : str
        Name of the file that keeps what the things in the folder depend on.
    depends_on : mapping
        Plain values.

    Raises
    ------
    StaleActivationsError
        If what is there was made in another way; the message says what differs.
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
            found = differences(held, asked, holder=f"the {what}")
            found = [line for line in found if not line.startswith(_NOT_COMPARED)]
            if found:
                raise StaleActivationsError(
                    f"{what} {str(path)!r} was made in another way ({'; '.join(found)}); ask for "
                    f"the same, or choose another --out"
                )
        elif any(not found.name.startswith((NAME, settings)) for found in path.iterdir()):
            raise OptionError(f"{str(path)!r} is not empty and is no {what}; choose another --out")
        else:
            write_file(file, (json.dumps(asked, indent=1) + "\n").encode())
        yield


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and rename it into its place."""
    part = path.with_name(f"{path.name}.partial")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def sync_file(path: Path) -> None:
    """Flush a file that something else wrote to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def differences(
    held: Mapping[str, Any], asked: Mapping[str, Any], at: str = "", *, holder: str = "the run"
) -> list[str]:
    """List where two nested mappings differ, key by key, as far as ``asked`` has the key."""
    found = []
    if at == "layers." and set(held) != set(asked):
        return [f"layers: {holder} has {', '.join(held)}, asked is {', '.join(asked)}"]
    for key, value in asked.items():
        there = held.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            found += differences(there, value, f"{at}{key}.", holder=holder)
        elif there != value:
            found.append(f"{at}{key}: {holder} has {_short(there)}, asked is {_short(value)}")
    return found


def _short(value: object) -> str:
    # two hashes differ in their first digits
    return f"{value[:12]!r}" if isinstance(value, str) and len(value) == 64 else repr(value)
