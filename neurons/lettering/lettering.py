"""How is a word to be written: in which typeface, size, colours and places?

Nothing heavy is imported here: a command line reads its options before it loads torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neurons.errors import OptionError
from neurons.lettering.typefaces import DEFAULT, find_typeface

# red, green and blue, 0 to 255
Colour = tuple[int, int, int]

PLACES = ("article", "random", "least-salient")

# Goh et al. 2021 wrote each text "at the same 8 coordinates" and do not print them; these eight,
# in shares of width and height, are ours: four rows of two, every second row shifted
ARTICLE = (
    (0.27, 0.125), (0.73, 0.125), (0.23, 0.375), (0.77, 0.375),
    (0.27, 0.625), (0.73, 0.625), (0.23, 0.875), (0.77, 0.875),
)  # fmt: skip


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
        return len(ARTICLE) if self.repeats or self.places == "article" else 1

    def told(self) -> str:
        """Say in a few words how a word is written: for headings."""
        copies = "one copy" if self.copies == 1 else f"{self.copies} copies"
        share = f"{100 * (self.area or 0):.3g} % of the pixels"
        size = share if self.size_px is None else f"letters of {self.size_px:g} px"
        return ", ".join([f"{copies} {self._where()}", size, *self._unusual()])

    def _where(self) -> str:
        one = self.copies == 1
        if self.places == "article":
            return "at fixed places"
        if isinstance(self.places, str):
            kind = self.places.replace("-", " ")
            article = "a" if self.places == "random" else "the"
            return f"at {article} {kind} place" if one else f"at {kind} places"
        if self.places == (0.5, 0.5):
            return "in the middle" if one else "around the middle"
        return f"{'at' if one else 'around'} {self.places[0]:g}, {self.places[1]:g}"

    def _unusual(self) -> list[str]:
        """Name what differs from black letters of the usual typeface, upright and opaque."""
        return [
            told
            for told, unusual in (
                (find_typeface(self.font).stem, self.font != DEFAULT),
                ("#{:02x}{:02x}{:02x}".format(*self.colour), self.colour != (0, 0, 0)),
                ("on a plate", self.plate is not None),
                (f"turned by {self.rotation_deg:g} degrees", self.rotation_deg % 360 != 0),
                (f"opacity {self.opacity:g}", self.opacity < 1),
            )
            if unusual
        ]

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
