"""Which classes are over-represented among a unit's strongest images, and is that chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import hypergeom

from neurons.stats import Interval, wilson, wilson_bounds

# the strongest images: a share of all, but not fewer than this, of a small set a quarter
TOP_SHARE, FEWEST_TOP, _QUARTER = 0.01, 50, 4
# one image alone is no evidence of its class
_FEWEST_OF_CLASS = 2
# the share of units without any class that would be given one
_ALPHA = 0.01


@dataclass(frozen=True)
class ClassLift:
    """How much more frequent a class is among the top images than in the whole set.

    Parameters
    ----------
    name : str
    n_top, n : int
        Images of the class among the top ones and in the set.
    lift : float, >= 0
        Share among the top over share in the set; 1 says "as everywhere".
    interval : Interval
        95 % Wilson interval of the share among the top, over the share in the set. It is each
        class's own: with many classes, a few lie above 1 by chance.
    """

    name: str
    n_top: int
    n: int
    lift: float
    interval: Interval


def n_of_top(n_images: int, top_share: float = TOP_SHARE) -> int:
    """Say how many of the images count as the top."""
    return max(round(top_share * n_images), min(FEWEST_TOP, n_images // _QUARTER))


def top_mask(peaks: NDArray[np.floating], n_top: int) -> NDArray[np.bool_]:
    """Mark the top images of each unit, and never some of those with equal peaks.

    Where the last of the top images has the same peak as the first that is not among them, such
    as 0 after a ReLU, all of these are left out. Which of them were taken would be a matter of
    their names.

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    n_top : int >= 0
        How many are marked where no peaks are equal.

    Returns
    -------
    ndarray of bool, (images, units)
        ``n_top`` per unit or fewer; more where that many share the largest peak of a unit, and
        none if all images do.
    """
    n = len(peaks)
    if not 0 < n_top < n:
        return np.full(peaks.shape, n_top > 0) & (np.ptp(peaks, axis=0) > 0 if n else True)
    bound = np.partition(peaks, n - n_top, axis=0)[n - n_top]
    above, tied = peaks > bound, peaks == bound
    complete = above.sum(0) + tied.sum(0) == n_top
    with_tied = complete | ~above.any(0) & ~tied.all(0)
    top: NDArray[np.bool_] = above | tied & with_tied
    return top


def class_lifts(
    labels: NDArray[np.int32],
    class_names: Sequence[str],
    top: Sequence[int] | NDArray[np.intp],
    good: NDArray[np.intp],
) -> tuple[ClassLift, ...]:
    """Compare the classes of the top rows with those of all rows; unlabelled rows are left out.

    Returns
    -------
    tuple of ClassLift
        Of every class with at least two images at the top (one alone is no evidence), by the
        interval's lower bound.
    """
    known, known_top = labels[good], labels[np.asarray(top, dtype=np.intp)]
    known, known_top = known[known >= 0], known_top[known_top >= 0]
    in_set = np.bincount(known, minlength=len(class_names))
    in_top = np.bincount(known_top, minlength=len(class_names))
    lifts = []
    for label in np.flatnonzero(in_top >= _FEWEST_OF_CLASS).tolist():
        share = in_set[label] / len(known)
        at_top = int(in_top[label]) / len(known_top)
        interval = wilson(int(in_top[label]), len(known_top)).scaled(float(1 / share))
        name = class_names[label]
        lifts.append(
            ClassLift(name, int(in_top[label]), int(in_set[label]), float(at_top / share), interval)
        )
    return tuple(sorted(lifts, key=lambda lift: (-lift.interval.low, lift.name)))


@dataclass(frozen=True)
class Leaders:
    """Of many units the class that leads among the top images, and what it is worth.

    Parameters
    ----------
    classes : ndarray of int, (units,)
        -1 where chance gives as much.
    n_top, top : ndarray of int, (units,)
        Images of the class at the top, and all images there.
    lift, low, high : ndarray of float, (units,)
        As `ClassLift` has them.
    """

    classes: NDArray[np.int64]
    n_top: NDArray[np.int64]
    top: NDArray[np.int64]
    lift: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def leaders(labels: NDArray[np.int32], n_classes: int, top: NDArray[np.bool_]) -> Leaders:
    """Find the leading class of many units at once: what `leading_class` finds of each.

    Parameters
    ----------
    labels : ndarray of int, (images,)
        All in [0, n_classes).
    n_classes : int
    top : ndarray of bool, (images, units)
        As `top_mask` gives it.
    """
    n = len(labels)
    member = csr_array((np.ones(n, np.float32), (labels, np.arange(n))), shape=(n_classes, n))
    in_top = np.rint(member @ top.astype(np.float32)).astype(np.int64)
    in_set, n_top = np.bincount(labels, minlength=n_classes), top.sum(0)
    share = np.where(in_set > 0, in_set, 1)[:, None] / n
    low, high = (bound / share for bound in wilson_bounds(in_top, np.maximum(n_top, 1)))
    first = np.where(in_top >= _FEWEST_OF_CLASS, low, -1).argmax(0)
    units = np.arange(top.shape[1])
    count = in_top[first, units]
    chance = _tail_of_chance(count, in_set[first], n_top, n, n_classes)
    named = (count >= _FEWEST_OF_CLASS) & (chance <= _ALPHA)
    lift = count / np.maximum(n_top, 1) / share[first, 0]
    return Leaders(
        np.where(named, first, -1), count, n_top, lift, low[first, units], high[first, units]
    )


def leading_class(
    lifts: Sequence[ClassLift], *, n_top: int, n: int, n_classes: int
) -> ClassLift | None:
    """Give the class that leads among a unit's top images, unless chance gives as much.

    Chance: as many images drawn at random, and the class that then happens to lead. Its tail is
    bounded by the sum over classes (Bonferroni), so that a class is given to at most 1 % of the
    units whose top images are random ones.

    Parameters
    ----------
    lifts : sequence of ClassLift
        As `class_lifts` gives them.
    n_top, n : int
        Labelled images at the top and in the set.
    n_classes : int
        Classes of the image set.

    Returns
    -------
    ClassLift or None
    """
    if not lifts:
        return None
    first = lifts[0]
    return first if _tail_of_chance(first.n_top, first.n, n_top, n, n_classes) <= _ALPHA else None


def _tail_of_chance(
    count: int | NDArray[np.int64],
    in_set: int | NDArray[np.int64],
    n_top: int | NDArray[np.int64],
    n: int,
    n_classes: int,
) -> NDArray[np.float64]:
    """Bound how often some class is as frequent among as many images drawn at random."""
    tail: NDArray[np.float64] = hypergeom.sf(np.asarray(count) - 1, n, in_set, n_top)
    return tail * max(n_classes, 1)
