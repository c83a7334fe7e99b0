"""Which image is meant by a name, one of a set or a file, and what does a network get of it?"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from neurons.data.decoding import Pixels, decode_image, quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.preprocess import Preprocess
from neurons.errors import BadImageError, OptionError

# ids among which one that looks alike is looked for
_COMPARED = 20_000


def rows_called(images: ImageSet, image: str) -> list[int]:
    """Find the images with an id, with a file's name, or that a path from elsewhere ends in."""
    ids = images.ids
    found = [row for row in range(len(ids)) if ids[row] == image]
    found = found or [row for row in range(len(ids)) if ids[row].endswith(f"/{image}")]
    return found or [row for row in range(len(ids)) if image.endswith(f"/{ids[row]}")]


def row_of(images: ImageSet, image: str | int) -> int:
    """Find an image by its number, its id, or its file's name.

    Raises
    ------
    OptionError
        If there is none, or several are so called.
    """
    ids = images.ids
    if isinstance(image, int):
        if not 0 <= image < len(ids):
            raise OptionError(f"the images have numbers 0 to {len(ids) - 1:,}: no {image:,}")
        return image
    found = rows_called(images, image)
    if len(found) == 1:
        return found[0]
    if found:
        few = ", ".join(ids[row] for row in found[:3])
        raise OptionError(f"{len(found):,} images are called {image!r}: {few}; give the whole id")
    near = get_close_matches(image, list(ids[: min(len(ids), _COMPARED)]), 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise OptionError(
        f"no image {image!r} in the run, and no such file; {meant}ids look like {ids[0]!r}: see "
        f"images.parquet there"
    )


def picture_called(images: ImageSet, image: str | int | Path) -> tuple[str, Pixels]:
    """Give the name and the pixels of an image of a set, or else of a file.

    Parameters
    ----------
    images : ImageSet
    image : str, int or Path
        As `row_of` takes it; or a file that the set does not hold.

    Returns
    -------
    str, ndarray of uint8 (height, width, 3)

    Raises
    ------
    OptionError
        If there is no such image, several are so called, or it cannot be read.
    """
    if isinstance(image, int) or rows_called(images, str(image)) or not Path(image).is_file():
        row = row_of(images, image if isinstance(image, int) else str(image))
        try:
            return images.ids[row], images.pixels(row)
        except BadImageError as error:
            raise OptionError(f"the image cannot be read: {error}") from None
    return Path(image).name, read_image(Path(image))


def read_image(file: Path) -> Pixels:
    """Decode a file, upright: uint8 (height, width, 3).

    Raises
    ------
    OptionError
        If there is no such file, or it is no image that can be read.
    """
    try:
        with quiet_decoders():
            return np.asarray(decode_image(file.read_bytes()))
    except (OSError, BadImageError) as error:
        raise OptionError(f"cannot read the image {str(file)!r}: {error}") from None


def input_of(preprocess: Preprocess, pixels: Pixels) -> Tensor:
    """Resize one image as a network takes it: uint8 (3, H, W)."""
    resized = preprocess.pixels(Image.fromarray(pixels))
    return torch.from_numpy(resized.copy()).permute(2, 0, 1)
