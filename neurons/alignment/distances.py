"""How far apart are two images for one system? A matrix of dissimilarities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.responses import Responses
from neurons.errors import OptionError

# images x images, from a table of responses
Distances = Callable[[Responses], NDArray[np.floating]]


def correlation_distances(responses: Responses) -> NDArray[np.floating]:
    """Give 1 minus Pearson's correlation between the patterns of two images over units.

    Each unit's mean over images is subtracted first.

    Parameters
    ----------
    responses : Responses
        Two units or more.

    Returns
    -------
    ndarray, (images, images)
        In [0, 2].

    Raises
    ------
    OptionError
        If an image has the same value in all units, which correlates with nothing.
    """
    rows = responses.whole()
    return _one_minus_cosine(rows - rows.mean(1, keepdims=True), responses.name)


def cosine_distances(responses: Responses) -> NDArray[np.floating]:
    """Give 1 minus the cosine between two images, seen from the mean image.

    Parameters
    ----------
    responses : Responses

    Returns
    -------
    ndarray, (images, images)
        In [0, 2].

    Raises
    ------
    OptionError
        If an image lies exactly at the mean, which has no direction.
    """
    return _one_minus_cosine(responses.whole(), responses.name)


def squared_distances(responses: Responses) -> NDArray[np.floating]:
    """Give the squared Euclidean distance between two images; defined for every table.

    Parameters
    ----------
    responses : Responses

    Returns
    -------
    ndarray, (images, images)
        In the squared unit of the responses, >= 0.
    """
    rows = responses.whole()
    gram = rows @ rows.T
    lengths = np.diag(gram)
    return np.asarray(np.maximum(lengths[:, None] + lengths - 2 * gram, 0))


def _one_minus_cosine(rows: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    lengths = np.linalg.norm(rows, axis=1)
    flat = np.flatnonzero(lengths <= 10 * np.finfo(rows.dtype).eps * lengths.max())
    if len(flat):
        raise OptionError(
            f"{name} has {len(flat):,} images without a pattern over its units, the first in row "
            f"{flat[0]}; measure with squared Euclidean distances instead"
        )
    rows = rows / lengths[:, None]
    return np.asarray(1 - rows @ rows.T)
