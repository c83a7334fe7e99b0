"""Which unit of one system is which unit of another?"""

from __future__ import annotations

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


def margins(strength: Float, partners: NDArray[np.intp]) -> Float:
    """Give how far each row's partner is above the best of all other columns.

    Parameters
    ----------
    strength : ndarray of float, (rows, columns)
    partners : ndarray of int, (rows,)

    Returns
    -------
    ndarray of float64, (rows,)
        Negative where another column is better, which an assignment allows; the strength itself
        where there is one column only.
    """
    rows = np.arange(len(strength))
    own = strength[rows, partners]
    others = strength.copy()
    others[rows, partners] = -np.inf
    second = others.max(1)
    found: Float = own - np.where(np.isneginf(second), 0.0, second)
    return found


def soft_matching(strength: Float) -> float:
    """Match two sets of units of different sizes so that each unit counts alike.

    Every unit of one side shares a weight of 1 among units of the other, and the mean strength of
    what is shared is as large as it can be.

    Parameters
    ----------
    strength : ndarray of float, (rows, columns)

    Returns
    -------
    float
        In the unit of the strength. Of equal sizes it is the mean of `assigned` pairs.

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
    repeated = np.repeat(np.repeat(strength, size // n_rows, 0), size // n_columns, 1)
    rows, columns = linear_sum_assignment(repeated, maximize=True)
    return float(repeated[rows, columns].mean())


def pair_correlations(x: Array, y: Array, partners: NDArray[np.intp]) -> Float:
    """Correlate each column of one table with its partner in the other: (units of x,)."""
    found: Float = (standardised(x) * standardised(y)[:, partners]).sum(0)
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
    margins : ndarray of float, (units of x,)
        There too: the absolute correlation with the partner, minus the largest with any other.
    rotated : ndarray of float, (rotations, units of x)
        Absolute correlations on the testing images where the units of y are directions drawn at
        random in their space and everything is done anew.
    permuted : ndarray of float, (permutations,)
        The largest absolute correlation of all pairs on the testing images, where the images of y
        are in another order.
    permuted_mean : ndarray of float, (permutations,)
        The mean over pairs, in the same orders.
    """

    partners: NDArray[np.intp]
    chosen_by: Float
    correlations: Float
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
    strength = first_x.T @ first_y
    partners = assigned(np.abs(strength))
    tested = second_x.T @ second_y
    rows = np.arange(len(partners))
    random = np.random.default_rng(seed)
    rotated = np.empty((n_rotations, x.shape[1]))
    spread = y[choosing].std(0, dtype=np.float64)
    # one scale for both halves, so that a direction is the same one in either
    scaled = np.asarray(y, np.float64) / np.where(spread > 0, spread, np.inf)
    for k in range(n_rotations):
        turned = scaled @ rotation(y.shape[1], random)
        found = assigned(np.abs(first_x.T @ standardised(turned[choosing])))
        rotated[k] = np.abs(pair_correlations(second_x, turned[testing], found))
    permuted = np.empty((n_permutations, x.shape[1]))
    paired = second_y[:, partners]
    for k in range(n_permutations):
        permuted[k] = np.abs((second_x * paired[random.permutation(len(paired))]).sum(0))
    return MatchedUnits(
        partners=partners,
        chosen_by=strength[rows, partners],
        correlations=tested[rows, partners],
        margins=margins(np.abs(tested), partners),
        rotated=rotated,
        permuted=permuted.max(1),
        permuted_mean=permuted.mean(1),
    )
