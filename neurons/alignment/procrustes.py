"""How far apart are two systems after the best rotation? Angular Procrustes distance.

References
----------
Williams, Kunz, Kornblith, Linderman, "Generalized shape metrics on neural representations",
NeurIPS 2021: a metric, so that many systems can be laid out on a map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from neurons.alignment.measure import Pairing
from neurons.alignment.responses import Responses
from neurons.alignment.rotations import polar


@dataclass(frozen=True)
class Procrustes:
    """The angle between two centred tables of length 1 after the best rotation, in radians.

    0 for the same table up to rotation, reflection, scale and shift; at most pi / 2. Wide tables of
    few images can always be rotated onto each other: their null is near 0, too.

    Parameters
    ----------
    most_images : int, optional
        Of more images so many are drawn.
    """

    most_images: int | None = None
    name = "procrustes"
    title = "angular Procrustes distance"
    higher_is_closer = False
    symmetric = True

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Centre every table and scale it to length 1."""
        return _OfRotations([_side(each) for each in xs], [_side(each) for each in ys])

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Say that few images can be rotated onto anything."""
        if n > 2 * min(n_units, n_other_units):
            return ""
        return (
            f"{n:,} images are few for a rotation of {n_units:,} and {n_other_units:,} units: any "
            "two such tables come close, so look at the excess alone."
        )


def compact(rows: NDArray[Any]) -> NDArray[Any]:
    """Rotate centred responses so that they have no more columns than images.

    Parameters
    ----------
    rows : ndarray, (images, units)

    Returns
    -------
    ndarray, (images, min(images, units))
        With the same products between images.
    """
    if rows.shape[1] <= rows.shape[0]:
        return rows
    (triangle,) = linalg.qr(rows.T, mode="r", check_finite=False)
    return np.asarray(triangle[: rows.shape[0]].T)


def _side(responses: Responses) -> NDArray[np.floating]:
    rows = compact(responses.whole().astype(np.float64))
    return np.asarray(rows / np.linalg.norm(rows))


class _OfRotations:
    """Centred tables of length 1: the sum of the singular values of X^T Y is their best cosine."""

    def __init__(
        self, xs: Sequence[NDArray[np.floating]], ys: Sequence[NDArray[np.floating]]
    ) -> None:
        self.xs, self.ys = xs, ys

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Find the best rotation of every pair anew."""
        ys = self.ys if order is None else [each[order] for each in self.ys]
        cosines = [[linalg.svdvals(x.T @ y, check_finite=False).sum() for y in ys] for x in self.xs]
        return _angle(np.array(cosines, np.float64))

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh images with the rotation as it is, which is exact to first order.

        Rotated anew, a resample would look closer than its images are: copies help the fit.
        """
        return np.stack(
            [
                np.stack([self._drawn(i, j, counts) for j in range(len(self.ys))], axis=1)
                for i in range(len(self.xs))
            ],
            axis=1,
        )

    def _drawn(self, i: int, j: int, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        x_lengths, y_lengths = self._lengths[0][i], self._lengths[1][j]
        scale = np.sqrt((counts @ x_lengths) * (counts @ y_lengths))
        return _angle(counts @ _agreement(self.xs[i], self.ys[j]) / scale)

    @cached_property
    def _lengths(self) -> list[list[NDArray[np.float64]]]:
        return [[np.square(each).sum(1) for each in side] for side in (self.xs, self.ys)]


def _agreement(x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give each image's product after the best rotation, (images,); they sum to the cosine."""
    return np.asarray(np.einsum("ij,ij->i", x @ polar(x.T @ y), y), np.float64)


def _angle(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    # rounding can carry a cosine over 1
    return np.asarray(np.arccos(np.clip(cosines, -1, 1)))
