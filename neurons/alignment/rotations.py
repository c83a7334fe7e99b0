"""Which rotation turns one table of the same images best into another?

References
----------
Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# singular values below this share of the largest are rounding
_NOTHING = 1e-8


def polar(product: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the rotation that turns one table best into another, from ``x.T @ y``.

    Directions that the product says nothing of become 0, as with fewer images than units, or where
    two tables hold patterns that are unrelated: which of them is turned into which, and with which
    sign, would be chance.

    Parameters
    ----------
    product : ndarray of float64, (units of x, units of y)

    Returns
    -------
    ndarray of float64, (units of x, units of y)
    """
    left, sizes, right = np.linalg.svd(product, full_matrices=False)
    kept = sizes > _NOTHING * sizes[:1]
    found: NDArray[np.float64] = left[:, kept] @ right[kept]
    return found
