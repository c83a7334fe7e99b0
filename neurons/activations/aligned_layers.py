"""Which layers of two systems are alike, by one measure, above what shuffled images give?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.system_side import Side
from neurons.alignment.calibration import Calibrated, CalibratedTable, calibrated_table
from neurons.alignment.measure import Measure
from neurons.alignment.measures import EVERY_MEASURE
from neurons.alignment.predictivity import HeldOutR2, Ridge, held_out_r2
from neurons.alignment.refits import refit_bounds
from neurons.alignment.responses import Responses
from neurons.errors import OptionError
from neurons.stats import Interval

Progress = Callable[[int, int], None]
# a decomposition per pair and permutation; their smallest p is 1 / 21
_SLOW, _SLOW_PERMUTATIONS = frozenset({"ridge", "procrustes"}), 20
# of the images, for the interval
RESAMPLES = 200
# of the smaller of images and units: intervals of ridge for more leave the fits as they are, since
# to refit takes minutes per pair of layers
MOST_REFITTED = 512
# after the name of a measure that is taken from the second system to the first
BACK = " back"


@dataclass(frozen=True)
class Match:
    """A layer of one system, and the layer of the other that is closest to it.

    Parameters
    ----------
    layer, other : str
    value : float
        In the measure's unit.
    interval : Interval
        95 %, by resampling images; the search for the closest layer is not in it.
    null_mean : float
        What the closest of all layers gives where the images of one system are shuffled.
    excess : float
        How much closer than that; positive is closer, of a distance too.
    p_value : float in (0, 1]
        Among the closest of all layers under shuffled images: the search is in it.
    """

    layer: str
    other: str
    value: float
    interval: Interval
    null_mean: float
    excess: float
    p_value: float

    def told(self) -> str:
        """Give the value and its interval: ``0.41 (0.37 to 0.45)``."""
        return self.interval.beside(self.value)


@dataclass(frozen=True)
class AlignedLayers:
    """Every layer of one system beside every layer of another, by one measure.

    Parameters
    ----------
    measure, title : str
        ``ridge back`` is ridge from the second system to the first; rows are layers of the first.
    higher_is_closer : bool
    rows, columns : tuple of str
        Layers of the first and of the second system.
    values, low, high, null_mean, excess, p_values : ndarray of float64, (rows, columns)
        The measure, its 95 % interval, what shuffled images give on average, how much closer than
        that it is, and its p as if this pair alone had been looked at.
    p_values_of_table : ndarray of float64, (rows, columns)
        p of every pair as one of all pairs: against the closest of all pairs under shuffled images.
    matches : tuple of Match
        For each layer of the first system.
    back : tuple of Match
        For each layer of the second.
    closest : Match
        Of all pairs; its null is the closest of all pairs under shuffled images.
    null_excess : ndarray of float64, (permutations, rows)
        How much closer than the mean of its null the closest layer is under each permutation.
    n, n_resamples : int
        Images, and resamples of them that the interval stands on.
    doubt : str
        Why the numbers say little at these sizes; empty if they do not.
    r2 : HeldOutR2 or None
        Beside the r of ridge: R2 of the same held-out predictions, (rows, columns).
    refitted : bool
        Whether the intervals are of groups of images left out, with every fit made anew, and not of
        resampled images.
    """

    measure: str
    title: str
    higher_is_closer: bool
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    null_mean: NDArray[np.float64]
    excess: NDArray[np.float64]
    p_values: NDArray[np.float64]
    p_values_of_table: NDArray[np.float64]
    matches: tuple[Match, ...]
    back: tuple[Match, ...]
    closest: Match
    null_excess: NDArray[np.float64]
    n: int
    n_resamples: int
    doubt: str
    r2: HeldOutR2 | None = None
    refitted: bool = False

    def told_r2(self, layer: str, other: str) -> str:
        """Give R2 of a pair with its interval, as in ``R2 0.41 (0.37 to 0.45)``; empty of none."""
        if self.r2 is None:
            return ""
        at = self.rows.index(layer), self.columns.index(other)
        interval = Interval(float(self.r2.low[at]), float(self.r2.high[at]))
        return f"R2 {interval.beside(float(self.r2.values[at]))}"

    @property
    def n_permutations(self) -> int:
        """Orders of the images that the null stands on."""
        return len(self.null_excess)


def two_places(value: float) -> str:
    """Write a number with two decimals; what rounds to zero has no sign."""
    told = f"{value:.2f}"
    return "0.00" if told == "-0.00" else told


def tables_of(side: Side, layers: Sequence[str]) -> list[Responses]:
    """Hold layers of one side in memory, as measures take them."""
    return [Responses(layer, side.whole(layer)) for layer in layers]


def measures_called(names: Sequence[str]) -> tuple[Measure, ...]:
    """Find measures by their short names.

    Raises
    ------
    OptionError
        If there is none of that name, or none is named.
    """
    known = {each.name: each for each in EVERY_MEASURE}
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        asked = f"no measure {wrong[0]!r}" if wrong else "no measure is named"
        raise OptionError(f"{asked}; there are: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def aligned_layers(
    xs: Sequence[Responses],
    ys: Sequence[Responses],
    measures: Sequence[Measure],
    *,
    n_permutations: int = 100,
    n_resamples: int = RESAMPLES,
    most_refitted: int = MOST_REFITTED,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> tuple[AlignedLayers, ...]:
    """Measure every layer of one system beside every layer of another, by several measures.

    A measure that goes from one system to the other is taken both ways. Ridge and Procrustes, which
    decompose every pair anew, get 20 permutations at most.

    Parameters
    ----------
    xs, ys : sequence of Responses
        Layers of either system, row ``i`` of all of them the same image.
    measures : sequence of Measure
    n_permutations, n_resamples, seed
        As `neurons.alignment.calibration.calibrated_table`.
    most_refitted : int
        Of the smaller of images and units in the widest layer: up to so many, intervals of ridge
        have the fits in them.
    progress : callable
        Takes how many of how many tables are done.

    Returns
    -------
    tuple of AlignedLayers

    Raises
    ------
    MismatchError, OptionError
        As `neurons.alignment.calibration.calibrated_table`.
    """
    ways = [(each, back) for each in measures for back in ((False,) if each.symmetric else _BOTH)]
    found = []
    for done, (measure, back) in enumerate(ways):
        progress(done, len(ways))
        slow = measure.name in _SLOW
        pair = (ys, xs) if back else (xs, ys)
        try:
            table = calibrated_table(
                measure,
                *pair,
                n_permutations=min(n_permutations, _SLOW_PERMUTATIONS) if slow else n_permutations,
                n_resamples=n_resamples,
                seed=seed,
            )
            refitted = _smallest_sides(pair) <= most_refitted and isinstance(measure, Ridge)
            r2, table = _beside(measure, pair, table, n_resamples, seed, refitted=refitted)
        except OptionError as error:
            # what the measure advises may not be asked for here
            raise OptionError(
                f"{measure.name} cannot be taken: {error}; or leave out this measure, or the layer"
            ) from None
        if back:
            table, r2 = _turned(table), r2 and r2.turned()
        summary = _summary(measure, table, xs, ys, n_resamples, back=back)
        found.append(replace(summary, r2=r2, refitted=refitted))
    progress(len(ways), len(ways))
    return tuple(found)


_BOTH = (False, True)


def _smallest_sides(pair: tuple[Sequence[Responses], Sequence[Responses]]) -> int:
    """Give the largest of all tables' smaller side: what a fit costs goes with it."""
    return max(min(each.n, each.n_units) for side in pair for each in side)


