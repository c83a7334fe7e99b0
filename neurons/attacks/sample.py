"""Which of the images are attacked, and by which seed is chosen?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared, prepare
from neurons.errors import OptionError
from neurons.network.clip import Clip


@dataclass(frozen=True)
class Sample:
    """Some of the images.

    Parameters
    ----------
    n : int >= 1, optional
        So many, drawn without replacement; default: all.
    rows : sequence of int, optional
        Images to draw from; default: the whole set.
    seed : int
        Of the draw, of the places of words, and of every other choice that a study makes.

    Raises
    ------
    OptionError
        If ``n`` is below one.
    """

    n: int | None = None
    rows: Sequence[int] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n is not None and self.n < 1:
            raise OptionError(f"{self.n} images to attack: at least 1")

    def of(self, images: ImageSet, clip: Clip) -> Prepared:
        """Draw them, and decode and resize them for the network.

        Raises
        ------
        ImagesNotFoundError
            If none of them can be decoded.
        """
        return prepare(clip.preprocess, images, n=self.n, rows=self.rows, seed=self.seed)
