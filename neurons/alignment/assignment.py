"""Which unit of one system is which unit of another?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from neurons.errors import OptionError

Array = NDArray[np.floating]
Float = NDArray[np.float64]

# units are repeated to the least common multiple of both sizes; above this it takes minutes
_MOST_REPEATED = 4096


def correlation(x: Array, y: Array) -> Float:
    """Correlate each column of one table with each of another.

    Parameters
    ----------
    x, y : ndarray of float, (images, units of x) and (images, units of y)
        The same images in the same order.

    Returns
    -------
    ndarray of float64, (units of x, units of y)
        Pearson's, in [-1, 1]; 0 for a unit that gives the same on every image.
    """
    return standardised(x).T @ standardised(y)


def standardised(x: Array) -> Float:
    """Shift and scale columns to mean 0 and length 1; columns of one value become 0."""
    wide = np.asarray(x, np.float64)
    wide = wide - wide.mean(0)
    length = np.sqrt((wide * wide).sum(0))
    length[np.ptp(x, axis=0) == 0] = np.inf
    scaled: Float = wide / length
    return scaled


def assigned(strength: Float) -> NDArray[np.intp]:
    """Give each row a column of its own, so that the sum of their strengths is largest.

    Parameters
    ----------
    strength : ndarray of float, (rows, columns)
        Such as the absolute correlation of units.

    Returns
    -------
    ndarray of int, (rows,)
        A column for each row. No column is taken twice, unless there are more rows than columns:
        then none is taken more often than ``ceil(rows / columns)`` times.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics 1955; of
    units: Li et al., "Convergent learning: do different neural networks learn the same
    representations?", ICLR 2016.
    """
    n_rows, n_columns = strength.shape
    times = -(-n_rows // n_columns)
    _, columns = linear_sum_assignment(np.tile(strength, times), maximize=True)
    found: NDArray[np.intp] = columns % n_columns
    return found


def soft_matching(strength: Float) -> Float:
    """Match two sets of units of different sizes so that each unit counts alike.

    Every unit of a side has the same weight, which it may share among several units of the other,
    so that the strength summed by weight is as large as it can be.

    Parameters
    ----------
    strength : ndarray of float, (rows, columns)

    Returns
    -------
    ndarray of float64, (rows, columns)
        Weights whose sum is 1, with equal sums of all rows and of all columns. Of equal sizes it is
        the assignment.

    Raises
    ------
    OptionError
        If the least common multiple of the sizes is above 4,096, which would take minutes.

    References
    ----------
    Khosla and Williams, "Soft matching distance: a metric on neural representations that captures
    single-neuron tuning", UniReps 2023: optimal transport with equal weights, which is an
    assignment of repeated units.
    """
    n_rows, n_columns = strength.shape
    size = int(np.lcm(n_rows, n_columns))
    if size > _MOST_REPEATED:
        raise OptionError(
            f"soft matching of {n_rows:,} with {n_columns:,} units repeats them to {size:,}, above "
            f"{_MOST_REPEATED:,}; match them one to one"
        )
    per_row, per_column = size // n_rows, size // n_columns
    repeated = np.repeat(np.repeat(strength, per_row, 0), per_column, 1)
    rows, columns = linear_sum_assignment(repeated, maximize=True)
    weights = np.zeros(strength.shape)
    np.add.at(weights, (rows // per_row, columns // per_column), 1 / size)
    return weights


def pair_correlations(x: Array, y: Array, partners: NDArray[np.intp]) -> Float:
    """Correlate each column of one table with its partner in the other: (units of x,)."""
    found: Float = (standardised(x) * standardised(y)[:, partners]).sum(0)
    return found


def resampled_correlations(
    x: Array, y: Array, partners: NDArray[np.intp], *, n_resamples: int = 500, seed: int = 0
) -> Float:
    """Correlate pairs of columns on resamples of the images: (resamples, units of x).

    nan where a resample holds no image on which a unit differs from its mean.
    """
    a, b = standardised(x), standardised(y)[:, partners]
    random, n = np.random.default_rng(seed), len(a)
    counts = [np.bincount(random.integers(0, n, n), minlength=n) for _ in range(n_resamples)]
    shares = np.stack(counts) / n
    mean_a, mean_b = shares @ a, shares @ b
    both = shares @ (a * b) - mean_a * mean_b
    spread = (shares @ (a * a) - mean_a**2) * (shares @ (b * b) - mean_b**2)
    # a variance of 0, but for its rounding, in tables whose columns have length 1
    good = spread > (1e-12 / n) ** 2
    return np.divide(both, np.sqrt(np.abs(spread)), out=np.full_like(both, np.nan), where=good)


def _best_other(strength: Float, partners: NDArray[np.intp]) -> Float:
    """Give each row's largest strength with any column but its partner; 0 if there is no other."""
    others = strength.copy()
    others[np.arange(len(others)), partners] = 0
    found: Float = others.max(1)
    return found


