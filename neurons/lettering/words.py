"""How is a word written on an image? Masks drawn once by Pillow, blended on the images' device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from neurons.errors import OptionError
from neurons.lettering.blending import lay
from neurons.lettering.lettering import Lettering
from neurons.lettering.places import Corner, fixed_corners, random_corners
from neurons.lettering.saliency import least_salient_corners, saliency_maps
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.stamps import Stamp, blank_stamp


@dataclass(frozen=True, eq=False)
class Lettered:
    """Images with words on them.

    Parameters
    ----------
    pixels : Tensor of uint8, (batch, 3, H, W)
    coverage : Tensor of float32, (batch,)
        Share of the pixels that changed, in [0, 1]; as Goh et al. 2021 measured it.
    boxes : Tensor of int64, (batch, 4)
        Left, top, right, bottom in pixels, right and bottom exclusive: around all the copies.
    """

    pixels: Tensor
    coverage: Tensor
    boxes: Tensor


def write_on(
    pixels: Tensor, texts: Sequence[str], lettering: Lettering, *, seeds: Sequence[int]
) -> Lettered:
    """Write a text on each image.

    At opacity 1 and without rotation the pixels are those that `PIL.ImageDraw.text` draws with
    the same font, to the bit, on every device.

    Parameters
    ----------
    pixels : Tensor of uint8, (batch, 3, H, W)
        Stay as they are.
    texts : sequence of str
        One per image.
    lettering : Lettering
    seeds : sequence of int
        One per image; they choose random places.

    Returns
    -------
    Lettered
        On the same device.

    Raises
    ------
    OptionError
        If a text does not fit at the wanted size or area, or no typeface has its letters.

    Warns
    -----
    TypefaceWarning
        If another typeface stands in for missing letters.
    """
    size = _check(pixels, texts, seeds)
    stamps = {text: fitted_stamp(text, lettering, size) for text in dict.fromkeys(texts)}
    return _written(pixels, [stamps[text] for text in texts], lettering, seeds)


def blank_on(
    pixels: Tensor, texts: Sequence[str], lettering: Lettering, *, seeds: Sequence[int]
) -> Lettered:
    """Lay on each image what its text would be without letters: the control for covered area.

    That is the bare plate, or where there is none a patch of the letters' colour, of as many
    pixels as their ink, in the same places. Takes, gives and raises what `write_on` does.
    """
    size = _check(pixels, texts, seeds)
    blanks = {
        text: blank_stamp(fitted_stamp(text, lettering, size)) for text in dict.fromkeys(texts)
    }
    return _written(pixels, [blanks[text] for text in texts], lettering, seeds)


def shuffled(text: str, seed: int) -> str:
    """Give the same letters in another order, or the text itself if they have only one."""
    if len(set(text) - {" "}) < 2:
        return text
    random, letters = Random(f"{text} {seed}"), list(text)
    while (found := "".join(letters)) == text or found != found.strip():
        random.shuffle(letters)
    return found


def _corners(
    pixels: Tensor, stamps: Sequence[Stamp], lettering: Lettering, seeds: Sequence[int]
) -> list[tuple[Corner, ...]]:
    """Places of each image's copies; that they fit was seen when the stamps were made."""
    image = (pixels.shape[3], pixels.shape[2])
    n = lettering.copies
    found: list[tuple[Corner, ...] | None]
    if lettering.places == "random":
        found = [
            random_corners(n, (stamp.width, stamp.height), image, seed=seed)
            for stamp, seed in zip(stamps, seeds, strict=True)
        ]
    elif lettering.places == "least-salient":
        found = [
            least_salient_corners(n, (stamp.width, stamp.height), saliency)
            for stamp, saliency in zip(stamps, saliency_maps(pixels), strict=True)
        ]
    else:
        known = {
            stamp: fixed_corners(lettering, (stamp.width, stamp.height), image)
            for stamp in dict.fromkeys(stamps)
        }
        found = [known[stamp] for stamp in stamps]
    assert all(corners is not None for corners in found), "a fitted stamp has its places"
    return [corners for corners in found if corners is not None]


def _written(
    pixels: Tensor,
    stamps: Sequence[Stamp],
    lettering: Lettering,
    seeds: Sequence[int],
) -> Lettered:
    corners = _corners(pixels, stamps, lettering, seeds)
    written, changed = lay(pixels, stamps, corners, opacity=lettering.opacity)
    boxes = [
        (
            min(left for left, _ in places),
            min(top for _, top in places),
            max(left for left, _ in places) + stamp.width,
            max(top for _, top in places) + stamp.height,
        )
        for places, stamp in zip(corners, stamps, strict=True)
    ]
    coverage = changed.float() / (pixels.shape[2] * pixels.shape[3])
    around = torch.tensor(boxes, dtype=torch.int64, device=pixels.device).view(-1, 4)
    return Lettered(written, coverage, around)


def _check(pixels: Tensor, texts: Sequence[str], seeds: Sequence[int]) -> tuple[int, int]:
    """Give the images' width and height, if all is as it should be."""
    if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3:
        raise OptionError(
            f"images are {pixels.dtype} {tuple(pixels.shape)}; words are written on uint8 "
            f"(batch, 3, height, width)"
        )
    if not len(pixels) == len(texts) == len(seeds):
        raise OptionError(
            f"{len(pixels)} images, {len(texts)} texts and {len(seeds)} seeds: give one text and "
            f"one seed for each image"
        )
    return pixels.shape[3], pixels.shape[2]
