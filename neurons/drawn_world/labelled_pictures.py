"""Where do the labelled pictures lie that a scan of the miniature reads?

They are drawn on first use, balanced over concept and rendition, in typefaces and on backgrounds
that no training picture has, and then kept.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from PIL import Image

from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.items import RENDITIONS, UNSEEN
from neurons.drawn_world.kept_folder import kept_folder
from neurons.drawn_world.scenes import single
from neurons.drawn_world.world import Picture, World

PER_CELL = 8
_CHUNK = 256
_DECIDING = (
    "world.toml",
    "concepts.py",
    "fonts.py",
    "textures.py",
    "sprites.py",
    "drawing.py",
    "items.py",
    "scenes.py",
    "world.py",
    "labelled_pictures.py",
)
_COLUMNS = (
    "file_name",
    "label",
    "family",
    "rendition",
    "facet",
    "word",
    "caption",
    "left",
    "top",
    "right",
    "bottom",
)


def folder(*, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Give the probe set's folder, drawing it first where that has not been done.

    It is an ``imagefolder``: PNG files and a ``metadata.csv`` with the truth of each. It lies in
    ``$NEURONS_CACHE``, by default ``~/.cache/neurons``.

    Parameters
    ----------
    progress : callable
        Takes the pictures drawn so far and their number.
    """
    return kept_folder("miniature", _DECIDING, partial(_draw, progress=progress))


def _draw(out: Path, progress: Callable[[int, int], None]) -> None:
    world = World()
    random = Random("probe set")
    cells = [
        (name, rendition, i)
        for name in concepts()
        for rendition in RENDITIONS
        for i in range(PER_CELL)
    ]
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for start in range(0, len(cells), _CHUNK):
            chunk = cells[start : start + _CHUNK]
            scenes = [single(name, rendition, random, UNSEEN) for name, rendition, _ in chunk]
            for (name, rendition, i), picture in zip(chunk, world.draw(scenes), strict=True):
                file_name = f"{name.replace(' ', '-')}/{rendition}-{i}.png"
                _save(picture, out / file_name)
                (thing,) = picture.things
                family = concepts()[name].family
                truth = (family, rendition, thing.facet, thing.word, picture.caption, *thing.box)
                table.writerow((file_name, name, *truth))
            progress(start + len(chunk), len(cells))


def _save(picture: Picture, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(picture.pixels).save(path, compress_level=1)
