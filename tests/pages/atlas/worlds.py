"""Contents of atlases whose answers are known, made without a model."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from neurons.pages import Page
from neurons.pages.atlas import AtlasContent, Column, Pictures
from neurons.results.blocks import Block, Gallery, Note, Tile
from neurons.results.result import Result

LAYER = "visual.layer4"
# nothing of this may run, or break the page
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "' onmouseover='alert(1)' \" onfocus=\"alert(2)",
    "javascript:alert(3)",
    "\u202eright to left\u2028next line\u2029",
    "😀 emoji 한글 العربية",
    "long " * 2000,
)


@dataclass(frozen=True)
class Shown(Result):
    """A unit with pictures."""

    address: str
    words: str
    pictures: tuple[bytes, ...]

    @property
    def title(self) -> str:
        """Its address."""
        return self.address

    def facts(self) -> tuple[tuple[str, str], ...]:
        """One."""
        return (("state", "alive"),)

    def verdict(self) -> str:
        """The words, and another unit's address."""
        return f"Answers to '{self.words}', as {LAYER}:1 does."

    def blocks(self) -> tuple[Block, ...]:
        """Every picture, the last one large too."""
        tiles = tuple(Tile(each, "1", self.words, self.words) for each in self.pictures)
        return (Gallery("Top", tiles), Gallery("Large", tiles[-1:], large=True), Note(self.words))


def picture(number: int, size: tuple[int, int] = (60, 60)) -> bytes:
    """Draw a picture of one colour, with a darker left half: it has a known colour and shape."""
    colour = np.array(
        [(number * 67) % 200 + 50, (number * 31) % 200 + 50, (number * 13) % 200 + 50]
    )
    pixels = np.tile(colour.astype(np.uint8), (size[1], size[0], 1))
    pixels[:, : size[0] // 2] //= 2
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sized(number: int) -> bytes:
    """Draw a picture whose shape depends on its number: square, wide, high, or large."""
    return picture(number, ((60, 60), (90, 30), (24, 96), (400, 200))[number % 4])


def content(
    heads: Sequence[str],
    *,
    columns: tuple[Column, ...] = (),
    labels: Sequence[str] = (),
    n_pictures: int = 8,
    places: bool = True,
    own_picture: bool = True,
) -> AtlasContent:
    """Make what is known of as many units as there are heads."""
    n = len(heads)
    neurons = [f"{LAYER}:{i}" for i in range(n)]
    several = min(3, n - 1)
    similar = np.array([[(i + k + 1) % n for k in range(several)] for i in range(n)], np.int32)
    top = np.array([[(i + k) % n_pictures for k in range(4)] for i in range(n)])
    angle = np.linspace(0, 6, n)
    at = np.stack([np.cos(angle), np.sin(angle)], axis=1) if places else np.full((n, 2), np.nan)
    pictures = Pictures(
        rows=np.arange(n_pictures),
        names=[f"picture-{i}.png" for i in range(n_pictures)],
        labels=list(labels),
        thumbnail=sized,
        units=np.array([[i % n, (i + 1) % n] for i in range(n_pictures)], np.int32),
        deviations=np.tile(np.array([3.5, 1.25], np.float32), (n_pictures, 1)),
    )

    def page(unit: int) -> Page:
        shown = tuple(sized(int(row)) for row in top[unit])
        # one that is no picture of the set, such as a made one
        mine = (picture(1000 + unit),) if own_picture else ()
        result = Shown({"model": "planted"}, neurons[unit], heads[unit], (*shown, *mine))
        return Page.of(result, subtitle="planted")

    return AtlasContent(
        layer=LAYER,
        model="planted",
        verdict="Units of a planted layer.",
        facts=(("units", str(n)),),
        neurons=neurons,
        heads=list(heads),
        columns=columns,
        places=at.astype(np.float32),
        map_note="Placed on a ring.",
        similar=similar,
        similarity=np.full(similar.shape, 0.5, np.float32),
        top=top,
        pictures=pictures,
        page=page,
        provenance={"model": "planted"},
    )
