"""How alike are the similarities that two systems see between images? Debiased linear CKA.

With centred responses X and Y, K = X X^T, L = Y Y^T, and all diagonals left out, Song et al.'s
unbiased estimate of HSIC is the sum over pairs of A_ij B_ij / (n (n - 3)), where A and B are K and
L with their row means taken out (U-centred; Szekely and Rizzo 2014). Its mean is 0 for systems that
have nothing to do with each other, at any width. Since X is centred, the same number needs only
|X^T Y|^2 and the squared length of each row, so that no n x n matrix is held for many images.

References
----------
Song et al., "Feature selection via dependence maximization", JMLR 2012. Kornblith et al.,
"Similarity of neural network representations revisited", ICML 2019. Szekely and Rizzo, "Partial
distance correlation with methods for dissimilarities", Annals of Statistics 2014. Debiasing
of CKA by width: Murphy, Zylberberg, Fyshe, "Correcting biased centered kernel alignment measures in
biological and artificial neural networks", 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.measure import Measured, Pairing, as_responses
from neurons.alignment.pairs import PairTables
from neurons.alignment.responses import Responses, check_all
from neurons.alignment.similarities import similarities


@dataclass(frozen=True)
class Cka:
    """Debiased linear CKA: 1 for the same similarities, 0 on average for unrelated ones.

    It does not change when either system is rotated, reflected, scaled as a whole or shifted. It
    does change when single units are scaled. It can be slightly negative.

    Parameters
    ----------
    most_pairs_of : int
        Up to so many images the similarities of all pairs are held (4 n^2 bytes per table of
        float32); beyond, the responses are read block by block, and the interval is linearised.
    """

    most_pairs_of: int = 2048
    name = "cka"
    title = "debiased linear CKA"
    higher_is_closer = True
    symmetric = True
    most_images: int | None = None

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Prepare both sides: similarities of pairs, or means and row lengths of many images."""
        if xs[0].n <= self.most_pairs_of:
            return _OfPairs(xs, ys)
        return _OfBlocks(xs, ys)

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Give nothing: the debiased number holds at any width."""
        return ""


def biased_cka(x: Any, y: Any) -> Measured:
    """Give CKA as it was first defined, for comparison: it grows with width over images.

    Two unrelated Gaussian tables of 1,000 images x 2,560 units have 0.72.

    Parameters
    ----------
    x, y : array, (images, units)

    Returns
    -------
    Measured
        In [0, 1].

    Raises
    ------
    MismatchError, OptionError
        As `neurons.alignment.measure.measured`.
    """
    first, second = as_responses(x, "the first table"), as_responses(y, "the second table")
    check_all([first], [second])
    left, right = _Side(first), _Side(second)
    scale = np.sqrt(_likeness(left, left) * _likeness(right, right))
    return Measured(float(_likeness(left, right) / scale), True, first.n)


class _Side:
    """Mean and squared row lengths of one table, taken in one pass each."""

    def __init__(self, responses: Responses) -> None:
        self.responses = responses
        total = np.zeros(responses.n_units)
        for _, rows in responses.blocks():
            total += rows.sum(0, dtype=np.float64)
        self.mean = total / responses.n
        self.lengths = np.empty(responses.n)
        for where, rows in self.blocks():
            self.lengths[where] = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)

    def blocks(self, order: NDArray[np.intp] | None = None) -> Iterable[tuple[slice, Any]]:
        """Give centred rows."""
        mean = self.mean.astype(self.responses.dtype)
        for where, rows in self.responses.blocks(order):
            yield where, rows - mean


def _cross(x: _Side, y: _Side, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
    """Give X^T Y, summed over blocks in float64."""
    total = np.zeros((x.responses.n_units, y.responses.n_units))
    if x is y and order is None:
        for _, rows in x.blocks():
            total += rows.T @ rows
        return total
    for (_, rows), (_, others) in zip(x.blocks(), y.blocks(order), strict=True):
        total += rows.T @ others
    return total


def _likeness(x: _Side, y: _Side, order: NDArray[np.intp] | None = None) -> float:
    """Give the sum over all pairs of images of K_ij L_ij, which is |X^T Y|^2."""
    n, n_products = x.responses.n, x.responses.n_units * y.responses.n_units
    if n * n >= n_products:
        cross = _cross(x, y, order)
        return float(np.vdot(cross, cross))
    left, right = (np.concatenate([rows for _, rows in each.blocks()]) for each in (x, y))
    right = right if order is None else right[order]
    return float(np.vdot(left @ left.T, right @ right.T))


def _hsic(x: _Side, y: _Side, order: NDArray[np.intp] | None = None) -> float:
    """Give Song et al.'s unbiased HSIC from |X^T Y|^2 and row lengths of centred responses."""
    n, d, e = len(x.lengths), x.lengths, y.lengths if order is None else y.lengths[order]
    # rows of K without its diagonal sum to -d, since rows of K sum to 0
    total = _likeness(x, y, order) - float(d @ e) * n / (n - 2)
    return (total + float(d.sum() * e.sum()) / ((n - 1) * (n - 2))) / (n * (n - 3))


