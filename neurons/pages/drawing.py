"""How are the templates filled? The only door to Jinja2."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from PIL import Image

from neurons.geometry import Box
from neurons.pages.entries import is_number
from neurons.pages.figures import line, strokes, tracks
from neurons.pages.links import Linker, shown_as
from neurons.pages.planes import cells, cells_path, plane
from neurons.results.blocks import Table
from neurons.results.drawn import as_table

# letters of an id that are always shown: its end tells images apart
_TAIL = 12


class _Compiled(BytecodeCache):
    """Templates compiled once for all environments: a page of its own has one of its own."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what is kept for it."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment(source_of: Callable[[bytes], str], linked: Linker) -> Environment:
    """Make the templates' environment.

    Parameters
    ----------
    source_of : callable
        From a picture to what an ``img`` takes as its source.
    linked : callable
        From text to HTML in which names are links.
    """
    made = Environment(
        loader=PackageLoader("neurons.pages"),
        # file names, labels and captions are whatever the data set's author wrote
        autoescape=True,
        undefined=StrictUndefined,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["source"] = source_of
    made.filters["linked"] = linked
    made.filters["to_page"] = lambda text, title: shown_as(linked(title), text)
    made.filters["aspect"] = _aspect
    made.filters["part"] = _part
    made.filters["tracks"] = tracks
    made.filters["line"] = line
    made.filters["strokes"] = strokes
    made.filters["cells"] = cells
    made.filters["plane"] = plane
    made.filters["cells_path"] = cells_path
    made.filters["as_table"] = as_table
    made.filters["numeric"] = _numeric
    made.filters["head_and_tail"] = _head_and_tail
    made.filters["kind"] = lambda block: type(block).__name__.lower()
    return made


def static(name: str) -> str:
    """Read a style sheet or a script of the pages."""
    return (files("neurons.pages") / "static" / name).read_text(encoding="utf-8")


def _aspect(image: bytes) -> str:
    return f"{_ratio(image):.4f}"


@lru_cache(maxsize=10_000)
def _ratio(image: bytes) -> float:
    with Image.open(io.BytesIO(image)) as opened:
        return opened.width / opened.height


def _part(image: bytes, box: Box) -> dict[str, str]:
    """Place a picture so that a frame around it shows only what lies in a box, in per cent."""
    wide, high = max(box.right - box.left, 1e-3), max(box.bottom - box.top, 1e-3)
    return {
        "aspect": f"{_ratio(image) * wide / high:.4f}",
        "width": f"{100 / wide:.2f}",
        "left": f"{-100 * box.left / wide:.2f}",
        "top": f"{-100 * box.top / high:.2f}",
    }


def _numeric(table: Table) -> list[bool]:
    """Tell which columns hold numbers: they are aligned to the right."""
    cells = [[row[i] for row in table.rows] for i in range(len(table.columns))]
    return [
        all(map(is_number, column)) and any(any(map(str.isdigit, cell)) for cell in column)
        for column in cells
    ]


def _head_and_tail(text: str) -> tuple[str, str]:
    """Part an id: where there is little room, it is cut between the two."""
    return (text[:-_TAIL], text[-_TAIL:]) if len(text) > _TAIL + 4 else ("", text)
