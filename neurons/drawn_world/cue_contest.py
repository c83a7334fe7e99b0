"""What wins in the miniature's world: the shape of a thing, its surface, or a word on it?

Each picture has the outline of one concept, filled with the surface of another, and perhaps a
word of a third. What one of them does alone is drawn beside.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurons.drawn_world.concepts import concept, concepts
from neurons.drawn_world.drawing import SIZE_PX, Colour, Painter
from neurons.drawn_world.items import UNSEEN, Item, written_item
from neurons.drawn_world.kept_folder import kept_folder
from neurons.drawn_world.sprites import Pictogram, raster

Pixels = NDArray[np.uint8]

# what lies in which part: whose shape, whose texture, whose word
PARTS = {
    "shape x texture": (True, True, False),
    "shape x texture x word": (True, True, True),
    "shape alone": (True, False, False),
    "texture alone": (False, True, False),
    "word alone": (False, False, True),
}
PER_PART = {"shape x texture": 10, "shape x texture x word": 10}
PER_CONTROL = 4
_CHUNK = 64
_DECIDING = (
    "world.toml",
    "concepts.py",
    "fonts.py",
    "sprites.py",
    "drawing.py",
    "items.py",
    "cue_contest.py",
)
# all colours have one shape, numbers one surface; composites have two of either
_LEFT_OUT = frozenset({"colours", "numbers", "compositional"})
# sides of the cells that a surface is made of, px: as large as fit into the thing
_CELLS = (24, 16, 10, 6)
# of a cell that must be covered by the thing
_COVERED = 0.97
_PLAIN: Colour = (236, 236, 232)
_COLUMNS = ("file_name", "label", "part", "shape", "texture", "word", "written")


def contestants() -> list[str]:
    """List the concepts that have a shape and a surface of their own, in the world's order."""
    return [name for name, each in concepts().items() if each.family not in _LEFT_OUT]


def render(shape: str, texture: str, word: str, seed: int) -> tuple[Pixels, str]:
    """Draw a picture of one part.

    Parameters
    ----------
    shape, texture, word : str
        Concepts; empty for none, at least one is given.
    seed : int
        Decides pictograms, cells, size, turn, word, typeface and place.

    Returns
    -------
    ndarray of uint8, (96, 96, 3); str
        The picture, and what is written on it.
    """
    return _written([_begun(shape, texture, word, seed)])[0]


def _begun(shape: str, texture: str, word: str, seed: int) -> tuple[Pixels, Item | None]:
    """Draw a picture without its word, and choose how that is written."""
    random = Random(f"contest {shape} {texture} {word} {seed}")
    surface = None if not texture else surface_of(texture, random)
    if shape:
        pixels = _thing(shape, surface, random)
    else:
        pixels = np.full((SIZE_PX, SIZE_PX, 3), _PLAIN, np.uint8) if surface is None else surface
    alone = not shape and not texture
    return pixels, _word(word, random, alone=alone) if word else None


