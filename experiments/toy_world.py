"""A model and pictures to try everything on, made in seconds and without a hub.

The pictures are drawn here: four shapes in five colours, one folder per class. The models are tiny
and their weights random, but for four units of the ResNet that the tests wire by hand: in
``visual.layer4``, unit 3 answers to red, unit 17 to thin vertical stripes, unit 5 is dead and unit
40 constant. What the documentation shows was measured on these, and its tests run on them.

    python -m experiments.toy_world DIR
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.conftest import RESNET, VIT, build, plant, save_model

PER_CLASS = 20
SIDE_PX = 192
# shapes are drawn larger and reduced, for smooth edges
OVERSAMPLING = 4

COLOURS = {
    "red": (214, 48, 49),
    "orange": (240, 147, 43),
    "green": (46, 164, 79),
    "blue": (52, 101, 205),
    "grey": (120, 124, 130),
}
SHAPES = ("circle", "square", "star", "stripes")

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]


def make(root: Path, *, per_class: int = PER_CLASS) -> None:
    """Write ``model/`` (a ResNet), ``vit/`` and ``pictures/CLASS/NN.png`` below a folder."""
    save_model(root / "model", RESNET, plant(build(RESNET)))
    save_model(root / "vit", VIT)
    for name, number, image in pictures(per_class):
        path = root / "pictures" / name / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def pictures(per_class: int = PER_CLASS) -> Iterator[tuple[str, int, Image.Image]]:
    """Draw every picture: its class, its number in the class, and the image."""
    for i, colour in enumerate(COLOURS):
        for j, shape in enumerate(SHAPES):
            for number in range(per_class):
                rng = np.random.default_rng([i, j, number])
                yield f"{colour}-{shape}", number, draw(rng, COLOURS[colour], shape)


def draw(rng: np.random.Generator, colour: Colour, shape: str) -> Image.Image:
    """Draw one shape somewhere on a soft background."""
    image = _background(rng)
    side = SIDE_PX * OVERSAMPLING
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    radius = side * rng.uniform(0.12, 0.3)
    x, y = rng.uniform(radius, side - radius, 2)
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    elif shape == "stripes":
        for left in np.arange(x - radius, x + radius, radius / 3):
            pen.rectangle((left, y - radius, left + radius / 7, y + radius), fill=255)
    else:
        spikes, inner = (4, math.cos(math.pi / 4)) if shape == "square" else (5, 0.42)
        pen.polygon(_corners(x, y, radius, spikes, inner, rng.uniform(0, math.pi)), fill=255)
    smooth = mask.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    image.paste(_shaded(colour, rng.uniform(0.8, 1.15)), mask=smooth)
    return image


def _background(rng: np.random.Generator) -> Image.Image:
    start, end = rng.uniform(150, 235, (2, 3))
    # nearly grey: the shape should be what stands out
    start, end = (0.5 * corner + 0.5 * corner.mean() for corner in (start, end))
    across, down = np.linspace(0, 1, SIDE_PX) * rng.uniform(0.3, 1, (2, 1))
    share = (across[None, :, None] + down[:, None, None]) / 2
    return Image.fromarray((start + (end - start) * share).astype(np.uint8))


def _shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(level * factor)) for level in colour)
    return red, green, blue


def _corners(x: float, y: float, radius: float, spikes: int, inner: float, turn: float) -> Points:
    angles = turn + np.arange(2 * spikes) * math.pi / spikes
    reach = np.where(np.arange(2 * spikes) % 2 == 0, radius, radius * inner)
    along, up = x + reach * np.cos(angles), y + reach * np.sin(angles)
    return list(zip(along.tolist(), up.tolist(), strict=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-class", type=int, default=PER_CLASS)
    asked = parser.parse_args()
    make(asked.folder, per_class=asked.per_class)
