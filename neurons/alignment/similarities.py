"""How alike are two images for one system, so that unrelated systems agree in nothing?

References
----------
U-centring: Szekely and Rizzo, "Partial distance correlation with methods for dissimilarities",
Annals of Statistics 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.responses import Responses, check
from neurons.errors import OptionError

_UNITS_PER_BLOCK = 4096


def similarities(responses: Responses) -> NDArray[np.floating]:
    """Give products of centred responses, without their diagonal and then without row means.

    The sum of the products of two such matrices is 0 on average over all orders of the images.

    Parameters
    ----------
    responses : Responses

    Returns
    -------
    ndarray, (images, images)
        Symmetric, with an empty diagonal; each row sums to 0.

    Raises
    ------
    OptionError
        If all pairs of images are equally alike, or a value is not finite.
    """
    matrix = _products(np.asarray(responses.values[:], responses.dtype))
    n, lengths = len(matrix), np.diag(matrix).copy()
    if not np.isfinite(lengths).all():
        check(responses)
    np.fill_diagonal(matrix, 0)
    sums = matrix.sum(1)
    matrix -= (sums[:, None] + sums) / (n - 2)
    matrix += sums.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(matrix, 0)
    if np.linalg.norm(matrix) <= 10 * np.finfo(matrix.dtype).eps * float(lengths.sum()):
        check(responses)
        raise OptionError(
            f"{responses.name} finds all pairs of images equally alike; nothing can be aligned "
            "with it"
        )
    return matrix


def _products(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Multiply all rows about their mean, some units at a time: maps are far wider than a cache."""
    matrix = np.zeros((len(values), len(values)), values.dtype)
    for start in range(0, values.shape[1], _UNITS_PER_BLOCK):
        part = values[:, start : start + _UNITS_PER_BLOCK]
        # about means: large common values would leave few digits for what differs
        part = part - part.mean(0)
        matrix += part @ part.T
    return matrix
