"""How do results become a folder of pages? It knows blocks, and nothing of the studies."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

from PIL import Image, ImageOps

from neurons.files import write_file, write_unflushed
from neurons.pages.drawing import environment, static
from neurons.pages.entries import (
    Entry,
    columns,
    has_entry,
    is_number,
    keep_beside,
    keep_entry,
    pages_of,
    read_entries,
    write_names,
)
from neurons.pages.links import Links
from neurons.pages.page import Page
from neurons.results.blocks import Beside, Gallery, Strip, Tile, galleries_of
from neurons.results.drawn import media_type

_STATIC = ("style.css", "report.js")
_N_THUMBS, _THUMB_PX = 5, 96


def write(
    out: str | Path,
    pages: Iterable[Page],
    *,
    title: str,
    names: Collection[str] = (),
    beside: Sequence[Path] = (),
    above: Page | None = None,
    done: Callable[[Page], None] | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write pages into a report, which grows: its index lists all pages that are there.

    Who calls it has made sure that the folder belongs to what the pages are about, and that nobody
    else is writing there.

    Parameters
    ----------
    out : str or Path
        Folder; a page of the same title is written anew.
    pages : iterable of Page
        Written one by one as they come.
    title : str
        Of the index.
    names : collection of str
        Names of classes: links wherever they stand, to their page or to the index.
    beside : sequence of Path
        Other reports, there already or not yet, whose pages are linked by title, and which link to
        this one's.
    above : Page, optional
        What the index shows above its list: an overview of all pages. It is no page of its own.
    done : callable, optional
        Called after each page.
    told : callable
        Takes a remark, such as that pages were there and are written again.

    Returns
    -------
    Path
        Of ``index.html``; where there is one page only, it leads there.
    """
    out = Path(out)
    for folder in ("assets/pages", "images"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name in _STATIC:
        write_unflushed(out / "assets" / name, static(name).encode())
    others = keep_beside(out, beside)
    known = pages_of(out, read_entries(out), others)
    again: list[str] = []
    try:
        for page in pages:
            if has_entry(out, page.file_name):
                again.append(page.title)
            known[page.title] = page.file_name
            _write_page(out, page, known, names)
            if done is not None:
                done(page)
    finally:
        # also after an error or a stop: what is there is listed
        _write_index(out, title, others, above)
    if again:
        told(_told_again(again))
    for other in others:
        keep_beside(other, [out])
        entries = read_entries(other)
        write_names(other, entries, pages_of(other, entries, keep_beside(other, [])))
    return out / "index.html"


def _write_page(out: Path, page: Page, known: dict[str, str], names: Collection[str]) -> None:
    drawing = environment(lambda image: _save_image(out, image), Links(known, names, page.title))
    html = drawing.get_template("page.html").render(page=page, single=False)
    write_unflushed(out / page.file_name, html.encode("utf-8", "backslashreplace"))
    write_unflushed(
        out / "assets" / "provenance.json", json.dumps(page.provenance(), indent=1).encode()
    )
    thumbs = [(_save_thumb(out, tile.image), _told(tile)) for tile in _pictures(page)]
    entry = Entry(page.file_name, page.title, page.one_line, page.facts, thumbs)
    keep_entry(out, entry)


def _write_index(out: Path, title: str, beside: Sequence[Path], above: Page | None) -> None:
    entries = read_entries(out)
    pages = pages_of(out, entries, beside)
    write_names(out, entries, pages)
    named = {fact[1] for entry in entries for fact in entry.facts if not is_number(fact[1])}
    drawing = environment(lambda image: _save_image(out, image), Links(pages, named))
    html = drawing.get_template("index.html").render(
        title=title,
        above=above,
        entries=entries,
        columns=columns(entries),
        provenance=_provenance(out),
        single=False,
    )
    write_file(out / "index.html", html.encode("utf-8", "backslashreplace"))


def _provenance(out: Path) -> dict[str, str]:
    file = out / "assets" / "provenance.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _told_again(titles: Sequence[str]) -> str:
    most = 5
    listed = ", ".join(titles[:most]) + (", ..." if len(titles) > most else "")
    what = "1 page was" if len(titles) == 1 else f"{len(titles):,} pages were"
    return f"{what} there already and {'is' if len(titles) == 1 else 'are'} written again: {listed}"


def _pictures(page: Page) -> tuple[Tile, ...]:
    """Take the first pictures, of several galleries the first of each and then the second ones."""
    for block in page.blocks():
        if isinstance(block, (Gallery, Strip, Beside)):
            turns = zip_longest(*(gallery.tiles for gallery in galleries_of(block)))
            return tuple(t for turn in turns for t in turn if t is not None)[:_N_THUMBS]
    return ()


def _told(tile: Tile) -> str:
    return f"{tile.caption}, {tile.value}"


def _save_image(out: Path, image: bytes) -> str:
    ending = "webp" if media_type(image) == "image/webp" else "png"
    return _save(out, f"images/{_digest(image)}.{ending}", image)


def _save_thumb(out: Path, image: bytes) -> str:
    """Save a small square copy; pages that show the same picture share it."""
    name = f"images/{_digest(image)}-small.webp"
    if (out / name).is_file() and (out / name).stat().st_size:
        return name
    with Image.open(io.BytesIO(image)) as opened:
        small = ImageOps.fit(
            opened.convert("RGB"), (_THUMB_PX, _THUMB_PX), Image.Resampling.LANCZOS
        )
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=75, method=4)
    return _save(out, name, buffer.getvalue())


def _save(out: Path, name: str, content: bytes) -> str:
    file = out / name
    # a power cut may have left a shorter one
    if not file.is_file() or file.stat().st_size != len(content):
        write_unflushed(file, content)
    return name


def _digest(image: bytes) -> str:
    return hashlib.sha256(image).hexdigest()[:20]
