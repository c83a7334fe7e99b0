"""How are the templates filled? The only door to Jinja2."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from neurons.pages.entries import is_number
from neurons.pages.figures import line, tracks
from neurons.pages.links import Linker
from neurons.results.blocks import Table
from neurons.results.drawn import as_table

# letters of an id that are always shown: its end tells images apart
_TAIL = 12


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
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["source"] = source_of
    made.filters["linked"] = linked
    made.filters["aspect"] = _aspect
    made.filters["tracks"] = tracks
    made.filters["line"] = line
    made.filters["as_table"] = as_table
    made.filters["numeric"] = _numeric
    made.filters["head_and_tail"] = _head_and_tail
    made.filters["kind"] = lambda block: type(block).__name__.lower()
    return made


def static(name: str) -> str:
    """Read a style sheet or a script of the pages."""
    return (files("neurons.pages") / "static" / name).read_text(encoding="utf-8")


def _aspect(image: bytes) -> str:
    with Image.open(io.BytesIO(image)) as opened:
        return f"{opened.width / opened.height:.4f}"


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