def rotation(size: int, random: np.random.Generator) -> Float:
    """Draw an orthogonal matrix, every one as likely as any other: (size, size).

    References
    ----------
    Mezzadri, "How to generate random matrices from the classical compact groups", Notices of the
    AMS 2007.
    """
    turn, upper = np.linalg.qr(random.standard_normal((size, size)))
    # the sign that qr leaves open
    turned: Float = turn * np.sign(np.diag(upper))
    return turned


@dataclass(frozen=True)
class MatchedUnits:
    """Units that were matched on some images and tested on others.

    Parameters
    ----------
    partners : ndarray of int, (units of x,)
        The unit of y for each.
    chosen_by : ndarray of float, (units of x,)
        Correlation on the images that chose the pairs: too high, since it was chosen by it.
    correlations : ndarray of float, (units of x,)
        On the other images; negative where one goes down when its partner goes up.
    strength : ndarray of float, (units of x,)
        There too: the correlation, with the other sign where `chosen_by` is negative. Unlike the
        absolute value it is 0 on average for units that have nothing to do with each other.
    margins : ndarray of float, (units of x,)
        The strength, minus the largest absolute correlation with any other unit.
    rotated : ndarray of float, (rotations, units of x)
        The strength where the units of y are directions drawn at random in their space, and
        everything is done anew.
    permuted : ndarray of float, (permutations,)
        The largest strength of all pairs, where the testing images of y are in another order.
    permuted_mean : ndarray of float, (permutations,)
        The mean over pairs, in the same orders.
    """

    partners: NDArray[np.intp]
    chosen_by: Float
    correlations: Float
    strength: Float
    margins: Float
    rotated: Float
    permuted: Float
    permuted_mean: Float


def matched_units(
    x: Array,
    y: Array,
    choosing: NDArray[np.intp],
    testing: NDArray[np.intp],
    *,
    n_rotations: int = 20,
    n_permutations: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MatchedUnits:
    """Assign units by the absolute correlation on some images, and test the pairs on others.

    Parameters
    ----------
    x, y : ndarray of float, (images, units of x) and (images, units of y)
        The same images in the same order.
    choosing, testing : ndarray of int
        Rows that choose the pairs, and rows that test them; none in both.
    n_rotations, n_permutations : int >= 0
    seed : int
    progress : callable
        Takes how many of how many rotations are done.

    Returns
    -------
    MatchedUnits

    Raises
    ------
    OptionError
        If one side has no unit, or fewer than four images choose or test.
    """
    if min(x.shape[1], y.shape[1]) < 1 or min(len(choosing), len(testing)) < 4:
        raise OptionError(
            f"{len(choosing):,} images choose and {len(testing):,} test the pairs of "
            f"{x.shape[1]:,} and {y.shape[1]:,} units; give 4 images or more to either, and a unit"
        )
    first_x, first_y = standardised(x[choosing]), standardised(y[choosing])
    second_x, second_y = standardised(x[testing]), standardised(y[testing])
    found = first_x.T @ first_y
    partners = assigned(np.abs(found))
    chosen_by = found[np.arange(len(partners)), partners]
    random = np.random.default_rng(seed)
    rotated = np.empty((n_rotations, x.shape[1]))
    spread = y[choosing].std(0, dtype=np.float64)
    # one scale for both halves, so that a direction is the same one in either
    scaled = np.asarray(y, np.float64) / np.where(spread > 0, spread, np.inf)
    for k in range(n_rotations):
        turned = scaled @ rotation(y.shape[1], random)
        found = first_x.T @ standardised(turned[choosing])
        columns = assigned(np.abs(found))
        signs = np.sign(found[np.arange(len(columns)), columns])
        rotated[k] = signs * pair_correlations(second_x, turned[testing], columns)
        progress(k + 1, n_rotations)
    permuted = np.empty((n_permutations, x.shape[1]))
    paired = second_y[:, partners] * np.sign(chosen_by)
    for k in range(n_permutations):
        permuted[k] = (second_x * paired[random.permutation(len(paired))]).sum(0)
    strength = (second_x * paired).sum(0)
    return MatchedUnits(
        partners=partners,
        chosen_by=chosen_by,
        correlations=pair_correlations(second_x, second_y, partners),
        strength=strength,
        margins=strength - _best_other(np.abs(second_x.T @ second_y), partners),
        rotated=rotated,
        permuted=permuted.max(1),
        permuted_mean=permuted.mean(1),
    )
