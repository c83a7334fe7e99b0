"""Which unit of one model is which unit of another?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import CommonTables, common_tables
from neurons.activations.run import Activations
from neurons.activations.run_system import RunSystem
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import EMBEDDING, Neuron
from neurons.alignment.assignment import (
    MatchedUnits,
    correlation,
    matched_units,
    resampled_correlations,
    soft_matching,
)
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import OptionError
from neurons.results.blocks import Bars, Beside, Block, Gallery, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, p_of_draws

Progress = Callable[[int, int], None]

_ALPHA = 0.05
_FEWEST_ROTATIONS, _FEWEST_PERMUTATIONS = 19, 20
_TOP, _BINS, _SOFT_ORDERS = 6, 20, 20


def twins(
    first: Activations | System,
    second: Activations | System,
    layer: str,
    *,
    other_layer: str | None = None,
    images: ImageSet | None = None,
    other_images: ImageSet | None = None,
    count: int = 6,
    n_images: int | None = None,
    n_rotations: int = 20,
    n_permutations: int = 200,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Twins:
    """Match each unit of a layer with one unit of another system, and test the pairs.

    Half of the common images matches units by the absolute correlation, so that the sum over all
    pairs is largest; the other half tests. A pair has to be better than with the images in another
    order, and better than directions drawn at random in the other system's layer: what two layers
    share as spaces lies in all directions, and need not be a matter of units.

    Parameters
    ----------
    first : Activations or System
        A run, or an array.
    second : Activations or System
        Another on the same images; joined by ids.
    layer : str
        Of the first.
    other_layer : str, optional
        Of the second. Default: the same.
    images : ImageSet, optional
        Those of the first run: the strongest of each unit are shown.
    other_images : ImageSet, optional
        Those of the second.
    count : int >= 0
        Pairs to show with images.
    n_images : int, optional
        Of more common images, so many are drawn.
    n_rotations : int >= 19
    n_permutations : int >= 20
    seed : int
    progress : callable
        Takes how many of how many rotations are done.

    Returns
    -------
    Twins

    Raises
    ------
    LayerNotFoundError, MismatchError
        As `common_tables`.
    OptionError
        If a number is out of range.

    Notes
    -----
    Units that are twins here may part on other images: what two models answer alike to is what
    these images show.

    References
    ----------
    Li et al., "Convergent learning: do different neural networks learn the same representations?",
    ICLR 2016. Rotations as a control: Khosla and Williams, "Soft matching distance", UniReps 2023.
    """
    if n_rotations < _FEWEST_ROTATIONS or n_permutations < _FEWEST_PERMUTATIONS or count < 0:
        raise OptionError(
            f"{n_rotations} rotations, {n_permutations} permutations, {count} pairs to show: give "
            f"{_FEWEST_ROTATIONS} or more, {_FEWEST_PERMUTATIONS} or more, 0 or more"
        )
    layers = (layer, other_layer or layer)
    both = common_tables((first, second), layers, n_images=n_images, seed=seed)
    x, y = both.tables
    fitting, testing = both.halves.fitting, both.halves.testing
    matched = matched_units(
        x,
        y,
        fitting,
        testing,
        n_rotations=n_rotations,
        n_permutations=n_permutations,
        seed=seed,
        progress=progress,
    )
    drawn = resampled_correlations(x[testing], y[testing], matched.partners, seed=seed)
    pairs, n_best = _pairs(both, matched, drawn), _n_best(matched)
    chosen = _ordered(pairs)[:count]
    soft = _soft(both, seed)
    return Twins(
        provenance=both.provenance(),
        names=both.names,
        layers=both.layers,
        n_units=(x.shape[1], y.shape[1]),
        n_fitting=len(fitting),
        n_testing=len(testing),
        mean=float(matched.strength.mean()),
        mean_interval=_mean_interval(drawn * np.sign(matched.chosen_by)),
        permuted=float(matched.permuted_mean.mean()),
        rotated=float(matched.rotated.mean()),
        n_best=n_best[0],
        n_best_rotated=tuple(n_best[1:]),
        soft=soft[0],
        soft_permuted=soft[1],
        pairs=tuple(pairs),
        shown=tuple(_shown(both, each, (images, other_images)) for each in chosen),
        told=both.told,
    )


@dataclass(frozen=True)
class TwinPair:
    """A unit, and the unit of the other system that it was matched with.

    Parameters
    ----------
    neuron, twin : str
        Addresses in the first and in the second system.
    correlation : float in [-1, 1]
        Pearson's, on the images that did not match them; below 0 where one falls as the other
        rises.
    interval : Interval
        95 %, by resampling images.
    chosen_by : float in [-1, 1]
        On the images that matched them.
    margin : float
        Correlation, signed as `chosen_by` is, less the largest absolute one with any other unit.
    p_value : float in (0, 1]
        Share of orders of the images in which any pair correlates as much.
    rotated : float in [-1, 1]
        Mean correlation with directions drawn at random, matched and tested alike.
    p_rotated : float in (0, 1]
        Share of these draws, this pair counted in, that reach as much.
    """

    neuron: str
    twin: str
    correlation: float
    interval: Interval
    chosen_by: float
    margin: float
    p_value: float
    rotated: float
    p_rotated: float

    @property
    def passes(self) -> bool:
        """Whether it is above both controls, and closer than to any other unit.

        Where axes mean nothing some pairs are so by chance: `Twins.passing` asks this, too.
        """
        return self.p_value <= _ALPHA and self.p_rotated <= _ALPHA and self.margin > 0

    @property
    def strength(self) -> float:
        """The correlation, turned where it was below 0 on the images that matched them."""
        return float(np.sign(self.chosen_by)) * self.correlation


@dataclass(frozen=True)
class ShownPair:
    """A pair with the strongest images of both units among the common ones."""

    neuron: str
    twin: str
    first: tuple[Example, ...]
    second: tuple[Example, ...]


@dataclass(frozen=True)
class Twins(Result):
    """Units of two systems, matched one with one.

    Parameters
    ----------
    names, layers : tuple of str
        Of the two systems.
    n_units : tuple of int
        Units of either layer that are finite on every image.
    n_fitting, n_testing : int
        Images that matched units, and that tested the pairs.
    mean : float in [-1, 1]
        Mean correlation of all pairs on the testing images, each with the sign that it had on the
        images that matched them: 0 where units have nothing to do with each other.
    mean_interval : Interval
        95 %, by resampling images.
    permuted, rotated : float in [-1, 1]
        The same where images are in another order, and with directions drawn at random.
    n_best : int
        Units whose pair correlates more than with all draws of directions, and more than 95 % of
        the best pairs with permuted images.
    n_best_rotated : tuple of int
        The same for each draw, beside all other draws and the pairs: where axes mean nothing, as
        many as `n_best`.
    soft : float in [0, 1]
        Soft matching of two different sizes on the testing images, every unit counted alike and
        each correlation with the sign that it had on the others; nan where both are equal, or where
        it would take minutes.
    soft_permuted : float
        Mean of the same where the testing images are in another order.
    pairs : tuple of TwinPair
        One for each unit of the first layer, in its order.
    shown : tuple of ShownPair
    told : str
        What was left out.
    """

    names: tuple[str, ...]
    layers: tuple[str, ...]
    n_units: tuple[int, ...]
    n_fitting: int
    n_testing: int
    mean: float
    mean_interval: Interval
    permuted: float
    rotated: float
    n_best: int
    n_best_rotated: tuple[int, ...]
    soft: float
    soft_permuted: float
    pairs: tuple[TwinPair, ...]
    shown: tuple[ShownPair, ...]
    told: str = ""

    def passing(self) -> tuple[TwinPair, ...]:
        """Give the pairs that are twins, the most alike first; none where axes mean nothing."""
        if self.p_axes > _ALPHA:
            return ()
        return tuple(each for each in self.ordered() if each.passes)

    def ordered(self) -> tuple[TwinPair, ...]:
        """Give all pairs: those that pass first, the strongest first."""
        return _ordered(self.pairs)

    def twin_of(self, neuron: Neuron | str) -> TwinPair:
        """Find the pair of a unit of the first system.

        Raises
        ------
        OptionError
            If it was not matched.
        """
        for each in self.pairs:
            if each.neuron == str(Neuron.of(neuron)):
                return each
        raise OptionError(f"no unit {neuron} was matched; units are of {self.layers[0]!r}")

    @property
    def p_axes(self) -> float:
        """Share of draws of directions that are best for as many units as the units are."""
        return p_of_draws(self.n_best, self.n_best_rotated)

    @property
    def title(self) -> str:
        """Both systems."""
        return f"Twins: {self.names[0]} {self.layers[0]} and {self.names[1]} {self.layers[1]}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Twins, images, and mean correlation beside both controls."""
        return (
            ("twins", f"{len(self.passing()):,} of {len(self.pairs):,} units"),
            ("images", f"{self.n_fitting:,} match, {self.n_testing:,} test"),
            ("mean correlation", f"{self.mean:.2f}"),
            ("random directions", f"{self.rotated:.2f}"),
            ("permuted images", f"{self.permuted:.2f}"),
        )

    def verdict(self) -> str:
        """Count the twins; first, if so, that units are no more alike than directions are."""
        passing = self.passing()
        told = f" {self.told}".rstrip()
        low, high = self.mean_interval.low, self.mean_interval.high
        mean = (
            f"Pairs correlate by {self.mean:.2f} on average ({low:.2f} to {high:.2f}, n = "
            f"{self.n_testing:,} images that matched nothing), with directions drawn at random in "
            f"{self.names[1]} by {self.rotated:.2f}, with permuted images by {self.permuted:.2f}"
        )
        chance = (
            f"{self.n_best:,} of {len(self.pairs):,} units correlate more with their pair than "
            f"with any directions drawn at random; a random draw does so for "
            f"{np.mean(self.n_best_rotated):.1f} units on average (p = {self.p_axes:.2g})"
        )
        if not passing:
            return (
                f"Units have no twins beyond what the layers share in any directions: "
                f"{chance}. {mean}.{told}"
            )
        best = passing[0]
        return (
            f"{len(passing):,} of {len(self.pairs):,} units of {self.names[0]} "
            f"{self.layers[0]} have a twin in {self.names[1]} {self.layers[1]}; the closest are "
            f"{best.neuron} and {best.twin} ({best.correlation:.2f}, {best.interval.low:.2f} to "
            f"{best.interval.high:.2f}). {chance}. {mean}.{told}"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the closest pairs by their images, and all numbers."""
        pages = tuple(
            Beside(
                f"{each.neuron} and {each.twin}",
                Gallery(f"{self.names[0]} {each.neuron}", tuple(e.tile() for e in each.first)),
                Gallery(f"{self.names[1]} {each.twin}", tuple(e.tile() for e in each.second)),
                self._told(each),
            )
            for each in self.shown
            if each.first or each.second
        )
        return (*pages, self._histogram(), self._table())

    def rows(self) -> Sequence[Row]:
        """One row per unit of the first system."""
        passing = set(self.passing())
        return [
            {
                "neuron": each.neuron,
                "twin": each.twin,
                "passes": each in passing,
                "correlation": each.correlation,
                "low": each.interval.low,
                "high": each.interval.high,
                "n": self.n_testing,
                "chosen_by": each.chosen_by,
                "margin": each.margin,
                "p_value": each.p_value,
                "rotated": each.rotated,
                "p_rotated": each.p_rotated,
            }
            for each in self.pairs
        ]

    def columns_about(self) -> dict[str, str]:
        """Tell what the less evident columns say."""
        return {
            "twin": "The unit of the other system that it was matched with.",
            "margin": "How far the correlation lies above the largest with any other unit.",
            "rotated": "Mean correlation with directions drawn at random, matched alike.",
        }

    def _told(self, shown: ShownPair) -> str:
        each = self.twin_of(shown.neuron)
        return (
            f"Correlation {each.correlation:.2f} ({each.interval.low:.2f} to "
            f"{each.interval.high:.2f}), {each.margin:.2f} above the next unit, {each.rotated:.2f} "
            f"with random directions; {'twins' if each in self.passing() else 'no twins'}."
        )

    def _histogram(self) -> Bars:
        edges = np.linspace(-1, 1, _BINS + 1)
        found = [each.strength for each in self.pairs]
        counts = np.histogram(found, edges)[0] / len(found)
        return Bars(
            "How alike matched units are",
            tuple(f"{low:.2f} to {low + 2 / _BINS:.2f}" for low in edges[:-1]),
            tuple(counts.tolist()),
            "share of units, by the correlation with their pair, signed as on the other images",
            note=f"On average {self.mean:.2f}; random directions give {self.rotated:.2f}, permuted "
            f"images {self.permuted:.2f}.",
        )

    def _table(self) -> Table:
        first, passing = self.ordered(), set(self.passing())
        soft = (
            f" Soft matching of all {self.n_units[0]:,} with all {self.n_units[1]:,} units: "
            f"{self.soft:.2f} on average, with permuted images {self.soft_permuted:.2f}."
            if np.isfinite(self.soft)
            else ""
            if self.n_units[0] == self.n_units[1]
            else " Soft matching is left out: of these sizes it would take minutes."
        )
        return Table(
            "Pairs, twins first",
            ("unit", "twin", "passes", "correlation", "margin", "random directions", "p", "p dir."),
            tuple(
                (
                    each.neuron,
                    each.twin,
                    "yes" if each in passing else "no",
                    f"{each.correlation:.2f} ({each.interval.low:.2f} to {each.interval.high:.2f})",
                    f"{each.margin:.2f}",
                    f"{each.rotated:.2f}",
                    f"{each.p_value:.2g}",
                    f"{each.p_rotated:.2g}",
                )
                for each in first[:50]
            ),
            f"The first {min(50, len(first)):,} of {len(first):,}; all are in the table of the "
            f"result. A pair passes if it correlates more than any pair with permuted images (p at "
            f"most {_ALPHA}), more than with {1 - _ALPHA:.0%} of random directions, and its margin "
            f"over the next unit is positive, all on images that did not match it.{soft}",
        )


def _pairs(both: CommonTables, matched: MatchedUnits, drawn: NDArray[np.float64]) -> list[TwinPair]:
    low, high = _quantiles(drawn)
    strength = matched.strength
    return [
        TwinPair(
            neuron=_address(both, 0, i),
            twin=_address(both, 1, int(partner)),
            correlation=float(matched.correlations[i]),
            interval=Interval(float(low[i]), float(high[i])),
            chosen_by=float(matched.chosen_by[i]),
            margin=float(matched.margins[i]),
            p_value=p_of_draws(float(strength[i]), matched.permuted),
            rotated=float(matched.rotated[:, i].mean()),
            p_rotated=p_of_draws(float(strength[i]), matched.rotated[:, i]),
        )
        for i, partner in enumerate(matched.partners)
    ]


def _ordered(pairs: Sequence[TwinPair]) -> tuple[TwinPair, ...]:
    return tuple(sorted(pairs, key=lambda each: (not each.passes, -each.strength)))


def _address(both: CommonTables, side: int, column: int) -> str:
    return f"{both.layers[side]}:{both.units[side][column]}"


def _quantiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(drawn).all(0)
    found = np.full((2, drawn.shape[1]), np.nan)
    if known.any():
        found[:, known] = np.nanquantile(drawn[:, known], (0.025, 0.975), axis=0)
    return found


def _mean_interval(drawn: NDArray[np.float64]) -> Interval:
    means = np.nan_to_num(drawn).mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high))


def _n_best(matched: MatchedUnits) -> list[int]:
    """Count for the units, and for each draw of directions, on how many they are the best."""
    everyone = np.concatenate([matched.strength[None], matched.rotated])
    sure = everyone.max(0) > np.quantile(matched.permuted, 1 - _ALPHA)
    counts = np.bincount(everyone[:, sure].argmax(0), minlength=len(everyone))
    return [int(each) for each in counts]


def _soft(both: CommonTables, seed: int) -> tuple[float, float]:
    """Weigh pairs on the images that match, and measure them on the others."""
    x, y = both.tables
    if x.shape[1] == y.shape[1]:
        return float("nan"), float("nan")
    fitting, testing = both.halves.fitting, both.halves.testing
    try:
        found = correlation(x[fitting], y[fitting])
        weights = soft_matching(np.abs(found)) * np.sign(found)
    except OptionError:
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    orders = [testing, *(random.permutation(testing) for _ in range(_SOFT_ORDERS))]
    draws = [float((weights * correlation(x[order], y[testing])).sum()) for order in orders]
    return draws[0], float(np.mean(draws[1:]))


def _shown(
    both: CommonTables, pair: TwinPair, sets: tuple[ImageSet | None, ImageSet | None]
) -> ShownPair:
    """Take the strongest of the common images for either unit."""
    sides: list[tuple[Example, ...]] = []
    for i, neuron in enumerate((pair.neuron, pair.twin)):
        side, images = both.common.sides[i], sets[i]
        if images is None or not isinstance(side.system, RunSystem) or _has_no_map(neuron):
            sides.append(())
            continue
        unit = UnitActivations(side.system.run, images, neuron)
        order = np.argsort(-unit.peaks[side.rows], kind="stable")[:_TOP]
        sides.append(unit.examples(side.rows[order].tolist()))
    return ShownPair(pair.neuron, pair.twin, sides[0], sides[1])


def _has_no_map(neuron: str) -> bool:
    return Neuron.of(neuron).layer == EMBEDDING
