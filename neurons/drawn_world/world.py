"""What does a thing of the miniature's world look like, and what is true of the picture?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.drawn_world.concepts import Concept, concept, concepts
from neurons.drawn_world.drawing import Painter
from neurons.drawn_world.items import RENDITIONS, SEEN, Look
from neurons.drawn_world.scenes import Scene, single
from neurons.errors import OptionError

# a pixel belongs to a thing that covers at least a quarter of it
_VISIBLE = 64


@dataclass(frozen=True)
class Thing:
    """What is true of one thing on a picture.

    Parameters
    ----------
    concept : str
    rendition : str
        ``flat``, ``outline``, ``photo``, ``silhouette`` or ``word``.
    facet : str
        What a picture shows of its concept (``architecture``), ``text`` for a word; empty where
        the concept has no facets.
    word : str
        As it is written; empty for a picture.
    box : (left, top, right, bottom)
        Of the pixels that it covers by a quarter or more, right and bottom just outside, px;
        what lies before it is not counted off. Shadow and paper do not belong to it.
    """

    concept: str
    rendition: str
    facet: str
    word: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with its truth.

    Parameters
    ----------
    pixels : ndarray of uint8, (96, 96, 3)
    things : tuple of Thing
        From the back to the front.
    caption : str
    meaning : tuple of str
        The concepts that the caption names, sorted.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    things: tuple[Thing, ...]
    caption: str
    meaning: tuple[str, ...]


class World:
    """The miniature's world: what exists in it, and pictures of that.

    Parameters
    ----------
    device : str or torch.device
        Where to draw; the bytes are the same everywhere.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self._painter = Painter(device)

    @property
    def concepts(self) -> dict[str, Concept]:
        """Every concept by name."""
        return concepts()

    def render(self, name: str, rendition: str, seed: int, *, look: Look = SEEN) -> Picture:
        """Draw one concept.

        Parameters
        ----------
        name : str
            A concept's name.
        rendition : str
            ``flat``, ``outline``, ``photo``, ``silhouette`` or ``word``.
        seed : int
            Decides all the rest: pictogram, word, typeface, place, size, turn and colours.
        look : Look
            `SEEN`, or `UNSEEN` for typefaces and backgrounds that no training picture has.

        Returns
        -------
        Picture
            The same bytes on every machine.

        Raises
        ------
        OptionError
            If there is no such concept or rendition.
        """
        if rendition not in RENDITIONS:
            raise OptionError(f"no rendition {rendition!r}; there are: {', '.join(RENDITIONS)}")
        random = Random(f"render {concept(name).name} {rendition} {seed}")
        (picture,) = self.draw([single(name, rendition, random, look)])
        return picture

    def draw(self, scenes: Sequence[Scene]) -> list[Picture]:
        """Draw scenes of one's own, many at once; see `neurons.drawn_world.scenes`."""
        if not scenes:
            return []
        images = self._painter.draw([scene.drawing for scene in scenes]).cpu()
        covers = self._painter.cover([i.sprites[-1] for scene in scenes for i in scene.items])
        boxes = iter([_box(cover) for cover in covers.cpu().numpy()])
        return [
            Picture(
                np.ascontiguousarray(image.permute(1, 2, 0).numpy()),
                tuple(
                    Thing(i.concept, i.rendition, i.facet, i.word, next(boxes)) for i in scene.items
                ),
                scene.caption,
                scene.meaning,
            )
            for image, scene in zip(images, scenes, strict=True)
        ]


def _box(cover: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(cover >= _VISIBLE)
    if not len(rows):
        return 0, 0, 0, 0
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return int(left), int(top), int(right), int(bottom)
