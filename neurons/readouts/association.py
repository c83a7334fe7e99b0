"""Do two groups lie nearer to different things? The association test, on embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.readouts.partitions import PartitionTest, pair_test, partition_test
from neurons.stats import Interval

Vectors = NDArray[np.floating]

_TAILS = (0.025, 0.975)
# a spread below this share of the cosines themselves is rounding
_NO_SPREAD = 1e-9


@dataclass(frozen=True)
class Association:
    """How much nearer one group lies to A than to B, compared with the other group.

    Parameters
    ----------
    difference : float in [-4, 4]
        Mean of the first group's scores minus the second's, in cosines.
    difference_interval : Interval
        95 %.
    effect : float in (-2, 2)
        The difference in standard deviations of the scores over both groups (``ddof = 1``). It
        nears 2 when the scores within each group are equal, however small the difference is.
    effect_interval : Interval
        95 %.
    test : PartitionTest
    scores : tuple of float
        Of each item of the first group, then of the second: its mean cosine with A minus that
        with B.
    """

    difference: float
    difference_interval: Interval
    effect: float
    effect_interval: Interval
    test: PartitionTest
    scores: tuple[float, ...]


def association(
    x: Vectors,
    y: Vectors,
    a: Vectors,
    b: Vectors,
    *,
    n_draws: int = 99_999,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Association:
    """Test whether X lies nearer to A, and Y nearer to B, than chance would have it.

    Parameters
    ----------
    x, y : ndarray of float, (targets, dimensions)
        As many of each, four or more.
    a, b : ndarray of float, (attributes, dimensions)
        May differ in number.
    n_draws : int >= 99
        Of partitions, where there are too many to count.
    n_resamples : int >= 1
        Of the bootstrap.
    seed : int

    Returns
    -------
    Association

    Raises
    ------
    OptionError
        If the groups are unequal or too small, an item has no direction, or all targets have the
        same score.

    References
    ----------
    Caliskan, Bryson, Narayanan, "Semantics derived automatically from language corpora contain
    human-like biases", Science 2017; of images: Steed and Caliskan, "Image representations learned
    with unsupervised pre-training contain human-like biases", FAccT 2021. The interval resamples
    targets and attributes, each within its group: Owen, "The pigeonhole bootstrap", Annals of
    Applied Statistics 2007; it is rather too wide than too narrow. That the p value is two-sided
    is ours.
    """
    near = _cosines([x, y], [a, b])
    sizes = (len(x), len(y)), (len(a), len(b))
    chance = partial(partition_test, n_draws=n_draws, seed=seed)
    return _associated(near, *sizes, chance, n_resamples, seed)


def association_of_pairs(
    x: Vectors,
    y: Vectors,
    a: Vectors,
    b: Vectors,
    *,
    n_draws: int = 99_999,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Association:
    """Test the same where each item of X goes with one of Y, such as one scene in two versions.

    Chance exchanges the two items of a pair, and the interval resamples pairs: what a pair has in
    common neither makes nor hides a difference. The effect is in standard deviations over all
    items, as `association` gives it, so that it is small where scenes differ much.

    Parameters
    ----------
    x, y : ndarray of float, (pairs, dimensions)
        In one order, six or more.
    a, b, n_draws, n_resamples, seed
        As `association`.

    Returns
    -------
    Association

    Raises
    ------
    OptionError
        As `association`.
    """
    near = _cosines([x, y], [a, b])
    sizes = (len(x), len(y)), (len(a), len(b))
    chance = partial(pair_test, n_draws=n_draws, seed=seed)
    return _associated(near, *sizes, chance, n_resamples, seed, paired=True)


def association_of_one(
    x: Vectors,
    a: Vectors,
    b: Vectors,
    *,
    n_draws: int = 99_999,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Association:
    """Test whether one group, or one item, lies nearer to A than to B.

    The items of A and B are exchanged, each with its mean cosine with X as its score.

    Parameters
    ----------
    x : ndarray of float, (targets, dimensions)
        One or more.
    a, b : ndarray of float, (attributes, dimensions)
        As many of each, four or more.
    n_draws, n_resamples, seed : int
        As `association`.

    Returns
    -------
    Association
        Of A against B; its scores are those of the attributes.

    Raises
    ------
    OptionError
        As `association`.

    References
    ----------
    The single-category test of Caliskan et al. 2017 (there: WEFAT).
    """
    near = _cosines([a, b], [x])
    chance = partial(partition_test, n_draws=n_draws, seed=seed)
    return _associated(near, (len(a), len(b)), (len(x), 0), chance, n_resamples, seed)


def directions(vectors: Vectors) -> NDArray[np.float64]:
    """Give vectors of length 1.

    Raises
    ------
    OptionError
        If one has no direction: it is zero, or not finite.
    """
    exact = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))
    if len(bad):
        raise OptionError(
            f"{len(bad):,} of {len(exact):,} items have no direction, the first is item "
            f"{bad[0] + 1}: its embedding is zero or not finite; leave it out"
        )
    found: NDArray[np.float64] = exact / lengths
    return found


def _cosines(rows: list[Vectors], columns: list[Vectors]) -> NDArray[np.float64]:
    first = np.concatenate([directions(each) for each in rows])
    second = np.concatenate([directions(each) for each in columns])
    found: NDArray[np.float64] = first @ second.T
    return found


def _associated(
    near: NDArray[np.float64],
    rows: tuple[int, int],
    columns: tuple[int, int],
    chance: Callable[[NDArray[np.float64], NDArray[np.float64]], PartitionTest],
    n_resamples: int,
    seed: int,
    *,
    paired: bool = False,
) -> Association:
    """Measure, of cosines (items, others), the two groups of rows on those of the columns."""
    scores = near @ _weights(columns, np.ones((1, sum(columns))))[0]
    test = chance(scores[: rows[0]], scores[rows[0] :])
    if scores.std() <= _NO_SPREAD * max(1e-12, float(np.abs(near).max())):
        raise OptionError(
            "no spread: every item is as near to the one side as to the other, so there is no "
            "effect to measure; give items that differ"
        )
    difference, effect = _measured(scores[:, None], rows, np.ones((1, sum(rows))))
    random = np.random.default_rng(seed)
    # each draw takes the items of a group as often as chance gives, columns and rows alike
    by_column = _weights(columns, _resampled(random, columns, n_resamples))
    by_row = _resampled(random, rows[:1] if paired else rows, n_resamples)
    if paired:
        by_row = np.concatenate([by_row, by_row], axis=1)
    drawn = [_interval(each) for each in _measured(near @ by_column.T, rows, by_row)]
    return Association(
        difference=float(difference[0]),
        difference_interval=drawn[0],
        effect=float(effect[0]),
        effect_interval=drawn[1],
        test=test,
        scores=tuple(float(each) for each in scores),
    )


def _resampled(
    random: np.random.Generator, sizes: tuple[int, ...], n_resamples: int
) -> NDArray[np.float64]:
    """Draw how often each item of two groups is taken, (draws, items)."""
    drawn = [random.multinomial(n, np.full(n, 1 / n), n_resamples) for n in sizes if n]
    return np.concatenate(drawn, axis=1).astype(np.float64)


def _weights(sizes: tuple[int, int], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what the columns weigh: the mean of the first group minus that of the second."""
    found = times.copy()
    found[:, : sizes[0]] /= sizes[0]
    found[:, sizes[0] :] /= -max(sizes[1], 1)
    return found


def _measured(
    scores: NDArray[np.float64], sizes: tuple[int, int], times: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give difference and effect of each column of scores, (items, draws), items taken so often."""
    taken = times.T
    difference = (_weights(sizes, times).T * scores).sum(0)
    total = sum(sizes)
    mean = (taken * scores).sum(0) / total
    variance = (taken * (scores - mean) ** 2).sum(0) / (total - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return difference, difference / np.sqrt(variance)


def _interval(drawn: NDArray[np.float64]) -> Interval:
    # a draw of equal scores has no effect size
    low, high = np.quantile(drawn[np.isfinite(drawn)], _TAILS)
    return Interval(float(low), float(high))
