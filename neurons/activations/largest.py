"""Which units reach most, where a layer is read some units at a time?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def keep_largest(
    units: NDArray[np.int32],
    values: NDArray[np.float32],
    found: NDArray[np.float32],
    start: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Keep the largest of the values that were kept and of those of a further block of units.

    Parameters
    ----------
    units : ndarray of int32, (rows, kept)
        Whose values were kept; all have lower numbers than the block's.
    values : ndarray of float32, (rows, kept)
        Theirs, the largest first.
    found : ndarray of float32, (rows, units of the block)
    start : int
        Number of the block's first unit.

    Returns
    -------
    ndarray of int32, ndarray of float32
        As many as were kept, the largest first; of equal ones the lower number first.
    """
    among = np.concatenate([values, found], axis=1)
    numbers = np.arange(start, start + found.shape[1], dtype=np.int32)
    which = np.concatenate([units, np.broadcast_to(numbers, found.shape)], axis=1)
    order = np.argsort(-among, axis=1, kind="stable")[:, : units.shape[1]]
    return np.take_along_axis(which, order, 1), np.take_along_axis(among, order, 1)
