"""How are lists and conditions written? Parted by commas, repeated, or one a line in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from neurons.errors import OptionError
from neurons.results.choosing import SIGNS, Condition

_CONDITION = re.compile(rf"(\w+)\s*({'|'.join(map(re.escape, SIGNS))})\s*(.*)")


# what a file of strings is called, and hardly any string is
_LISTS, _PATHS = {".txt", ".csv", ".tsv", ".json"}, ("/", "./", "../", "~/")


def parted(texts: Sequence[str]) -> list[str]:
    """Read an option that may be repeated, and whose values may be parted by commas."""
    return [part for text in texts for part in text.split(",") if part]


def listed(text: str) -> list[str]:
    """Read strings: a file with one a line, or parted by commas.

    Raises
    ------
    OptionError
        If there are none, or what looks like a file's name is no file.
    """
    path = Path(text)
    if not path.is_file() and (path.suffix in _LISTS or text.startswith(_PATHS)):
        raise OptionError(f"no file {text!r}; give one with a string per line, or name strings")
    found = lines(path) if path.is_file() else [part.strip() for part in text.split(",")]
    if not any(found):
        raise OptionError(f"no strings in {text!r}; part them by commas, or name a file of them")
    return [part for part in found if part]


def lines(path: Path) -> list[str]:
    """Read the lines of a text file that are not empty."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def conditions(texts: Sequence[str]) -> list[Condition]:
    """Read conditions such as ``lift>10`` and ``class=dog``.

    Raises
    ------
    OptionError
        If one has another form.
    """
    found = []
    for text in texts:
        match = _CONDITION.fullmatch(text.strip())
        if match is None:
            raise OptionError(
                f"{text!r} is no condition: write COLUMN, one of {' '.join(SIGNS)}, and a value, "
                f"such as 'lift>10' or 'class=dog'"
            )
        found.append(Condition(*match.groups()))
    return found


def read_groups(path: Path) -> dict[str, tuple[str, ...]]:
    """Read groups of classes, one a line: ``animal: dog, cat, horse``; ``#`` begins a remark.

    Raises
    ------
    OptionError
        If there is no such file, a line has another form, or two groups have one name.
    """
    if not path.is_file():
        raise OptionError(f"no file of groups at {str(path)!r}")
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, colon, rest = text.partition(":")
        classes = tuple(part.strip() for part in rest.split(",") if part.strip())
        if not colon or not name.strip() or not classes:
            raise OptionError(
                f"{path.name!r}, line {number}: write NAME: CLASS, CLASS, not {line.strip()!r}"
            )
        if name.strip() in found:
            raise OptionError(f"{path.name!r}, line {number}: a second group {name.strip()!r}")
        found[name.strip()] = classes
    return found