def surface_of(name: str, random: Random) -> Pixels:
    """Give a concept's surface, uint8 (96, 96, 3): cells of its flat picture, in any order."""
    cells = _cells(_pictogram(name, random))
    side = cells[0].shape[0]
    n = -(-SIZE_PX // side)
    rows = [np.hstack([random.choice(cells) for _ in range(n)]) for _ in range(n)]
    return np.ascontiguousarray(np.vstack(rows)[:SIZE_PX, :SIZE_PX])


def folder(*, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Give the contest's folder, drawing it first where that has not been done.

    It is an ``imagefolder``: PNG files and a ``metadata.csv`` with shape, texture and word of each.
    It lies in ``$NEURONS_CACHE``, by default ``~/.cache/neurons``.

    Parameters
    ----------
    progress : callable
        Takes the pictures drawn so far and their number.
    """
    return kept_folder("contest", _DECIDING, functools.partial(_draw, progress=progress))


def _asked() -> Iterator[tuple[str, tuple[str, str, str], int]]:
    """Choose the cues of every picture: each concept as often a shape as any other."""
    names, random = contestants(), Random("contest")
    for part, has in PARTS.items():
        for i in range(PER_PART.get(part, PER_CONTROL)):
            for name in names:
                others = random.sample([other for other in names if other != name], 2)
                # alone, every cue goes through all of the concepts
                first = [name, *others] if has[0] else [name] * 3
                shape, texture, word = (
                    each if it else "" for each, it in zip(first, has, strict=True)
                )
                yield part, (shape, texture, word), i


def _draw(out: Path, progress: Callable[[int, int], None]) -> None:
    asked = list(_asked())
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for start in range(0, len(asked), _CHUNK):
            chunk = asked[start : start + _CHUNK]
            drawn = _written([_begun(*cues, seed) for _, cues, seed in chunk])
            for i, ((part, cues, _), (pixels, written)) in enumerate(
                zip(chunk, drawn, strict=True)
            ):
                name = f"{part.replace(' ', '-')}/{start + i:05}.png"
                (out / name).parent.mkdir(exist_ok=True)
                Image.fromarray(pixels).save(out / name, compress_level=1)
                # a picture of several is counted to the thing whose shape it has
                label = next(filter(None, cues))
                table.writerow((name, label, part, *cues, written))
            progress(start + len(chunk), len(asked))


def _thing(name: str, surface: Pixels | None, random: Random) -> Pixels:
    """Draw the outline of a concept on a plain ground, filled with a surface or with grey."""
    pictogram = _pictogram(name, random)
    size, turn = random.randint(66, 88), random.randint(-15, 15)
    centre = random.randint(44, 52), random.randint(44, 52)
    # alpha of the flat picture: its silhouette has holes where it is dark
    cover = _placed(raster(_sprite(pictogram, "flat"))[..., 3], size, turn, centre)
    lines = _placed(raster(_sprite(pictogram, "outline"))[..., 3], size, turn, centre)
    fill = np.full((SIZE_PX, SIZE_PX, 3), 255, np.uint8) if surface is None else surface
    ground = np.full((SIZE_PX, SIZE_PX, 3), _PLAIN, np.uint8)
    return _blend(_blend(ground, fill, cover), np.zeros_like(fill), lines)


def _word(name: str, random: Random, *, alone: bool) -> Item:
    """Choose a word of a concept on a sheet of paper, as small as on the pictures of training."""
    width = random.randint(44, 84) if alone else random.randint(34, 60)
    place = random.randint(34, 62), random.choice((16, 26, 48, 70, 80))
    return written_item(
        name, place, width, (255, 255, 255), random, UNSEEN, height_px=20 if alone else 15,
        plate=True,
    )  # fmt: skip


def _written(begun: Sequence[tuple[Pixels, Item | None]]) -> list[tuple[Pixels, str]]:
    """Write the words, all at once: one by one takes several times as long."""
    sprites = [sprite for _, item in begun if item is not None for sprite in item.sprites]
    covers = iter(_painter().cover(sprites).numpy() if sprites else ())
    made = []
    for pixels, item in begun:
        for sprite in () if item is None else item.sprites:
            pixels = _blend(pixels, np.full_like(pixels, sprite.colour), next(covers))
        made.append((pixels, "" if item is None else item.word))
    return made


def _placed(alpha: Pixels, size: int, turn: int, centre: tuple[int, int]) -> Pixels:
    """Put a mask on the picture: resized, turned clockwise, and moved."""
    mask = Image.fromarray(alpha).resize((size, size), Image.Resampling.BOX)
    mask = mask.rotate(-turn, Image.Resampling.BILINEAR, expand=True)
    whole = Image.new("L", (SIZE_PX, SIZE_PX))
    whole.paste(mask, (centre[0] - mask.width // 2, centre[1] - mask.height // 2))
    return np.asarray(whole)


def _blend(below: Pixels, above: Pixels, cover: Pixels) -> Pixels:
    share = cover[..., None].astype(np.uint16)
    mixed = (above * share + below * (255 - share) + 127) // 255
    return mixed.astype(np.uint8)


@functools.cache
def _cells(pictogram: tuple[str, str]) -> list[Pixels]:
    """Cut the largest squares that the thing covers out of its flat picture."""
    flat = raster(_sprite(pictogram, "flat"))
    found = next(filter(None, (_squares(flat, side) for side in _CELLS)), None)
    assert found is not None, f"{pictogram[0]} has no surface"
    return found


def _squares(flat: Pixels, side: int) -> list[Pixels]:
    """Cut out what is covered of a grid of squares, one every third of a side."""
    step = max(1, side // 3)
    found = []
    for top in range(0, flat.shape[0] - side + 1, step):
        for left in range(0, flat.shape[1] - side + 1, step):
            cell = flat[top : top + side, left : left + side]
            if (cell[..., 3] == 255).mean() >= _COVERED:
                found.append(cell[..., :3])
    return found


def _pictogram(name: str, random: Random) -> tuple[str, str]:
    """Choose a pictogram of a concept, and the colour of the hat where somebody wears one."""
    shown = concept(name)
    hat = random.choices(list(shown.hats), list(shown.hats.values()))[0] if shown.hats else ""
    return random.choice(shown.pictograms), hat


def _sprite(pictogram: tuple[str, str], rendition: str) -> Pictogram:
    return Pictogram(pictogram[0], rendition, pictogram[1])


@functools.cache
def _painter() -> Painter:
    return Painter()
