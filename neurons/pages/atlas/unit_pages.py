"""How are the pages of all units written, some at a time, so that a stop loses few of them?"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from neurons.files import write_unflushed
from neurons.pages.atlas.content import AtlasContent
from neurons.pages.atlas.fragments import Drawing, Fragment, links_of
from neurons.pages.atlas.index_data import PAGES_A_SCRIPT
from neurons.pages.atlas.scripts import numbers, write_script
from neurons.pages.atlas.sheets import LARGE, Shelf


def write_unit_pages(
    data: Path,
    building: Path,
    content: AtlasContent,
    shelf: Shelf,
    pool: Executor,
    ahead: int,
    progress: Callable[[int, int], None],
) -> None:
    """Write every unit's page and the units like it; those that are there already stay.

    Parameters
    ----------
    data, building : Path
        Folders of the atlas, and of what tells which pages are there.
    content : AtlasContent
    shelf : Shelf
        Pictures that have a place; those that only pages show are added.
    pool : Executor
        Draws pages.
    ahead : int
        Pages that are drawn before they are needed.
    progress : callable
        Takes how many of how many pages are there.
    """
    large = Shelf(LARGE, {}, 0)
    total = len(content.neurons)
    start = 0
    while start < total and _read_note(building, start, shelf, large):
        start = min(start + PAGES_A_SCRIPT, total)
    progress(start, total)
    drawn = _drawn(content, shelf, pool, start, ahead)
    while start < total:
        stop = min(start + PAGES_A_SCRIPT, total)
        fragments = [next(drawn) for _ in range(start, stop)]
        small_codes = shelf.add(data, _merged([each.small for each in fragments]))
        large_codes = large.add(data, _merged([each.large for each in fragments]))
        pages = [
            [each.placed(shelf.codes, large.codes), *_similar(content, unit)]
            for unit, each in zip(range(start, stop), fragments, strict=True)
        ]
        write_script(data, f"units/{start // PAGES_A_SCRIPT:05d}", pages)
        note = [small_codes, shelf.n_sheets, large_codes, large.n_sheets]
        write_unflushed(_note_file(building, start), json.dumps(note).encode())
        start = stop
        progress(start, total)


def _read_note(building: Path, start: int, small: Shelf, large: Shelf) -> bool:
    """Take up what an earlier call wrote of some pages; False if it did not come to them."""
    note = _note_file(building, start)
    if not note.is_file():
        return False
    small_codes, small.n_sheets, large_codes, large.n_sheets = json.loads(note.read_bytes())
    small.codes.update(small_codes)
    large.codes.update(large_codes)
    return True


def _note_file(building: Path, start: int) -> Path:
    return building / f"units-{start // PAGES_A_SCRIPT:05d}.json"


def _drawn(
    content: AtlasContent, shelf: Shelf, pool: Executor, start: int, ahead: int
) -> Iterator[Fragment]:
    """Give the drawn pages in order, a few of them drawn ahead."""
    links = links_of(list(content.neurons), set(content.pictures.labels))
    # those that come later are decoded once too often, and get the same place
    known = dict(shelf.codes)
    own = threading.local()

    def draw(unit: int) -> Fragment:
        if not hasattr(own, "drawing"):
            own.drawing = Drawing(links)
        drawing: Drawing = own.drawing
        return drawing.draw(content.page(unit), known)

    waiting: deque[Future[Fragment]] = deque()
    for unit in range(start, len(content.neurons)):
        waiting.append(pool.submit(draw, unit))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _merged(parts: list[Any]) -> dict[str, Any]:
    return {key: pixels for part in parts for key, pixels in part.items()}


def _similar(content: AtlasContent, unit: int) -> tuple[list[int], list[Any]]:
    units = [int(other) for other in content.similar[unit] if other >= 0]
    return units, numbers(content.similarity[unit][: len(units)])
