"""Which pictures does an atlas show, where do they lie, and which units answer to them?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from neurons.files import write_unflushed
from neurons.pages.atlas.content import AtlasContent
from neurons.pages.atlas.index_data import N_TOP, PICTURES_A_SCRIPT, TOPS_A_SCRIPT
from neurons.pages.atlas.scripts import numbers, write_script
from neurons.pages.atlas.sheets import SMALL, Shelf, code_of, key_of, shrunk, write_sheet


def write_pictures(
    data: Path,
    building: Path,
    content: AtlasContent,
    pool: Executor,
    progress: Callable[[int, int], None],
) -> Shelf:
    """Write the sheets of the set's pictures, and what is said of each; go on after a stop.

    Pictures of one class lie beside each other: a unit's strongest images are in few sheets.

    Parameters
    ----------
    data, building : Path
        Folders of the atlas, and of what tells which sheets are there.
    content : AtlasContent
    pool : Executor
    progress : callable
        Takes how many of how many sheets are there.

    Returns
    -------
    Shelf
        The pictures that have a place now.
    """
    order = _order(content)
    shown = np.asarray(content.pictures.rows)[order]
    tops = np.asarray(content.top)[:, :N_TOP]
    # what excites a unit most is shown in lists, also where the set is shown in part
    beyond = np.setdiff1d(tops[tops >= 0], shown)
    rows = [int(row) for row in (*shown, *beyond)]
    parts = [rows[i : i + SMALL.cells] for i in range(0, len(rows), SMALL.cells)]

    def make(number: int) -> list[tuple[str, int]]:
        return _sheet(data, building, number, parts[number], content.pictures.thumbnail)

    codes: dict[str, int] = {}
    at: list[int] = []
    for done, made in enumerate(pool.map(make, range(len(parts))), 1):
        for key, code in made:
            codes.setdefault(key, code)
            at.append(code)
        progress(done, len(parts))
    _write_shown(data, content, order, at)
    _write_tops(data, tops, dict(zip(rows, at, strict=True)))
    return Shelf(SMALL, codes, len(parts))


def _order(content: AtlasContent) -> list[int]:
    labels = content.pictures.labels
    found = range(len(content.pictures.rows))
    return sorted(found, key=lambda i: (labels[i], i)) if labels else list(found)


def _sheet(
    data: Path,
    building: Path,
    number: int,
    rows: Sequence[int],
    thumbnail: Callable[[int], bytes],
) -> list[tuple[str, int]]:
    """Write one sheet, unless it is there; give its pictures' keys and codes."""
    note = building / f"sheet-{number:05d}.json"
    if note.is_file():
        return [(key, code) for key, code in json.loads(note.read_bytes())]
    images = [thumbnail(row) for row in rows]
    pixels = [shrunk(image, SMALL) for image in images]
    write_sheet(data, SMALL, number, pixels)
    first = number * SMALL.cells
    made = [
        (key_of(image), code_of(first + i, each))
        for i, (image, each) in enumerate(zip(images, pixels, strict=True))
    ]
    # after the sheet: what is noted is there
    write_unflushed(note, json.dumps(made).encode())
    return made


def _write_shown(
    data: Path, content: AtlasContent, order: Sequence[int], at: Sequence[int]
) -> None:
    pictures = content.pictures
    groups: list[list[Any]] = []
    for i in order:
        label = pictures.labels[i] if pictures.labels else ""
        if not groups or groups[-1][0] != label:
            groups.append([label, 0])
        groups[-1][1] += 1
    write_script(data, "labels", groups)
    for k, start in enumerate(range(0, len(order), PICTURES_A_SCRIPT)):
        part = list(order[start : start + PICTURES_A_SCRIPT])
        payload = {
            "names": [pictures.names[i] for i in part],
            "at": list(at[start : start + len(part)]),
            "units": [[int(unit) for unit in pictures.units[i]] for i in part],
            "deviations": [numbers(pictures.deviations[i]) for i in part],
        }
        write_script(data, f"pictures/{k:05d}", payload)


def _write_tops(data: Path, tops: np.ndarray[Any, Any], at: dict[int, int]) -> None:
    for k, start in enumerate(range(0, len(tops), TOPS_A_SCRIPT)):
        part = tops[start : start + TOPS_A_SCRIPT]
        write_script(
            data,
            f"tops/{k:05d}",
            [[at[int(row)] for row in each if row >= 0] for each in part],
        )
