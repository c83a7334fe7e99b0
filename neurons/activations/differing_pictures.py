"""What do images look like on which two systems differ most, and those nearest to them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_images import CommonImages
from neurons.activations.differing_neighbours import CHANCE, differing_images
from neurons.activations.run_system import RunSystem
from neurons.alignment.calibration import drawn_images
from neurons.alignment.responses import Responses
from neurons.data.images import ImageSet
from neurons.errors import StaleActivationsError
from neurons.results.blocks import Block, Gallery, Note, Strip, Tile

# an image, and so many others
_NEAREST = 5
# of more images so many are drawn: all pairs are compared
_MOST = 2000


@dataclass(frozen=True)
class ShownImage:
    """A small picture of an image.

    Parameters
    ----------
    image_id, label : str
    picture : bytes
        Encoded.
    """

    image_id: str
    label: str
    picture: bytes

    def tile(self, value: str) -> Tile:
        """Show it in a gallery."""
        return Tile(self.picture, value, self.label or self.image_id, self.image_id)


@dataclass(frozen=True)
class DifferingPicture:
    """An image whose nearest images differ between two systems.

    Parameters
    ----------
    shown : ShownImage
    difference : float
        0 the same nearest images, 0.5 what unrelated systems give.
    nearest, nearest_other : tuple of ShownImage
        In the first and in the other system, the nearest first.
    """

    shown: ShownImage
    difference: float
    nearest: tuple[ShownImage, ...]
    nearest_other: tuple[ShownImage, ...]


@dataclass(frozen=True)
class DifferingPictures:
    """Images on which two systems differ most.

    Parameters
    ----------
    layer, other : str
        Where they are compared.
    pictures : tuple of DifferingPicture
    median : float
        Difference of all images.
    n : int
        Images.
    """

    layer: str
    other: str
    pictures: tuple[DifferingPicture, ...]
    median: float
    n: int

    def blocks(self, one: str, other: str) -> tuple[Block, ...]:
        """Show each image with its nearest ones in either system.

        Parameters
        ----------
        one, other : str
            The two systems.
        """
        if not self.pictures:
            return ()
        told = Note(
            f"Images whose nearest ones differ most between {one} ({self.layer}) and {other} "
            f"({self.other}). Difference: where the nearest images of one system stand among all "
            f"{self.n - 1:,} others in the other, 0 the nearest, {CHANCE} on average where systems "
            f"have nothing in common; the median image has {self.median:.2f}. That they differ "
            f"does not say which is right."
        )
        return (told, *(_strip(each, one, other) for each in self.pictures))


def differing_pictures(
    x: Responses, y: Responses, common: CommonImages, images: ImageSet, *, count: int = 4
) -> DifferingPictures:
    """Show images on which a layer of one system and one of another differ most.

    Parameters
    ----------
    x, y : Responses
        Row ``i`` of both is common image ``i``.
    common : CommonImages
    images : ImageSet
        Of one of the runs among them.
    count : int >= 1

    Raises
    ------
    StaleActivationsError
        If no run among them is of these images.
    BadImageError
        If an image cannot be read any more.
    """
    rows = _rows(common, images)
    some = drawn_images(x.n, _MOST, np.random.default_rng(0))
    if some is not None:
        x, y, rows = x.taken(some), y.taken(some), rows[some]
    found, median = differing_images(x, y, k=_NEAREST, count=count)

    def shown(some: Sequence[int]) -> tuple[ShownImage, ...]:
        return tuple(_shown(images, int(rows[each])) for each in some)

    pictures = (
        DifferingPicture(
            shown([each.image])[0],
            each.difference,
            shown(each.nearest),
            shown(each.nearest_other),
        )
        for each in found
    )
    return DifferingPictures(x.name, y.name, tuple(pictures), median, x.n)


def _shown(images: ImageSet, row: int) -> ShownImage:
    image = images[row]
    return ShownImage(image.id, image.label, images.small(row).encoded)


def _rows(common: CommonImages, images: ImageSet) -> NDArray[np.intp]:
    """Find where each common image lies in the set."""
    refused = None
    for side in common.sides:
        if isinstance(side.system, RunSystem):
            try:
                side.system.run.check_images(images)
            except StaleActivationsError as error:
                refused = error
                continue
            return side.rows
    raise refused or StaleActivationsError(
        "arrays hold no images; pictures can be shown where one of the systems is a run"
    )


def _strip(each: DifferingPicture, one: str, other: str) -> Strip:
    asked = each.shown.tile("the image")

    def gallery(name: str, images: tuple[ShownImage, ...]) -> Gallery:
        near = (image.tile(f"nearest {i}") for i, image in enumerate(images, 1))
        return Gallery(f"nearest in {name}", (asked, *near))

    return Strip(
        f"{each.shown.label or each.shown.image_id}: difference {each.difference:.2f}",
        (gallery(one, each.nearest), gallery(other, each.nearest_other)),
    )
