"""What lies in a folder that the toolkit wrote? One file of it, its marker, tells."""

from __future__ import annotations

import difflib
import json
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

LOCK = ".lock"
# what says of pages, and of answers, what they are and how they were made
MADE = "made.json"
# what file managers leave behind
_NOT_LOOKED_AT = frozenset({LOCK, ".DS_Store", "Thumbs.db"})
_PAGES = ("index.html", "*.html", "assets", "images")
_RESULT = ("result.json", "arrays*.npz", "table.csv")


@dataclass(frozen=True)
class FolderKind:
    """What a folder of ours is called, which file tells how it was made, and what lies in it.

    Parameters
    ----------
    what : str
        As messages call it, such as ``report``.
    marker : str
        The file with the settings that it was made with.
    names : tuple of str
        Patterns of all else that may lie there; ``*/result.json`` is a folder with that file.
    settings_at : str
        Under which key of the marker the settings are; empty: they are all of it.
    marked_last : bool
        Whether the marker is written when the rest is there: without it, it was only begun.
    """

    what: str
    marker: str
    names: tuple[str, ...]
    settings_at: str = ""
    marked_last: bool = False

    def __str__(self) -> str:
        return f"an {self.what}" if self.what[0] in "aeiou" else f"a {self.what}"

    def owns(self, found: Path) -> bool:
        """Tell whether something in such a folder is its own."""
        name = found.name
        if name == self.marker:
            return True
        for pattern in self.names:
            head, _, rest = pattern.partition("/")
            if fnmatchcase(name, head) and (not rest or any(found.glob(rest))):
                return True
        return False

    def read(self, path: Path) -> dict[str, Any] | None:
        """Read with which settings a folder was made; None if it is none of this kind."""
        content = _read(path / self.marker)
        if content is None or (self.marker == MADE and content.get("what") != self.what):
            return None
        settings = content.get(self.settings_at) if self.settings_at else content
        return settings if isinstance(settings, dict) else None


RUN = FolderKind(
    "run",
    "zarr.json",
    (
        "images.parquet",
        "layers",
        "embeddings",
        "status",
        "sha256",
        "skipped",
        "lost",
        "dictionaries",
        "growing",
        "growing.json",
    ),
    settings_at="attributes",
    marked_last=True,
)
ALBUM = FolderKind("album", "album.json", (*_PAGES, "*/result.json"))
PROBE = FolderKind(
    "probe",
    "probe.json",
    (*_RESULT, "strength-*.npz", "where.json", "report", "classes", "*/result.json"),
)
ATTACKED = FolderKind(
    "folder of attacked images",
    "attack.json",
    ("images", "metadata.csv", "skipped.json", "parts"),
)
CONFLICTS = FolderKind(
    "folder of cue conflicts",
    "conflicts.json",
    ("images", "metadata.csv", "skipped.json", "parts"),
)
# pages of one run's units, and of one probe's classes: they grow
REPORT = FolderKind("report", MADE, (*_PAGES, "*.json", "*.csv", "*/result.json"), "settings")
CLASSES = FolderKind("report of classes", MADE, (*_PAGES, "*.json", "*/*/result.json"), "settings")
# all units of a layer
ATLAS = FolderKind("atlas", MADE, ("index.html", "assets", "data", "units.csv"), "settings")
# a study's answer: its pages, and itself to be loaded again
ANSWER = FolderKind("answer", MADE, (*_PAGES, "edit.json", "*/result.json"), "settings")
# what each lesion of a network did, and its pages; what is kept is gone on with
LESIONS = FolderKind("folder of lesions", "lesions.json", (*_PAGES, "kept", "*/result.json"))
# nothing but a run and what was made of it, each with its own marker
DEMO = FolderKind("demo", MADE, ("run", "report", "labels", "atlas"), "settings", marked_last=True)
KINDS = (
    RUN,
    ALBUM,
    PROBE,
    ATTACKED,
    CONFLICTS,
    REPORT,
    CLASSES,
    ATLAS,
    ANSWER,
    LESIONS,
    DEMO,
)


def kind_of_folder(path: Path) -> FolderKind | None:
    """Find what a folder is by its marker; None if it has none."""
    return next((kind for kind in KINDS if kind.read(path) is not None), None)


def what_is(path: Path) -> str:
    """Tell what lies in a folder, such as ``a run``; empty if it is nothing of ours.

    A folder that an earlier version wrote is known by its ``result.json``, or by its pages.
    """
    kind = kind_of_folder(path)
    if kind is not None:
        return str(kind)
    result = _read(path / "result.json")
    if result is not None and "kind" in result:
        return f"a saved {result['kind']}"
    if (path / "run" / RUN.marker).is_file() and (path / "report" / "index.html").is_file():
        return str(DEMO)
    if (path / "index.html").is_file() and (path / "assets" / "report.js").is_file():
        return "pages that do not say how they were made"
    return ""


def not_there(path: Path, kind: FolderKind, otherwise: str) -> str:
    """Say that there is no such folder: what it is instead, and which is meant perhaps.

    Parameters
    ----------
    path : Path
        What was given for a folder of ``kind``.
    kind : FolderKind
    otherwise : str
        The way out where none like it is near, such as ```neurons scan` makes one``.

    Returns
    -------
    str
        Such as ``'pages' holds a report, not a run; did you mean 'demo/run'?``.
    """
    there = what_is(path)
    if there:
        told = f"{str(path)!r} holds {there}, not {kind}"
    elif path.is_file():
        told = f"{str(path)!r} is a file, not {kind}"
    else:
        told = f"no {kind.what} at {str(path)!r}"
    inside = [str(each) for each in _folders(path) if (each / kind.marker).is_file()]
    beside = [each.name for each in _folders(path.parent) if (each / kind.marker).is_file()]
    near = difflib.get_close_matches(path.name, beside, 1)
    meant = inside[:1] or [str(path.parent / name) for name in near]
    return f"{told}; did you mean {meant[0]!r}?" if meant else f"{told}; {otherwise}"


def inside(path: Path) -> list[Path]:
    """List what is in a folder, without its lock and without what a kill left of one file."""
    return [
        each
        for each in _listed(path)
        if each.name not in _NOT_LOOKED_AT and not each.name.endswith(".partial")
    ]


def _folders(path: Path) -> list[Path]:
    return [each for each in _listed(path) if each.is_dir()]


def _listed(path: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path.iterdir())
    return []


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
