"""How do results become a folder of pages? It knows blocks, and nothing of the studies."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from neurons.files import write_file, write_unflushed
from neurons.pages.figures import figure, plotly_js
from neurons.results.blocks import Block, Gallery, Note, Strip, Tile
from neurons.results.drawn import as_table, data_uri, media_type
from neurons.results.provenance import model_of
from neurons.results.result import Result

_STATIC = ("style.css", "report.js")


@dataclass(frozen=True)
class Page:
    """One page of a report.

    Parameters
    ----------
    title : str
        Also the file's name, as far as its characters allow.
    subtitle : str
    facts : tuple of (str, str)
        A few numbers that stand at the top and in the index.
    results : tuple of Result
        Drawn in order.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    results: tuple[Result, ...]

    @classmethod
    def of(
        cls,
        result: Result,
        *,
        subtitle: str = "",
        above: Sequence[Result] = (),
        below: Sequence[Result] = (),
    ) -> Page:
        """Make the page of a result, which gives it the title and the facts.

        Parameters
        ----------
        result : Result
        subtitle : str
            Default: the short name of the model, as the result's provenance gives it.
        above, below : sequence of Result
            What else is known of the same thing, drawn before and after the result.
        """
        told = subtitle or model_of(result.provenance)
        return cls(result.title, told, result.facts(), (*above, result, *below))

    @property
    def file_name(self) -> str:
        """A safe name; different titles have different ones."""
        safe = re.sub(r"[^\w.-]+", "-", self.title, flags=re.ASCII)
        mark = hashlib.sha256(self.title.encode()).hexdigest()[:6]
        plain = safe == self.title or re.fullmatch(r"[\w.]+:\d+", self.title, flags=re.ASCII)
        return f"{safe}.html" if plain else f"{safe}-{mark}.html"

    def blocks(self) -> tuple[Block, ...]:
        """Every result's verdict and blocks."""
        return tuple(block for result in self.results for block in result.described())

    def provenance(self) -> dict[str, str]:
        """Tell what the results were measured on, flattened to lines."""
        merged: dict[str, str] = {}
        for result in self.results:
            merged.update(_flat(result.provenance))
        return merged


def write(
    out: str | Path,
    pages: Iterable[Page],
    *,
    title: str,
    done: Callable[[Page], None] | None = None,
) -> Path:
    """Write a report: an index, a page each, the pictures, one copy of plotly.js.

    Parameters
    ----------
    out : str or Path
        Folder; pages of the same name are replaced, others are left alone.
    pages : iterable of Page
        Written one by one as they come.
    title : str
        Of the index.
    done : callable, optional
        Called after each page.

    Returns
    -------
    Path
        Of ``index.html``.
    """
    out = Path(out)
    for folder in ("assets", "images"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name in _STATIC:
        write_unflushed(out / "assets" / name, _static(name).encode())
    write_unflushed(out / "assets" / "plotly.min.js", plotly_js().encode())
    environment = _environment(lambda image: _save_image(out, image))
    listed = []
    for page in pages:
        html = environment.get_template("page.html").render(page=page, single=False)
        write_unflushed(out / page.file_name, html.encode())
        listed.append(_entry(page))
        if done is not None:
            done(page)
    html = environment.get_template("index.html").render(title=title, entries=listed)
    write_file(out / "index.html", html.encode())
    return out / "index.html"


def write_single(path: str | Path, page: Page) -> Path:
    """Write one page as one file, pictures and style inside; blocks that need plotly are tables."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    template = _environment(data_uri).get_template("page.html")
    html = template.render(page=page, single=True, style=_static("style.css"))
    write_file(path, html.encode())
    return path


@dataclass(frozen=True)
class _Entry:
    """What the index says of a page; the page's results need not stay in memory."""

    file_name: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    note: str
    provenance: dict[str, str]


def _entry(page: Page) -> _Entry:
    pictured = [block for block in page.blocks() if isinstance(block, (Gallery, Strip))]
    tiles = _thumbnails(pictured[0]) if pictured else ()
    # a page without pictures says why
    notes = [block.text for block in page.blocks() if isinstance(block, Note)]
    note = notes[0] if notes and not tiles else ""
    return _Entry(
        page.file_name, page.title, page.subtitle, page.facts, tiles, note, page.provenance()
    )


def _thumbnails(block: Gallery | Strip, count: int = 6) -> tuple[Tile, ...]:
    """Take the first pictures, of a strip the first of each gallery and then the second ones."""
    if isinstance(block, Gallery):
        return block.tiles[:count]
    turns = zip_longest(*(gallery.tiles for gallery in block.galleries))
    return tuple(tile for turn in turns for tile in turn if tile is not None)[:count]


def _environment(source_of: Callable[[bytes], str]) -> Environment:
    environment = Environment(
        loader=PackageLoader("neurons.pages"),
        # file names, labels and captions are whatever the data set's author wrote
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["source"] = source_of
    environment.filters["aspect"] = _aspect
    environment.filters["figure"] = figure
    environment.filters["as_table"] = as_table
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    return environment


def _save_image(out: Path, image: bytes) -> str:
    ending = "webp" if media_type(image) == "image/webp" else "png"
    name = f"images/{hashlib.sha256(image).hexdigest()[:20]}.{ending}"
    file = out / name
    # a power cut may have left a shorter one
    if not file.is_file() or file.stat().st_size != len(image):
        write_unflushed(file, image)
    return name


def _aspect(image: bytes) -> str:
    with Image.open(io.BytesIO(image)) as opened:
        return f"{opened.width / opened.height:.4f}"


def _static(name: str) -> str:
    return (files("neurons.pages") / "static" / name).read_text(encoding="utf-8")


def _flat(values: Mapping[str, Any], at: str = "") -> dict[str, str]:
    lines: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines.update(_flat(value, f"{at}{key} · "))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines[at + key] = json.dumps(list(value))
        else:
            lines[at + key] = str(value)
    return lines
