"""How is one image of a run shown, with a unit's activation on it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.run_format import LayerSpec
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.preprocess import Preprocess
from neurons.geometry import Box
from neurons.results.blocks import Tile

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """One image, and a unit's activation on it.

    Parameters
    ----------
    index : int
        In the image set.
    image_id : str
    label : str
        The class's name; empty where there is none.
    peak, mean : float
        Of the unit over the image's map.
    box : Box or None
        Around the peak, the size of the layer's effective receptive field, in shares of the image.
        None where the units have no place, or the map is flat.
    thumbnail, crop : bytes
        Encoded pictures of the image and of the part in the box; the latter empty without a box,
        and where the small picture has all pixels of the image: a page cuts the part out of it.
    """

    index: int
    image_id: str
    label: str
    peak: float
    mean: float
    box: Box | None
    thumbnail: bytes
    crop: bytes

    def tile(self) -> Tile:
        """Show it in a gallery."""
        caption = self.label or self.image_id.rpartition("/")[2]
        return Tile(self.thumbnail, f"{self.peak:.3g}", caption, self.image_id, self.box, self.crop)


class UnitActivations:
    """A unit's numbers over a run's images, and a way to show any of them.

    Attributes
    ----------
    peaks : ndarray of float32, (images,)
        nan where the image was skipped, or the unit is not finite.
    good : ndarray of int
        Rows of the images that were not skipped and where the unit is finite, ascending.
    n_skipped, n_not_finite : int
        Images that are left out: they could not be read; the unit gave NaN or infinity.
    n_rounded : int
        Images on which its peak is not 0, but stored as 0.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold the unit.
    StaleActivationsError
        If these are not the images of the run.
    """

    def __init__(self, activations: Activations, images: ImageSet, neuron: Neuron | str) -> None:
        activations.check_images(images)
        unit = Neuron.of(neuron)
        self._images = images
        self._layer = activations.layer(unit.layer)
        self._preprocess = activations.preprocess()
        self.peaks = activations.peak(unit)
        scanned = activations.good_rows()
        self.good = scanned[np.isfinite(self.peaks[scanned])]
        self.n_skipped = len(images) - len(scanned)
        self.n_not_finite = len(scanned) - len(self.good)
        self.n_rounded = int(activations.lost(unit.layer).rounded[unit.unit])
        self._means: Values = activations.mean(unit)
        self._positions = activations.position(unit)

    def examples(self, rows: Sequence[int]) -> tuple[Example, ...]:
        """Show some rows: decode the images and cut out the places of the peaks."""
        return tuple(self._example(int(row)) for row in rows)

    def strongest(self, count: int) -> tuple[Example, ...]:
        """Show the images with the largest peaks; equal ones in the order of the set."""
        order = np.argsort(-self.peaks[self.good], kind="stable")[:count]
        return self.examples(self.good[order].tolist())

    def _example(self, row: int) -> Example:
        images = self._images
        small = images.small(row)
        box = None
        if self.peaks[row] != self._means[row]:
            position = int(self._positions[row])
            box = peak_box(self._layer, position, self._preprocess, small.width, small.height)
        return Example(
            index=row,
            image_id=images.ids[row],
            label=images[row].label,
            peak=float(self.peaks[row]),
            mean=float(self._means[row]),
            box=box,
            thumbnail=small.encoded,
            crop=b"" if box is None or small.is_whole else images.part(row, box),
        )


def peak_box(
    layer: LayerSpec, position: int, preprocess: Preprocess, width: int, height: int
) -> Box | None:
    """Place the layer's effective field around a peak, on the original image.

    Parameters
    ----------
    layer : LayerSpec
    position : int
        row * map width + column.
    preprocess : Preprocess
    width, height : int
        Of the original image, px.

    Returns
    -------
    Box or None
        None where the layer's units have no place (a 1 x 1 map).
    """
    if layer.height * layer.width == 1:
        return None
    left, top, right, bottom = layer.field
    x = (position % layer.width + 0.5) / layer.width
    y = (position // layer.width + 0.5) / layer.height
    box = Box(x + left, y + top, x + right, y + bottom)
    return preprocess.on_image(box, width=width, height=height)