class _OfPairs:
    """Similarities of all pairs, U-centred and of length 1: CKA is their product."""

    def __init__(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> None:
        self.tables = PairTables(*([_normed(each) for each in side] for side in (xs, ys)))

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Multiply both sides, the second one with its images in another order."""
        return self.tables.products(order)

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh pairs as each resample does.

        Means of rows are not taken out again: that changes the ratio by a share of about 2 / n.
        """
        return self.tables.resampled(counts) / self.tables.resampled_lengths(counts)


def _normed(responses: Responses) -> NDArray[np.floating]:
    matrix = similarities(responses)
    return np.asarray(matrix / np.linalg.norm(matrix))


class _OfBlocks:
    """Cross-products of the units, summed over blocks of images: flat memory at any n."""

    def __init__(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> None:
        self.xs, self.ys = [_Side(each) for each in xs], [_Side(each) for each in ys]
        self.own = [[_hsic(s, s) for s in side] for side in (self.xs, self.ys)]

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Pass over the rows of each pair of tables."""
        found = [[_hsic(x, y, order) for y in self.ys] for x in self.xs]
        return np.asarray(np.array(found) / np.sqrt(np.multiply.outer(*map(np.array, self.own))))

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh what each image adds to HSIC, to first order in the weights."""
        change = 2.0 * counts - 1
        own = [[change @ _shares(s, s) for s in side] for side in (self.xs, self.ys)]
        both = np.array([[change @ _shares(x, y) for y in self.ys] for x in self.xs])
        left, right = np.array(own[0]), np.array(own[1])
        scale = np.sqrt(np.maximum(left[:, None] * right[None], np.finfo(float).tiny))
        return np.asarray(np.moveaxis(both / scale, 2, 0))


def _shares(x: _Side, y: _Side) -> NDArray[np.float64]:
    """Give, per image i, the sum over other images j of A_ij B_ij, from the units alone.

    A_ij = K_ij + u_i + u_j - a with u = d / (n - 2), and B alike.
    """
    n, d, e = len(x.lengths), x.lengths, y.lengths
    u, v = d / (n - 2), e / (n - 2)
    a, b = (float(each.sum()) / ((n - 1) * (n - 2)) for each in (d, e))
    cross = _cross(x, y)
    towards_v, towards_u = np.zeros(x.responses.n_units), np.zeros(y.responses.n_units)
    for (where, rows), (_, others) in zip(x.blocks(), y.blocks(), strict=True):
        towards_v += v[where] @ rows
        towards_u += u[where] @ others
    k_l, k_v, l_u = np.empty(n), np.empty(n), np.empty(n)
    for (where, rows), (_, others) in zip(x.blocks(), y.blocks(), strict=True):
        k_l[where] = np.einsum("ij,ij->i", rows @ cross, others)
        k_v[where], l_u[where] = rows @ towards_v, others @ towards_u
    left = k_l - d * e + k_v - d * v + l_u - e * u + u @ v - u * v
    middle = (v - b) * (u.sum() - u - d)
    right = (u - a) * (v.sum() - v - e + (n - 1) * (v - b))
    return np.asarray(left + middle + right)
