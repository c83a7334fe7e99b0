"""What does the first page of an atlas load? Columns, places and names of all units, compactly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from neurons.pages.atlas.content import AtlasContent, Column
from neurons.pages.atlas.scripts import coded, numbers, write_script
from neurons.pages.atlas.sheets import LARGE, SMALL

# units in a script of pages, and in one of the images that excite them most
PAGES_A_SCRIPT, TOPS_A_SCRIPT = 16, 2048
# pictures in a script
PICTURES_A_SCRIPT = 256
# images that excite a unit most which are shown wherever it is listed
N_TOP = 4
# steps of the map's coordinates
_STEPS = 9999


def write_index_data(data: Path, content: AtlasContent, mark: str) -> None:
    """Write what the overview needs before any picture.

    Parameters
    ----------
    data : Path
        The folder ``data`` of an atlas.
    content : AtlasContent
    mark : str
        Of this build.
    """
    write_script(data, "meta", _meta(content, mark))
    write_script(data, "heads", coded(content.heads))
    write_script(data, "places", _places(content))
    for i, column in enumerate(content.columns):
        write_script(data, f"columns/{i:03d}", _column(column))


def _meta(content: AtlasContent, mark: str) -> dict[str, Any]:
    return {
        "mark": mark,
        "n": len(content.neurons),
        "layer": content.layer,
        "addresses": addresses(content.neurons),
        "columns": [
            {
                "name": column.name,
                "about": column.about,
                "text": column.is_text,
                "searched": column.searched,
            }
            for column in content.columns
        ],
        "mapNote": content.map_note,
        "nPictures": len(content.pictures.rows),
        "pagesAScript": PAGES_A_SCRIPT,
        "topsAScript": TOPS_A_SCRIPT,
        "picturesAScript": PICTURES_A_SCRIPT,
        "sheets": {kind.name: kind.facts() for kind in (SMALL, LARGE)},
    }


def addresses(neurons: list[str] | Any) -> dict[str, Any]:
    """Give the units' addresses as what all begin with and what follows."""
    listed = list(neurons)
    shared = os.path.commonprefix(listed) if len(listed) > 1 else ""
    # a unit's number is not cut in two
    shared = shared[: shared.rfind(":") + 1]
    rest = [address[len(shared) :] for address in listed]
    if rest == [str(i) for i in range(len(rest))]:
        return {"shared": shared, "from0": len(rest)}
    return {"shared": shared, "rest": rest}


def _column(column: Column) -> dict[str, Any]:
    if column.is_text:
        return coded([str(value) for value in column.values])
    return {"values": numbers([float(value) for value in column.values])}


def _places(content: AtlasContent) -> dict[str, list[int]]:
    """Give whole coordinates between 0 and `_STEPS`, the same scale both ways; -1 for no place."""
    places = np.asarray(content.places, np.float64).reshape(-1, 2)
    there = np.isfinite(places).all(axis=1)
    whole = np.full(places.shape, -1, np.int64)
    if there.any():
        low, high = places[there].min(axis=0), places[there].max(axis=0)
        span = float(max(high - low)) or 1.0
        middle = (low + high) / 2
        whole[there] = np.rint(((places[there] - middle) / span + 0.5) * _STEPS).astype(np.int64)
    return {"x": whole[:, 0].tolist(), "y": whole[:, 1].tolist()}
