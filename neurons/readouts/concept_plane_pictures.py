"""What picture stands at a point of the joint space? Now the nearest image; later a made one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.data.sources import UNLABELLED
from neurons.data.thumbnails import thumbnail
from neurons.network.clip import Clip
from neurons.readouts.unit_directions import unit_length

_BATCH = 64
_SMALL = 96


@dataclass(frozen=True)
class PointPicture:
    """A picture at a point.

    Parameters
    ----------
    image : bytes
        Encoded.
    told : str
        Which it is, and how near: with its cosine.
    """

    image: bytes = field(repr=False)
    told: str


# from points, (points, embedding), to a picture of each: all that a generator has to be
PictureAt = Callable[[NDArray[np.floating]], Sequence[PointPicture]]


@dataclass(frozen=True, eq=False)
class SeenImages:
    """Images with their embeddings.

    Parameters
    ----------
    images : ImageSet
    rows : ndarray of int, (images,)
        Which of the set's images they are.
    embeddings : ndarray of float32, (images, embedding)
        Unit vectors.
    """

    images: ImageSet
    rows: NDArray[np.intp] = field(repr=False)
    embeddings: NDArray[np.float32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def name(self, i: int) -> str:
        """Give the id of one of them."""
        return self.images.ids[int(self.rows[i])]

    def label(self, i: int) -> str:
        """Give the class of one of them; empty if it has none."""
        if self.images.labels is None:
            return ""
        label = int(self.images.labels[int(self.rows[i])])
        return "" if label == UNLABELLED else self.images.class_names[label]

    def picture(self, i: int, *, side: int = _SMALL) -> bytes:
        """Give a small copy of one of them."""
        return thumbnail(self.images.pixels(int(self.rows[i])), side=side)

    def nearest(self, points: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Find the image with the largest cosine to each point, and this cosine."""
        cosines = unit_length(np.asarray(points, np.float32)) @ self.embeddings.T
        found = cosines.argmax(1)
        return found, cosines[np.arange(len(found)), found]


def embedded_images(
    clip: Clip,
    images: ImageSet,
    *,
    n: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SeenImages:
    """Embed images, or so many of them, drawn at random.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    n : int, optional
        Default: all.
    seed : int
    progress : callable
        Takes how many of how many images are done.
    """
    taken = None if n is None else min(n, len(images))
    ready = prepare(clip.preprocess, images, n=taken, seed=seed)
    found = []
    for start in range(0, len(ready), _BATCH):
        found.append(clip.embed_images(ready.pixels[start : start + _BATCH]).flatten(1).cpu())
        progress(min(start + _BATCH, len(ready)), len(ready))
    embedded = unit_length(torch.cat(found).float().numpy())
    return SeenImages(images, np.asarray(ready.rows, np.intp), embedded)


def nearest_pictures(seen: SeenImages) -> PictureAt:
    """Show at each point the image whose embedding is nearest.

    Parameters
    ----------
    seen : SeenImages
    """

    def at(points: NDArray[np.floating]) -> list[PointPicture]:
        found, cosines = seen.nearest(points)
        copies: dict[int, bytes] = {}
        for i in found.tolist():
            if i not in copies:
                copies[i] = seen.picture(i)
        return [
            PointPicture(copies[i], f"{seen.name(i)}, cosine {cosine:.2f}")
            for i, cosine in zip(found.tolist(), cosines.tolist(), strict=True)
        ]

    return at
