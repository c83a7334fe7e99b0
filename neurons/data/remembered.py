"""How are images shown again and again, and decoded once?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

from neurons.data.images import ImageSet
from neurons.data.thumbnails import SmallCopy, thumbnail
from neurons.geometry import Box

# some 10 kB each
_MOST = 20_000


@dataclass(frozen=True, eq=False, repr=False)
class RememberedImages(ImageSet):
    """An image set whose small copies are kept in memory."""

    @classmethod
    def of(cls, images: ImageSet) -> Self:
        """Remember the images of a set."""
        return cls(
            images.name,
            images.source,
            images.location,
            images.label_column,
            images.max_pixels,
            images.taken,
        )

    def small(self, index: int) -> SmallCopy:
        """Give a small copy of one image, made when it is asked for first.

        Raises
        ------
        BadImageError
            If it cannot be read or decoded.
        """
        return self._small(index)

    @cached_property
    def _small(self) -> Callable[[int], SmallCopy]:
        return lru_cache(maxsize=_MOST)(self._made)

    def _made(self, index: int) -> SmallCopy:
        return super().small(index)


@dataclass(frozen=True, eq=False, repr=False)
class SmallImages(RememberedImages):
    """Images of which nothing but small copies is shown: pages of a whole layer hold many.

    The copies are encoded in a hurry: they are put into sheets, and encoded again.
    """

    def _made(self, index: int) -> SmallCopy:
        pixels = self.pixels(index)
        small = thumbnail(pixels, effort=0)
        return SmallCopy(small, pixels.shape[1], pixels.shape[0])

    def part(self, index: int, box: Box) -> bytes:
        """Cut nothing out: a page cuts the part out of the small copy, where it is less sharp."""
        return b""