def _beside(
    measure: Measure,
    pair: tuple[Sequence[Responses], Sequence[Responses]],
    table: CalibratedTable,
    n_resamples: int,
    seed: int,
    *,
    refitted: bool,
) -> tuple[HeldOutR2 | None, CalibratedTable]:
    """Give R2 beside the r of ridge; where it is cheap, intervals of both with the fits in them."""
    if not isinstance(measure, Ridge):
        return None, table
    r2 = held_out_r2(measure, *pair, n_resamples=n_resamples, seed=seed)
    if not refitted:
        return r2, table
    bounds = refit_bounds(measure, *pair, seed=seed)
    return replace(r2, low=bounds.r2[0], high=bounds.r2[1]), replace(
        table, low=bounds.r[0], high=bounds.r[1]
    )


def _turned(table: CalibratedTable) -> CalibratedTable:
    """Swap the two systems."""
    return replace(
        table,
        x_names=table.y_names,
        y_names=table.x_names,
        values=table.values.T,
        low=table.low.T,
        high=table.high.T,
        null=table.null.transpose(0, 2, 1),
    )


def _summary(
    measure: Measure,
    table: CalibratedTable,
    xs: Sequence[Responses],
    ys: Sequence[Responses],
    n_resamples: int,
    *,
    back: bool,
) -> AlignedLayers:
    turned = _turned(table)
    x, y, closest = table.best()
    sign = 1.0 if table.higher_is_closer else -1.0
    null_excess = (sign * (table.null - table.null.mean(0))).max(2)
    doubts = {
        measure.doubt(table.n, *((b.n_units, a.n_units) if back else (a.n_units, b.n_units)))
        for a in xs
        for b in ys
    } - {""}
    return AlignedLayers(
        measure=measure.name + (BACK if back else ""),
        title=measure.title,
        higher_is_closer=table.higher_is_closer,
        rows=table.x_names,
        columns=table.y_names,
        values=table.values,
        low=table.low,
        high=table.high,
        null_mean=table.null_mean,
        excess=table.excess,
        p_values=table.p_values,
        p_values_of_table=table.p_values_of_table,
        matches=_matches(table),
        back=_matches(turned),
        closest=_match(table.x_names[x], table.y_names[y], closest),
        null_excess=null_excess,
        n=table.n,
        n_resamples=n_resamples,
        doubt=sorted(doubts)[0] if doubts else "",
    )


def _matches(table: CalibratedTable) -> tuple[Match, ...]:
    found = []
    for x, name in enumerate(table.x_names):
        y, best = table.best_for(x)
        found.append(_match(name, table.y_names[y], best))
    return tuple(found)


def _match(layer: str, other: str, best: Calibrated) -> Match:
    return Match(layer, other, best.value, best.interval, best.null_mean, best.excess, best.p_value)
