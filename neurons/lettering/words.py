"""How is a word written on an image? Masks drawn once by Pillow, blended on the images' device."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from neurons.errors import OptionError
from neurons.lettering import placing
from neurons.lettering.blending import lay
from neurons.lettering.placing import Corner
from neurons.lettering.sizes import of_size, size_for_area
from neurons.lettering.stamps import Colour, Stamp, blank_stamp, word_stamp
from neurons.lettering.typefaces import DEFAULT, find_typeface, typeface_for, visible

PLACES = ("article", "random", "least-salient")


@dataclass(frozen=True)
class Lettering:
    """How words are written.

    Parameters
    ----------
    font : str or Path
        A bundled typeface's name (see `neurons.typefaces.BUNDLED`), or a font file.
    size_px : float, optional
        Height of the em square. Given, it is taken, and ``area`` is not looked at.
    area : float in (0, 1), optional
        Share of the image's pixels that the ink touches (plate and stroke included), summed over
        all copies: the size that comes nearest is searched for each text. Where a picture has the
        ink's own colour fewer pixels change: what was changed is measured, see `Lettered`.
    colour : (red, green, blue)
    stroke_px : int >= 0
        Width of the outline around the letters.
    stroke_colour : (red, green, blue), optional
        Default: the letters' own.
    plate : (red, green, blue), optional
        Colour of a paper behind the word.
    rotation_deg : float
        Turned counter-clockwise, plate and all; the masks are turned by Pillow (bicubic).
    opacity : float in (0, 1]
        How much of word, stroke and plate together is seen.
    places : str or (x, y)
        ``article`` (eight copies at eight fixed places; Goh et al. 2021 name no coordinates, these
        are ours), ``random`` (by each image's seed), ``least-salient`` (where the image's spectral
        residual is smallest), or the centre in shares of width and height. A word is pushed inside
        where it would reach over the edge.
    repeats : bool
        Eight small copies instead of one whole: at random places, at the least salient ones, or
        in a block around the given one. ``article`` is eight copies in any case.
    """

    font: str | Path = DEFAULT
    size_px: float | None = None
    area: float | None = 0.07
    colour: Colour = (0, 0, 0)
    stroke_px: int = 1
    stroke_colour: Colour | None = (255, 255, 255)
    plate: Colour | None = None
    rotation_deg: float = 0.0
    opacity: float = 1.0
    places: str | tuple[float, float] = "article"
    repeats: bool = False

    def __post_init__(self) -> None:
        find_typeface(self.font)
        if self.size_px is None and self.area is None:
            raise OptionError("lettering needs a size_px or an area; 0.07 is about the article's")
        if self.size_px is not None and self.size_px < 1:
            raise OptionError(f"size_px {self.size_px}: give 1 or more")
        if self.area is not None and not 0 < self.area < 1:
            raise OptionError(f"area {self.area}: give a share of the image between 0 and 1")
        if not 0 < self.opacity <= 1:
            raise OptionError(f"opacity {self.opacity}: give more than 0, up to 1")
        if self.stroke_px < 0:
            raise OptionError(f"stroke_px {self.stroke_px}: give 0 or more")
        for colour in (self.colour, self.stroke_colour, self.plate):
            if colour is not None and not (len(colour) == 3 and all(0 <= c <= 255 for c in colour)):
                raise OptionError(f"colour {colour}: give red, green and blue from 0 to 255")
        if isinstance(self.places, str):
            if self.places not in PLACES:
                raise OptionError(f"no places {self.places!r}; give x,y or {', '.join(PLACES)}")
        elif len(self.places) != 2 or not all(0 <= share <= 1 for share in self.places):
            raise OptionError(f"place {self.places}: give x and y in shares of the image, 0 to 1")

    @property
    def copies(self) -> int:
        """How often the word stands on an image."""
        return placing.REPEATS if self.repeats or self.places == "article" else 1

    def provenance(self) -> dict[str, object]:
        """As plain values; equal ones write equal pixels with the same Pillow and FreeType."""
        return {
            "font": find_typeface(self.font).name,
            "size_px": self.size_px,
            "area": self.area if self.size_px is None else None,
            "colour": list(self.colour),
            "stroke_px": self.stroke_px,
            "stroke_colour": None if self.stroke_colour is None else list(self.stroke_colour),
            "plate": None if self.plate is None else list(self.plate),
            "rotation_deg": self.rotation_deg,
            "opacity": self.opacity,
            "places": self.places if isinstance(self.places, str) else list(self.places),
            "repeats": self.repeats,
        }


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
        One an image.
    lettering : Lettering
    seeds : sequence of int
        One an image; they choose random places.

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


@functools.lru_cache(maxsize=256)
def fitted_stamp(text: str, lettering: Lettering, image: tuple[int, int]) -> Stamp:
    """Give a text's masks at the size that the lettering asks for.

    Parameters
    ----------
    text : str
    lettering : Lettering
    image : (width, height)
        In pixels.

    Raises
    ------
    OptionError
        If it does not fit.
    """
    shown = visible(text)
    copies = "one copy" if lettering.copies == 1 else f"{lettering.copies} copies"
    room = f"{copies} on {image[0]} x {image[1]} px"

    def draw(size_px: float, stroke_colour: Colour | None) -> Stamp:
        return word_stamp(
            shown,
            typeface_for(lettering.font, shown, size_px),
            colour=lettering.colour,
            stroke_px=lettering.stroke_px,
            stroke_colour=stroke_colour,
            plate=lettering.plate,
            rotation_deg=lettering.rotation_deg,
        )

    def fits(stamp: Stamp) -> bool:
        return _fits(stamp, lettering, image)

    size_px = lettering.size_px
    if size_px is None:
        assert lettering.area is not None
        n_pixels = image[0] * image[1]
        size_px = size_for_area(
            text,
            lettering.area,
            # the letters lie within their stroke: one mask has all of the ink
            lambda tried: draw(tried, None),
            fits,
            lambda stamp: stamp.ink * lettering.copies / n_pixels,
            room=room,
        )
    return of_size(text, size_px, lambda size: draw(size, lettering.stroke_colour), fits, room=room)


def _fits(stamp: Stamp, lettering: Lettering, image: tuple[int, int]) -> bool:
    if isinstance(lettering.places, str) and lettering.places != "article":
        # any seed will do: whether there is room does not depend on it
        room = placing.random_corners(lettering.copies, (stamp.width, stamp.height), image, seed=0)
        return room is not None
    return _fixed_corners(stamp, lettering, image) is not None


def _fixed_corners(
    stamp: Stamp, lettering: Lettering, image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    size = (stamp.width, stamp.height)
    if lettering.places == "article":
        return placing.corners_at(placing.ARTICLE, size, image)
    assert not isinstance(lettering.places, str)
    return placing.block_at(lettering.places, lettering.copies, size, image)


def _corners(
    pixels: Tensor, stamps: Sequence[Stamp], lettering: Lettering, seeds: Sequence[int]
) -> list[tuple[Corner, ...]]:
    """Places of each image's copies; that they fit was seen when the stamps were made."""
    image = (pixels.shape[3], pixels.shape[2])
    n = lettering.copies
    found: list[tuple[Corner, ...] | None]
    if lettering.places == "random":
        found = [
            placing.random_corners(n, (stamp.width, stamp.height), image, seed=seed)
            for stamp, seed in zip(stamps, seeds, strict=True)
        ]
    elif lettering.places == "least-salient":
        found = [
            placing.least_salient_corners(n, (stamp.width, stamp.height), saliency)
            for stamp, saliency in zip(stamps, placing.saliency_maps(pixels), strict=True)
        ]
    else:
        known = {stamp: _fixed_corners(stamp, lettering, image) for stamp in dict.fromkeys(stamps)}
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


def writable(
    texts: Sequence[str], lettering: Lettering, size: tuple[int, int]
) -> tuple[list[str], list[str]]:
    """Part strings into those that can be written so, each once, and those that cannot.

    Parameters
    ----------
    texts : sequence of str
    lettering : Lettering
    size : (height, width)
        Of the network's input.

    Raises
    ------
    OptionError
        If none can; it is the first one's error.
    """
    good: list[str] = []
    bad: dict[str, OptionError] = {}
    for text in dict.fromkeys(texts):
        try:
            fitted_stamp(text, lettering, (size[1], size[0]))
            good.append(text)
        except OptionError as error:
            bad[text] = error
    if bad and not good:
        raise next(iter(bad.values()))
    return good, list(bad)
