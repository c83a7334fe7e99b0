"""May this folder be written into?

One rule holds for everything that is written, by commands and by Python calls alike:

* a file in the folder's place, a folder of other things, and one that cannot be written are
  refused;
* what was made there with other settings is never replaced silently: the message says what
  differs, and ``replace=True`` replaces it;
* with the same settings a folder is gone on with, or gets the same bytes again.

`check_folder` says so before any work. `folder_for_writing` says it once more as it takes the
folder's lock, and writes the marker that tells what the folder is and how it was made.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from neurons.differences import differences, listed_differences, without_versions
from neurons.errors import OptionError, OutputExistsError, RunLockedError
from neurons.files import check_place, write_file
from neurons.folder_kinds import LOCK, MADE, FolderKind, inside, kind_of_folder, what_is


def check_folder(
    path: Path,
    kind: FolderKind,
    settings: Mapping[str, Any] | None = None,
    *,
    replace: bool = False,
) -> None:
    """Refuse a folder that must not be written into, before any work; nothing is made.

    Parameters
    ----------
    path : Path
    kind : FolderKind
        What is to be written there.
    settings : mapping, optional
        Plain values that it depends on; while they are not known, only the kind is compared.
    replace : bool
        Whether what other settings made may be replaced.

    Raises
    ------
    OutputExistsError
        If it was made there with other settings; the message says which.
    OptionError
        If a file is in its place, it holds something else, or cannot be written; with ``replace``
        also if it holds files besides that would be lost.
    """
    check_place(path)
    found = inside(path)
    if not found:
        return
    held = kind.read(path)
    foreign = [each.name for each in found if not kind.owns(each)]
    if held is None and (foreign or kind_of_folder(path)):
        there = what_is(path)
        told = f"holds {there}, not {kind}" if there else f"is not empty and is no {kind.what}"
        raise OptionError(f"{str(path)!r} {told}; choose another folder")
    told = _differing(path, kind, held, settings)
    if not told:
        return
    if not replace:
        raise OutputExistsError(
            f"{kind.what} {str(path)!r} {told} choose another folder, or replace it (replace=True)"
        )
    if foreign:
        raise OptionError(
            f"{kind.what} {str(path)!r} cannot be replaced: {foreign[0]!r} in it would be lost; "
            f"move that away, or choose another folder"
        )


@contextmanager
def folder_for_writing(
    path: Path, kind: FolderKind, settings: Mapping[str, Any], *, replace: bool = False
) -> Iterator[None]:
    """Make a folder, or go on with one that has the same settings, and hold its lock.

    If the body raises before it has written anything, nothing is left.

    Parameters
    ----------
    path, kind, settings, replace
        As `check_folder`. What has other settings and may be replaced is emptied first.

    Raises
    ------
    OutputExistsError, OptionError
        As `check_folder`.
    RunLockedError
        If another process is writing there.
    """
    check_folder(path, kind, settings, replace=replace)
    with locked(path, kind.what):
        # another process may have been first
        check_folder(path, kind, settings, replace=replace)
        if inside(path) and _differing(path, kind, kind.read(path), settings):
            empty(path, kind)
        begun = kind.read(path) is None
        if begun and not kind.marked_last:
            write_file(path / kind.marker, _marked(kind, settings))
        try:
            yield
        except BaseException:
            if begun and {each.name for each in inside(path)} <= {kind.marker}:
                (path / kind.marker).unlink(missing_ok=True)
            raise


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Make a folder and hold its lock; one that was made for nothing is removed again.

    Raises
    ------
    RunLockedError
        If another process is writing there; it calls the folder ``what``.
    OptionError
        As `check_place`.
    """
    check_place(folder)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
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
        if made and not inside(folder):
            # while the lock is held: who waits for it sees that its file is gone
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):
            for each in made:
                each.rmdir()


def empty(path: Path, kind: FolderKind) -> None:
    """Remove what is a folder's own, its marker first: half removed, it is nothing finished."""
    (path / kind.marker).unlink(missing_ok=True)
    for each in filter(kind.owns, inside(path)):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def _differing(
    path: Path, kind: FolderKind, held: Mapping[str, Any] | None, settings: Mapping[str, Any] | None
) -> str:
    """Say in the middle of a sentence why a folder must not be gone on with; empty if it may."""
    if held is None:
        if kind.marked_last and not (path / kind.marker).exists():
            return ""
        return "was made by an earlier version, and does not say how;"
    if settings is None:
        return ""
    found = differences(held, _plain(kind, settings), holder=f"the {kind.what}")
    if not found:
        return ""
    return f"was made with other settings ({listed_differences(found)}); ask for the same,"


def _plain(kind: FolderKind, settings: Mapping[str, Any]) -> dict[str, Any]:
    # numbers that are gone on with depend on the versions, a page does not
    plain = without_versions(settings) if kind.marker == MADE else settings
    return dict(json.loads(json.dumps(plain)))


def _marked(kind: FolderKind, settings: Mapping[str, Any]) -> bytes:
    plain = _plain(kind, settings)
    content = {"what": kind.what, "settings": plain} if kind.marker == MADE else plain
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
