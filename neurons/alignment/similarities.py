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
    rows = responses.whole()
    n = len(rows)
    matrix = rows @ rows.T
    lengths = np.diag(matrix).copy()
    if not np.isfinite(lengths).all():
        check(responses)
    # rows of K without its diagonal sum to minus the diagonal, since rows of K sum to 0
    matrix += (lengths[:, None] + lengths) / (n - 2)
    matrix -= lengths.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(matrix, 0)
    if np.linalg.norm(matrix) <= 10 * np.finfo(matrix.dtype).eps * float(lengths.sum()):
        check(responses)
        raise OptionError(
            f"{responses.name} finds all pairs of images equally alike; nothing can be aligned "
            "with it"
        )
    return np.asarray(matrix)
