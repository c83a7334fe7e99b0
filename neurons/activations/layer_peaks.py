"""What did every unit of a layer say? Some units at a time, so that no layer is held whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations

# four of the columns' pieces on disk
_UNITS = 128


def peak_blocks(
    run: Activations, layer: str, rows: NDArray[np.intp]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Read a layer's peaks, some units at a time, so that units can be ranked.

    A unit that is not finite on one of the run's images is 0 on all: it leads nowhere.
    `Activations.lost` counts these.

    Parameters
    ----------
    run : Activations
    layer : str
    rows : ndarray of int
        Images to keep, such as those that were not skipped.

    Yields
    ------
    int
        Number of the first unit.
    ndarray of float32, (rows, units)

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    """
    stored, unsound = run.array(layer, "peak"), run.lost(layer).not_finite > 0
    for start in range(0, stored.shape[1], _UNITS):
        block = np.asarray(stored[:, start : start + _UNITS], np.float32)
        block[:, unsound[start : start + _UNITS]] = 0
        yield start, block[rows]
