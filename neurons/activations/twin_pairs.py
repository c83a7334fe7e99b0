"""Which unit of one system was matched with which of another, and how sure is it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import CommonTables
from neurons.activations.run_system import RunSystem
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import EMBEDDING, Neuron
from neurons.alignment.assignment import (
    MatchedUnits,
    correlation,
    soft_matching,
)
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.stats import Interval, p_of_draws

ALPHA = 0.05
_TOP, _SOFT_ORDERS = 6, 20


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
        return self.p_value <= ALPHA and self.p_rotated <= ALPHA and self.margin > 0

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


def twin_pairs(
    both: CommonTables, matched: MatchedUnits, drawn: NDArray[np.float64]
) -> list[TwinPair]:
    """Give each unit of the first system with its match; ``drawn`` gives intervals."""
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


def ordered_pairs(pairs: Sequence[TwinPair]) -> tuple[TwinPair, ...]:
    """Put pairs that pass first, the strongest first."""
    return tuple(sorted(pairs, key=lambda each: (not each.passes, -each.strength)))


def _address(both: CommonTables, side: int, column: int) -> str:
    return f"{both.layers[side]}:{both.units[side][column]}"


def _quantiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(drawn).all(0)
    found = np.full((2, drawn.shape[1]), np.nan)
    if known.any():
        found[:, known] = np.nanquantile(drawn[:, known], (0.025, 0.975), axis=0)
    return found


def mean_interval(drawn: NDArray[np.float64]) -> Interval:
    """Give the 95 % interval of the mean over units of resampled correlations."""
    means = np.nan_to_num(drawn).mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high))


def n_best_units(matched: MatchedUnits) -> list[int]:
    """Count for the units, and for each draw of directions, on how many they are the best."""
    everyone = np.concatenate([matched.strength[None], matched.rotated])
    sure = everyone.max(0) > np.quantile(matched.permuted, 1 - ALPHA)
    counts = np.bincount(everyone[:, sure].argmax(0), minlength=len(everyone))
    return [int(each) for each in counts]


def soft_strength(both: CommonTables, seed: int) -> tuple[float, float]:
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


def shown_pair(
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
