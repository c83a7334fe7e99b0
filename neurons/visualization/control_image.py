"""Which image is followed through a network, and which one beside it is the control?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurons.data.decoding import Pixels
from neurons.data.image_names import input_of, read_image
from neurons.data.images import ImageSet
from neurons.errors import BadImageError
from neurons.network.clip import Clip
from neurons.readouts.readout import ZeroShot

# images among which one of another answer is looked for
_TRIED = 20


@dataclass(frozen=True)
class NamedImage:
    """An image and what it is called.

    Parameters
    ----------
    name : str
    pixels : ndarray of uint8, (height, width, 3)
    """

    name: str
    pixels: Pixels = field(repr=False)

    @classmethod
    def of(cls, image: NamedImage | str | Path) -> NamedImage:
        """Read a file, or give an image as it is.

        Raises
        ------
        OptionError
            If it cannot be read.
        """
        if isinstance(image, NamedImage):
            return image
        return cls(Path(image).name, read_image(Path(image)))


def control_image(
    clip: Clip, readout: ZeroShot, images: ImageSet, image: NamedImage, *, seed: int = 0
) -> NamedImage | None:
    """Draw an image of a set to which the model answers another class: a control for inverses.

    Parameters
    ----------
    clip : Clip
    readout : ZeroShot
    images : ImageSet
    image : NamedImage
        To which the answer shall be another one.
    seed : int

    Returns
    -------
    NamedImage or None
        None if none of the first 20 that are drawn is such an image.
    """

    def answer(pixels: Pixels) -> int:
        embedded = clip.embed_images(input_of(clip.preprocess, pixels)[None]).flatten(1)
        return int(readout.decision(embedded.float().cpu().numpy()).argmax())

    own = answer(image.pixels)
    order = np.random.default_rng((seed, 2)).permutation(len(images))
    for row in order[:_TRIED].tolist():
        try:
            pixels = images.pixels(row)
        except BadImageError:
            continue
        if answer(pixels) != own:
            return NamedImage(images.ids[row], pixels)
    return None
