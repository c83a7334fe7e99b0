"""How often does chance part items into two groups that differ as much as these do?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import comb

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError

# of fewer items than this in each group no p value is worth having
FEWEST = 4
# pairs: 2 of 2 ** 6 exchanges are the smallest p below 0.05
FEWEST_PAIRS = 6
# two halves of 20 items have a million subsets each, which are counted in a second
_MOST_COUNTED = 40
# sums of the same numbers in another order differ by less, in shares of their size
_ROUNDING = 1e-10
_AT_ONCE = 10_000


@dataclass(frozen=True)
class PartitionTest:
    """How often chance parts the items of two equal groups so that they differ as much.

    Parameters
    ----------
    p_value : float in (0, 1]
        Two-sided: share of equal partitions whose means differ as much or more, whichever is
        larger. What was measured is one of them.
    p_greater : float in (0, 1]
        One-sided: share of those in which the first group is as far above the second, or farther.
        This is the p value that published association tests give; where the difference is
        negative it is near 1, which does not say that there is none.
    n_partitions : int
        Equal partitions that there are.
    n_counted : int
        Those that were looked at: all, or so many drawn without replacement, the measured one
        among them.
    smallest : float
        The smallest two-sided p value that could come out.
    what : str
        What was exchanged: ``equal partitions``, or ``exchanges within pairs``.
    """

    p_value: float
    p_greater: float
    n_partitions: int
    n_counted: int
    smallest: float
    what: str = "equal partitions"

    @property
    def exact(self) -> bool:
        """Whether every partition was counted."""
        return self.n_counted == self.n_partitions

    def told(self) -> str:
        """Say of how many partitions: for the note below a p value."""
        if self.exact:
            return f"all {self.n_partitions:,} {self.what}, smallest p {self.smallest:.2g}"
        return (
            f"{self.n_counted:,} of {self.n_partitions:.2g} {self.what}, none twice, smallest p "
            f"{self.smallest:.2g}"
        )


def smallest_p(n: int) -> float:
    """Give the smallest two-sided p value of two groups of ``n`` items each."""
    return 2 / comb(2 * n, n)


def partition_test(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    *,
    n_draws: int = 99_999,
    seed: int = 0,
) -> PartitionTest:
    """Exchange items between two equal groups, and count how often their means differ as much.

    Up to 20 items in each group every partition is counted; of more, partitions are drawn without
    replacement. Equal differences count as "as much" (``>=``).

    Parameters
    ----------
    first, second : ndarray of float, (n,) each
    n_draws : int >= 99
        Partitions to draw besides the measured one, where not all are counted.
    seed : int

    Returns
    -------
    PartitionTest

    Raises
    ------
    OptionError
        If the groups are unequal or have fewer than four items, or fewer than 99 draws are asked
        for.

    References
    ----------
    Fisher, "The design of experiments", 1935; Phipson and Smyth, "Permutation p-values should
    never be zero", Statistical Applications in Genetics and Molecular Biology 2010. All partitions
    are counted by halves: Horowitz and Sahni, "Computing partitions with applications to the
    knapsack problem", Journal of the ACM 1974.
    """
    n = len(first)
    if n != len(second):
        raise OptionError(
            f"groups of {n} and {len(second)} items cannot be exchanged in equal partitions; give "
            f"as many of each"
        )
    if n < FEWEST:
        raise OptionError(
            f"{n} items in each group: the smallest p that is possible is {smallest_p(n):.2g}; "
            f"give {FEWEST} or more ({smallest_p(FEWEST):.2g})"
        )
    if n_draws < 99:
        raise OptionError(f"{n_draws} partitions to draw: at least 99, for a p of 0.01")
    scores = np.concatenate([first, second]).astype(np.float64)
    scores -= scores.mean()
    found, total = float(scores[:n].sum()), comb(2 * n, n)
    slack = _ROUNDING * float(np.abs(scores).sum())
    if 2 * n <= _MOST_COUNTED:
        return _counted(partial(_count, scores), found, slack, total, "equal partitions")
    sums = _drawn(scores, n_draws, seed)
    return _of_draws(sums, found, slack, total, "equal partitions")


def pair_test(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    *,
    n_draws: int = 99_999,
    seed: int = 0,
) -> PartitionTest:
    """Exchange the two items of each pair, and count how often the means differ as much.

    Where items are pairs, such as one scene in two versions, what pairs have in common is left out
    of the comparison. Up to 40 pairs every exchange is counted.

    Parameters
    ----------
    first, second : ndarray of float, (n,) each
        Item ``i`` of the one goes with item ``i`` of the other.
    n_draws, seed : int
        As `partition_test`.

    Returns
    -------
    PartitionTest

    Raises
    ------
    OptionError
        If the groups are unequal or have fewer than six items, or fewer than 99 draws are asked
        for.

    References
    ----------
    Fisher, "The design of experiments", 1935, section 21.
    """
    n = len(first)
    if n != len(second):
        raise OptionError(f"{n} and {len(second)} items are no pairs; give as many of each")
    if n < FEWEST_PAIRS:
        raise OptionError(
            f"{n} pairs: the smallest p that is possible is {2 / 2**n:.2g}; give {FEWEST_PAIRS} or "
            f"more ({2 / 2**FEWEST_PAIRS:.2g})"
        )
    if n_draws < 99:
        raise OptionError(f"{n_draws} exchanges to draw: at least 99, for a p of 0.01")
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    found, total = float(apart.sum()), 2**n
    slack = _ROUNDING * float(np.abs(apart).sum())
    if n <= _MOST_COUNTED:
        # the sum of the pairs left as they are is half of what all give together
        left = np.sort(np.concatenate(_subset_sums(apart[: n // 2])))
        right = np.sort(np.concatenate(_subset_sums(apart[n // 2 :])))

        def count(least: float) -> int:
            return int((len(right) - np.searchsorted(right, (least + found) / 2 - left)).sum())

        return _counted(count, found, slack, total, "exchanges within pairs")
    signs = np.where(_distinct(n, n_draws, seed), 1.0, -1.0)
    return _of_draws(signs @ apart, found, slack, total, "exchanges within pairs")


def _counted(
    count: Callable[[float], int], found: float, slack: float, total: int, what: str
) -> PartitionTest:
    """Test by counting, of all partitions, those whose sum is as large or larger."""
    # exchanging the groups gives each difference once more, the other way round
    both = 2 * count(abs(found) - slack) if abs(found) > slack else total
    return PartitionTest(
        p_value=min(1.0, both / total),
        p_greater=count(found - slack) / total,
        n_partitions=total,
        n_counted=total,
        smallest=2 / total,
        what=what,
    )


def _of_draws(
    sums: NDArray[np.float64], found: float, slack: float, total: int, what: str
) -> PartitionTest:
    """Test by the sums of partitions that were drawn, the measured one counted in."""
    counted = 1 + len(sums)
    return PartitionTest(
        p_value=min(1.0, (1 + int((np.abs(sums) >= abs(found) - slack).sum())) / counted),
        p_greater=(1 + int((sums >= found - slack).sum())) / counted,
        n_partitions=total,
        n_counted=counted,
        smallest=1 / counted,
        what=what,
    )


def _distinct(n: int, n_draws: int, seed: int) -> NDArray[np.bool_]:
    """Draw which pairs stay as they are, (draws, pairs): none twice, not all of them."""
    random, seen = np.random.default_rng(seed), {np.ones(n, bool).tobytes()}
    found: list[NDArray[np.bool_]] = []
    while len(found) < n_draws:
        one = random.random(n) < 0.5
        if one.tobytes() not in seen:
            seen.add(one.tobytes())
            found.append(one)
    return np.stack(found)


def _count(scores: NDArray[np.float64], least: float) -> int:
    """Count the halves of the items whose sum is ``least`` or more.

    Each such half is a subset of the first items and one of the others; those of each number of
    items are sorted once.
    """
    middle = len(scores) // 2
    left, right = _subset_sums(scores[:middle]), _subset_sums(scores[middle:])
    found = 0
    for size, sums in enumerate(left):
        others = right[len(scores) // 2 - size]
        found += int((len(others) - np.searchsorted(others, least - sums)).sum())
    return found


def _subset_sums(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Give the sums of all subsets of each number of items, ascending."""
    sums, sizes = np.zeros(1), np.zeros(1, np.int8)
    for value in values:
        sums = np.concatenate([sums, sums + value])
        sizes = np.concatenate([sizes, sizes + np.int8(1)])
    return [np.sort(sums[sizes == size]) for size in range(len(values) + 1)]


def _drawn(scores: NDArray[np.float64], n_draws: int, seed: int) -> NDArray[np.float64]:
    """Give the sums of the first group of so many partitions, none twice, none the measured one."""
    random, n = np.random.default_rng(seed), len(scores)
    measured = np.zeros((1, n), bool)
    measured[:, : n // 2] = True
    seen, parts, done = {np.packbits(measured).tobytes()}, [], 0
    while done < n_draws:
        order = random.random((min(_AT_ONCE, n_draws - done), n)).argsort(1)
        chosen = order < n // 2
        keys = [row.tobytes() for row in np.packbits(chosen, axis=1)]
        new = []
        for i, key in enumerate(keys):
            if key not in seen:
                seen.add(key)
                new.append(i)
        parts.append(chosen[new] @ scores)
        done += len(new)
    return np.concatenate(parts)
