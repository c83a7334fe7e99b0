"""Which pages are there? A small file for each says what the index shows of it.

A page's file is written right after the page, whole or not at all: what a kill leaves is listed by
the next call. A page that its user deleted is listed no more.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from neurons.files import write_file, write_unflushed

_ENTRIES = Path("assets") / "pages"
_NAMES = Path("assets") / "names.js"
_BESIDE = Path("assets") / "beside.json"
# columns of numbers in an index
_MOST_COLUMNS = 5
_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?%?|-|nan|none", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """What the index says of a page.

    Parameters
    ----------
    file : str
        Of the page, in the report's folder.
    title, summary : str
    facts : sequence of (str, str)
    thumbs : sequence of (str, str)
        Small pictures: the file, in the report's folder, and what it shows.
    """

    file: str
    title: str
    summary: str
    facts: Sequence[Sequence[str]]
    thumbs: Sequence[Sequence[str]]

    def fact(self, name: str) -> str:
        """Give a fact by its name; empty if there is none."""
        return dict((each[0], each[1]) for each in self.facts).get(name, "")


def keep_entry(out: Path, entry: Entry) -> None:
    """Write what the index shows of a page."""
    content = json.dumps(asdict(entry), ensure_ascii=False, indent=1)
    write_unflushed(_entry_file(out, entry.file), content.encode("utf-8", "backslashreplace"))


def has_entry(out: Path, file: str) -> bool:
    """Tell whether a page is there already."""
    return _entry_file(out, file).is_file() and (out / file).is_file()


def read_entries(out: Path) -> list[Entry]:
    """Read the entries of all pages that are there, by title, numbers in titles by size."""
    found = []
    for file in (out / _ENTRIES).glob("*.json"):
        try:
            entry = Entry(**json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            # of another version, or torn by a power cut: its page is written again by its command
            continue
        if (out / entry.file).is_file():
            found.append(entry)
        else:
            file.unlink(missing_ok=True)
    return sorted(found, key=lambda entry: _natural(entry.title))


def columns(entries: Sequence[Entry]) -> list[tuple[str, bool]]:
    """Choose the facts that an index shows as columns, and tell which are numbers.

    Those that most pages have, in their order; one that is the same everywhere tells nothing.
    """
    counted = Counter(fact[0] for entry in entries for fact in entry.facts)
    told = []
    for name in counted:
        values = [entry.fact(name) for entry in entries if entry.fact(name)]
        if len(entries) > 1 and len(values) == len(entries) and len(set(values)) == 1:
            continue
        told.append((name, all(map(is_number, values))))
    kept = sorted(told, key=lambda each: -counted[each[0]])[:_MOST_COLUMNS]
    return [each for each in told if each in kept]


def is_number(text: str) -> bool:
    """Tell whether a text is a number, a percentage, or what stands where there is none."""
    return _NUMBER.fullmatch(text) is not None


def pages_of(out: Path, entries: Sequence[Entry], beside: Sequence[Path] = ()) -> dict[str, str]:
    """Give the file of every page by title, of this report and of those beside it."""
    found: dict[str, str] = {}
    for folder in beside:
        there = os.path.relpath(folder, out)
        found.update({entry.title: f"{there}/{entry.file}" for entry in read_entries(folder)})
    # what is in the report itself comes before what is beside it
    found.update({entry.title: entry.file for entry in entries})
    return found


def write_names(out: Path, entries: Sequence[Entry], pages: Mapping[str, str]) -> None:
    """Write what a page's script needs: which pages are there, and what the index can be asked."""
    words = Counter(fact[1] for entry in entries for fact in entry.facts if not is_number(fact[1]))
    content = {
        "order": [entry.title for entry in entries],
        "pages": dict(pages),
        "named": dict(words),
    }
    text = json.dumps(content, ensure_ascii=True).replace("<", "\\u003c")
    write_file(out / _NAMES, f"window.PAGES = {text};\n".encode())


def keep_beside(out: Path, beside: Sequence[Path]) -> list[Path]:
    """Remember which other reports this one's pages link to, and give all that are there."""
    file = out / _BESIDE
    held: list[str] = []
    if file.is_file():
        held = [str(each) for each in json.loads(file.read_text(encoding="utf-8"))]
    told = [os.path.relpath(folder.resolve(), out.resolve()) for folder in beside]
    every = list(dict.fromkeys([*held, *told]))
    if every != held:
        write_file(file, json.dumps(every).encode())
    there = (out / each for each in every)
    return [
        folder
        for folder in there
        if (folder / _ENTRIES).is_dir() and folder.resolve() != out.resolve()
    ]


def _entry_file(out: Path, file: str) -> Path:
    return out / _ENTRIES / f"{Path(file).stem}.json"


def _natural(title: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", title.casefold())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
