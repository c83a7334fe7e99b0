"""Who may write into a folder? One process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from neurons.errors import RunLockedError

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
            f"--out"
        ) from None
    try:
        yield
    finally:
        lock.release()
