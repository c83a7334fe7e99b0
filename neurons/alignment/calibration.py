"""Is a measured alignment more than unrelated systems of these widths would show?

The images of one system are permuted: that keeps each system as it is, its width and its spectrum,
and breaks what they share. All layers are permuted together, so that the largest of many numbers is
compared with the largest of as many permuted ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.measure import Measure, as_responses
from neurons.alignment.responses import Responses, check_all
from neurons.errors import OptionError
from neurons.stats import Interval, p_of_draws

_TAILS = (0.025, 0.975)
# numbers that differ by rounding only
_EQUAL = 1e-12


@dataclass(frozen=True)
class Calibrated:
    """One number beside what permuted images give.

    Parameters
    ----------
    value : float
        In the measure's unit.
    interval : Interval
        95 %, by resampling images; of a maximum it does not know of the search.
    null_mean : float
        Mean over permutations of the images: of a maximum, of the permuted maxima.
    excess : float
        How much closer than the null, in the measure's unit; positive is closer, of a distance too.
    p_value : float in (0, 1]
        Share of permutations, this order counted in, that are as close; never 0.
    n : int
        Images.
    """

    value: float
    interval: Interval
    null_mean: float
    excess: float
    p_value: float
    n: int


@dataclass(frozen=True)
class CalibratedTable:
    """Every table of one system beside every table of another.

    Parameters
    ----------
    measure : str
        Its short name.
    higher_is_closer : bool
    x_names, y_names : tuple of str
    values : ndarray of float64, (X, Y)
    low, high : ndarray of float64, (X, Y)
        95 % intervals by resampling images.
    null : ndarray of float64, (permutations, X, Y)
    n : int
        Images that were measured.
    """

    measure: str
    higher_is_closer: bool
    x_names: tuple[str, ...]
    y_names: tuple[str, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    null: NDArray[np.float64]
    n: int

    @property
    def null_mean(self) -> NDArray[np.float64]:
        """Of every pair, (X, Y)."""
        return np.asarray(self.null.mean(0))

    @property
    def excess(self) -> NDArray[np.float64]:
        """How much closer than its null every pair is, (X, Y); positive is closer."""
        return self._sign * (self.values - self.null_mean)

    @property
    def p_values(self) -> NDArray[np.float64]:
        """Of every pair alone, (X, Y)."""
        return self._p(self._closeness())

    @property
    def p_values_of_table(self) -> NDArray[np.float64]:
        """Of every pair as one of all pairs, (X, Y): against the largest permuted excess."""
        closeness = self._closeness()
        largest = closeness[1:].max((1, 2))
        return np.asarray(
            (1 + (largest[:, None, None] >= closeness[0] - _EQUAL).sum(0)) / len(closeness)
        )

    def at(self, x: int, y: int) -> Calibrated:
        """Give one pair, as if it alone had been measured."""
        interval = Interval(float(self.low[x, y]), float(self.high[x, y]))
        mean = float(self.null_mean[x, y])
        value = float(self.values[x, y])
        p_value = float(self.p_values[x, y])
        return Calibrated(value, interval, mean, self._sign * (value - mean), p_value, self.n)

    def best_for(self, x: int) -> tuple[int, Calibrated]:
        """Find the table of the second system that is closest to one of the first.

        Closest by its excess, since a wider table has a higher null. Null and p value are those of
        the closest one in every permutation.
        """
        return self._best(self._closeness()[:, x], x)

    def best(self) -> tuple[int, int, Calibrated]:
        """Find the closest pair of all; null and p value are those of permuted closest pairs."""
        closeness = self._closeness()
        flat = closeness.reshape(len(closeness), -1)
        x, y = divmod(int(flat[0].argmax()), len(self.y_names))
        places = flat[1:].argmax(1)
        nulls = self.null.reshape(len(self.null), -1)[np.arange(len(places)), places]
        return x, y, self._of_maximum(x, y, flat.max(1), nulls)

    @property
    def _sign(self) -> float:
        return 1.0 if self.higher_is_closer else -1.0

    def _closeness(self) -> NDArray[np.float64]:
        """Give the excess of the order as it is, then of each permutation, (1 + P, X, Y).

        Over the mean of all of them, so that the order as it is stands as any other.
        """
        every = self._sign * np.concatenate([self.values[None], self.null])
        return np.asarray(every - every.mean(0))

    def _p(self, closeness: NDArray[np.float64]) -> NDArray[np.float64]:
        reached = closeness[1:] >= closeness[0] - _EQUAL
        return np.asarray((1 + reached.sum(0)) / len(closeness))

    def _best(self, closeness: NDArray[np.float64], x: int) -> tuple[int, Calibrated]:
        y = int(closeness[0].argmax())
        places = closeness[1:].argmax(1)
        nulls = self.null[np.arange(len(places)), x, places]
        return y, self._of_maximum(x, y, closeness.max(1), nulls)

    def _of_maximum(
        self, x: int, y: int, largest: NDArray[np.float64], nulls: NDArray[np.float64]
    ) -> Calibrated:
        interval = Interval(float(self.low[x, y]), float(self.high[x, y]))
        excess = float(largest[0] - largest[1:].mean())
        p_value = p_of_draws(float(largest[0]) - _EQUAL, largest[1:])
        value = float(self.values[x, y])
        return Calibrated(value, interval, float(nulls.mean()), excess, p_value, self.n)


def calibrated(
    measure: Measure,
    x: Any,
    y: Any,
    *,
    n_permutations: int = 200,
    n_resamples: int = 200,
    most_images: int | None = None,
    seed: int = 0,
) -> Calibrated:
    """Measure two tables of the same images, with interval and null.

    Parameters
    ----------
    measure : Measure
    x, y : array or Responses, (images, units)
        Row ``i`` of both is the same image.
    n_permutations, n_resamples, most_images, seed
        As `calibrated_table`.

    Returns
    -------
    Calibrated

    Raises
    ------
    MismatchError, OptionError
        As `calibrated_table`.
    """
    table = calibrated_table(
        measure,
        [as_responses(x, "the first table")],
        [as_responses(y, "the second table")],
        n_permutations=n_permutations,
        n_resamples=n_resamples,
        most_images=most_images,
        seed=seed,
    )
    return table.at(0, 0)


def calibrated_table(
    measure: Measure,
    xs: Sequence[Responses],
    ys: Sequence[Responses],
    *,
    n_permutations: int = 200,
    n_resamples: int = 200,
    most_images: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CalibratedTable:
    """Measure every table of one system beside every table of another, with intervals and nulls.

    Parameters
    ----------
    measure : Measure
    xs, ys : sequence of Responses
        Of either system, row ``i`` of all of them the same image.
    n_permutations : int >= 1
        The p value is 1 / (1 + this) or more.
    n_resamples : int >= 2
        Of the images, for the intervals.
    most_images : int, optional
        Of more images so many are drawn, the same for all tables; default: what the measure says.
        Nulls depend on the number of images, so value and null are of the same ones.
    seed : int
    progress : callable
        Takes how many of how many permutations are done.

    Returns
    -------
    CalibratedTable

    Raises
    ------
    MismatchError
        If tables have different numbers of images.
    OptionError
        If a table has fewer than 4 images, values that are not finite, or only constant units; or
        if there are no permutations or resamples.
    """
    if n_permutations < 1 or n_resamples < 2:
        raise OptionError(
            f"{n_permutations} permutations and {n_resamples} resamples give no null and no "
            "interval; take 100 or more of each"
        )
    check_all(xs, ys)
    random = np.random.default_rng(seed)
    rows = drawn_images(xs[0].n, most_images or measure.most_images, random)
    if rows is not None:
        xs, ys = [each.taken(rows) for each in xs], [each.taken(rows) for each in ys]
        check_all(xs, ys)
    n = xs[0].n
    pairing = measure.pairing(xs, ys)
    values = pairing.values()
    null = np.empty((n_permutations, *values.shape))
    for done in range(n_permutations):
        progress(done, n_permutations)
        null[done] = pairing.values(random.permutation(n))
    progress(n_permutations, n_permutations)
    counts = random.multinomial(n, np.full(n, 1 / n), size=n_resamples)
    low, high = np.nanquantile(pairing.resampled(counts), _TAILS, axis=0)
    names = tuple(each.name for each in xs), tuple(each.name for each in ys)
    return CalibratedTable(
        measure.name, measure.higher_is_closer, *names, values, low, high, null, n
    )


def drawn_images(n: int, most: int | None, random: np.random.Generator) -> NDArray[np.intp] | None:
    """Draw so many of n images, ascending; None where there are no more than that."""
    if most is None or n <= most:
        return None
    return np.sort(random.choice(n, most, replace=False))
