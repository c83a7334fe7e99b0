"""On which images do two systems differ most: whose nearest images in one are far in the other?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.distances import squared_distances
from neurons.alignment.responses import Responses

# unrelated systems: an image's nearest ones stand anywhere in the other
CHANCE = 0.5


@dataclass(frozen=True)
class DifferingImage:
    """An image, and its nearest images in two systems.

    Parameters
    ----------
    image : int
        Row.
    difference : float in [0, 1]
        Where the nearest images of one system stand among all others in the other, on average of
        both ways: 0 the nearest, 0.5 what unrelated systems give.
    nearest, nearest_other : tuple of int
        Rows, the nearest first.
    """

    image: int
    difference: float
    nearest: tuple[int, ...]
    nearest_other: tuple[int, ...]


def differing_images(
    x: Responses, y: Responses, *, k: int = 6, count: int = 4
) -> tuple[tuple[DifferingImage, ...], float]:
    """Find the images whose nearest images differ most between two systems.

    Distances are squared Euclidean ones after every image got length 1, seen from the mean image.

    Parameters
    ----------
    x, y : Responses
        A layer of either system, row ``i`` of both the same image.
    k : int >= 1
        Nearest images.
    count : int >= 1

    Returns
    -------
    tuple of DifferingImage
        The most different first.
    float
        The median difference of all images.
    """
    first, second = _ranks(x), _ranks(y)
    n = len(first)
    k = min(k, n - 1)
    near, near_other = (np.argsort(each, axis=1, kind="stable")[:, :k] for each in (first, second))
    there = np.take_along_axis(second, near, 1).mean(1)
    back = np.take_along_axis(first, near_other, 1).mean(1)
    # the nearest k themselves stand at 0 to k - 1
    lowest, highest = (k - 1) / 2, n - 2 - (k - 1) / 2
    span = max(highest - lowest, 1)
    difference = ((there + back) / 2 - lowest) / span
    chosen = np.argsort(-difference, kind="stable")[:count]
    found = tuple(
        DifferingImage(
            int(i),
            float(difference[i]),
            tuple(near[i].tolist()),
            tuple(near_other[i].tolist()),
        )
        for i in chosen
    )
    return found, float(np.median(difference))


def _ranks(responses: Responses) -> NDArray[np.intp]:
    """Give where each image stands among the others, seen from each: 0 the nearest."""
    rows = responses.whole()
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = Responses(responses.name, rows / np.where(lengths > 0, lengths, 1))
    distances = squared_distances(unit)
    # an image is not its own neighbour: it stands last
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")
    found = np.empty_like(order)
    np.put_along_axis(found, order, np.arange(len(order))[None].repeat(len(order), 0), 1)
    return found
