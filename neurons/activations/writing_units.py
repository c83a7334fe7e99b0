"""Which units do written words excite more than anything else?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.stats import Share

_TOP = 50
# of a unit's strongest images: more than every second one shows writing
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class WritingUnits:
    """How much of what excites each unit of a layer is writing.

    Parameters
    ----------
    layer : str
    written : ndarray of int, (units,)
        Of ``n`` images, or strings, those that are counted.
    n : int
    bar : float in (0, 1)
        A unit is marked if the whole interval of its share lies above.
    how : str
        How it was measured, as a sentence.
    """

    layer: str
    written: NDArray[np.int64] = field(repr=False)
    n: int
    bar: float
    how: str

    def share(self, unit: int) -> Share:
        """Give a unit's share, with its interval."""
        return Share(int(self.written[unit]), self.n)

    def marked(self, unit: int) -> bool:
        """Whether writing excites a unit more than the bar allows."""
        return self.share(unit).interval.low > self.bar


def writing_units(
    run: Activations, images: ImageSet, layer: str, *, by: str = "rendition", written: str = "word"
) -> WritingUnits:
    """Count pictures of written words among each unit's 50 strongest images.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        The run's, with a column that tells how each is shown.
    layer : str
    by, written : str
        That column, and its value for pictures of written words.

    Returns
    -------
    WritingUnits

    Raises
    ------
    LabelsMissingError
        If the images have no such column.
    OptionError
        If no image is of written words, or they are most images anyway.
    LayerNotFoundError
        If the run does not hold the layer.
    StaleActivationsError
        If these are not the images of the run.
    """
    shown = np.array([str(value) for value in images.column(by)])
    run.check_images(images)
    good = run.good_rows()
    words = shown[good] == written
    base = float(words.mean())
    if not 0 < base < _HALF:
        raise OptionError(
            f"{int(words.sum()):,} of {len(good):,} images have {by} = {written!r}: to see which "
            f"units read, some must, and fewer than half"
        )
    peaks = np.asarray(run.array(layer, "peak")[:], np.float32)[good]
    count = min(_TOP, len(good))
    strongest = np.argsort(-np.nan_to_num(peaks, nan=-np.inf), axis=0, kind="stable")[:count]
    return WritingUnits(
        layer,
        words[strongest].sum(0),
        count,
        _HALF,
        f"pictures of written words among the {count} images that excite the unit most, where "
        f"{base:.0%} of all images are; marked if they are more than half",
    )
