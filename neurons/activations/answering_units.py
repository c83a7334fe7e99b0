"""Which units answer to an image most, for many images at once?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurons.activations.largest import keep_largest
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.run import Activations

NONE = -1


def answering_units(
    run: Activations,
    layer: str,
    images: NDArray[np.intp],
    *,
    count: int = 10,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the units whose peak on an image lies farthest above their mean over all images.

    Parameters
    ----------
    run : Activations
    layer : str
    images : ndarray of int, (images,)
        Rows of the image set, none of which was skipped.
    count : int >= 1
        Units for each image.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    units : ndarray of int32, (images, count)
        The farthest above first, the lower number first of equals; -1 where there are fewer: a unit
        whose peak is not above its mean does not answer.
    deviations : ndarray of float32, (images, count)
        How far above, in standard deviations of the unit over all images; nan where there is none.

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.

    Notes
    -----
    With many units some lie far above their mean on any image.
    """
    total, good = run.layer(layer).units, run.good_rows()
    units = np.full((len(images), min(count, total)), NONE, np.int32)
    values = np.zeros(units.shape, np.float32)
    at = np.searchsorted(good, images)
    for start, peaks in peak_blocks(run, layer, good):
        mean, spread = peaks.mean(0, dtype=np.float64), peaks.std(0, dtype=np.float64)
        # the mean of equal values is off by its rounding
        spread[np.ptp(peaks, axis=0) == 0] = np.inf
        above = ((peaks[at] - mean) / spread).astype(np.float32)
        units, values = keep_largest(units, values, above, start)
        progress(start + above.shape[1], total)
    values[units == NONE] = np.nan
    return units, values
