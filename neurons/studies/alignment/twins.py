"""Which unit of one model is which unit of another?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.common_tables import common_tables
from neurons.activations.run import Activations
from neurons.activations.twin_blocks import histogram, pairs_table
from neurons.activations.twin_pairs import (
    ALPHA,
    ShownPair,
    TwinPair,
    mean_interval,
    n_best_units,
    ordered_pairs,
    shown_pair,
    soft_strength,
    twin_pairs,
)
from neurons.address import Neuron
from neurons.alignment.assignment import (
    matched_units,
    resampled_correlations,
)
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import OptionError
from neurons.results.blocks import Beside, Block, Gallery
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, p_of_draws

Progress = Callable[[int, int], None]

_FEWEST_ROTATIONS, _FEWEST_PERMUTATIONS = 19, 20


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
    pairs, n_best = twin_pairs(both, matched, drawn), n_best_units(matched)
    chosen = ordered_pairs(pairs)[:count]
    soft = soft_strength(both, seed)
    return Twins(
        provenance=both.provenance(),
        names=both.names,
        layers=both.layers,
        n_units=(x.shape[1], y.shape[1]),
        n_fitting=len(fitting),
        n_testing=len(testing),
        mean=float(matched.strength.mean()),
        mean_interval=mean_interval(drawn * np.sign(matched.chosen_by)),
        permuted=float(matched.permuted_mean.mean()),
        rotated=float(matched.rotated.mean()),
        n_best=n_best[0],
        n_best_rotated=tuple(n_best[1:]),
        soft=soft[0],
        soft_permuted=soft[1],
        pairs=tuple(pairs),
        shown=tuple(shown_pair(both, each, (images, other_images)) for each in chosen),
        told=both.told,
    )


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
        if self.p_axes > ALPHA:
            return ()
        return tuple(each for each in self.ordered() if each.passes)

    def ordered(self) -> tuple[TwinPair, ...]:
        """Give all pairs: those that pass first, the strongest first."""
        return ordered_pairs(self.pairs)

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
        controls = (
            f"On average {self.mean:.2f}; random directions give {self.rotated:.2f}, permuted "
        )
        return (
            *pages,
            histogram(self.pairs, f"{controls}images {self.permuted:.2f}."),
            pairs_table(self.ordered(), self.passing(), self._told_soft()),
        )

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
            f"Correlation {each.interval.beside(each.correlation)}, {each.margin:.2f} above the "
            f"next unit, {each.rotated:.2f} "
            f"with random directions; {'twins' if each in self.passing() else 'no twins'}."
        )

    def _told_soft(self) -> str:
        if np.isfinite(self.soft):
            return (
                f" Soft matching of all {self.n_units[0]:,} with all {self.n_units[1]:,} units: "
                f"{self.soft:.2f} on average, with permuted images {self.soft_permuted:.2f}."
            )
        if self.n_units[0] == self.n_units[1]:
            return ""
        return " Soft matching is left out: of these sizes it would take minutes."
