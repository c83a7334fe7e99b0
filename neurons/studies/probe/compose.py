"""Which units make a class, and which classes are mistaken for it because they share them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import EMBEDDING, Neuron
from neurons.data.images import ImageSet
from neurons.data.split import TEST
from neurons.readouts.neighbours import Neighbour, neighbours
from neurons.readouts.probe import Probe
from neurons.results.blocks import Bars, Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.sparse.features import take_rows

_SERVED = 3


@dataclass(frozen=True)
class Ingredient:
    """A unit of a class.

    Parameters
    ----------
    neuron : str
    weight : float
        Logit per standard deviation of the unit.
    share : float
        Of the logit by which the class's images stand above the average image, over all units;
        negative where the unit speaks against them. 1 in sum.
    on_class, on_all : float
        Mean activation on test images of the class, and on all of them.
    also : tuple of str
        Other classes where it has the largest weights.
    examples : tuple of Example
        Images that excite it most; empty beyond the first few units.
    """

    neuron: str
    weight: float
    share: float
    on_class: float
    on_all: float
    also: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Composition(Result):
    """What a probe makes a class of.

    Parameters
    ----------
    name : str
    layer, pooling : str
    n_test : int
        Test images of the class.
    n_right : int
        Of these, given to it.
    ingredients : tuple of Ingredient
        Every unit with a weight, the largest first.
    neighbours : tuple of Neighbour
    """

    name: str
    layer: str
    pooling: str
    n_test: int
    n_right: int
    ingredients: tuple[Ingredient, ...]
    neighbours: tuple[Neighbour, ...]

    @property
    def title(self) -> str:
        """The class's name."""
        return self.name

    @property
    def units_for(self) -> tuple[Ingredient, ...]:
        """The units with a positive weight, the largest first."""
        return tuple(each for each in self.ingredients if each.weight > 0)

    @property
    def units_against(self) -> tuple[Ingredient, ...]:
        """The units with a negative weight."""
        return tuple(each for each in self.ingredients if each.weight < 0)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Units for and against the class, and how many of its images are given to it."""
        right = f"{self.n_right / self.n_test:.1%}" if self.n_test else "-"
        return (
            ("units for", f"{len(self.units_for):,}"),
            ("units against", f"{len(self.units_against):,}"),
            ("test images", f"{self.n_test:,}"),
            ("right", right),
        )

    def verdict(self) -> str:
        """Say how many units make the class, and how well."""
        return (
            f"{len(self.units_for)} units speak for {self.name!r} and {len(self.units_against)} "
            f"against it; the probe gives {self.n_right} of its {self.n_test} test images to it. "
            f"What a probe uses is sufficient to tell the class; other units may do as well."
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit with a weight, the largest first."""
        return [
            {
                "class": self.name,
                "neuron": each.neuron,
                "weight": each.weight,
                "share": each.share,
                "on_class": each.on_class,
                "on_all": each.on_all,
                "also": each.also,
                "n_test": self.n_test,
            }
            for each in self.ingredients
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw weights as bars, units as a table, neighbours and what they share."""
        shown = self.units_for
        weights = Bars(
            f"What makes {self.name!r}",
            tuple(each.neuron for each in shown[:12]),
            tuple(each.weight for each in shown[:12]),
            "logit per standard deviation",
        )
        images = [self._images()] if any(each.examples for each in shown) else []
        neighbours = [self._confused()] if self.neighbours else []
        return (weights, *images, self._units(), *neighbours)

    def _images(self) -> Strip:
        return Strip(
            "Images that excite its units most",
            tuple(
                Gallery(
                    f"{each.neuron}, {each.weight:+.2f}",
                    tuple(example.tile() for example in each.examples),
                )
                for each in self.units_for
                if each.examples
            ),
            "Of all images, whatever their class; under each the peak activation.",
        )

    def _units(self) -> Table:
        return Table(
            "Its units",
            ("neuron", "weight", "share of the logit", "on the class", "on all", "also in"),
            tuple(
                (
                    each.neuron,
                    f"{each.weight:+.3f}",
                    f"{each.share:+.1%}",
                    f"{each.on_class:.3g}",
                    f"{each.on_all:.3g}",
                    ", ".join(each.also),
                )
                for each in self.ingredients
            ),
            "Share: of the logit by which the class's test images stand above the average test "
            "image. Activations: means over test images.",
        )

    def _confused(self) -> Table:
        return Table(
            "The classes that it is confused with",
            ("class", "taken for it", "taken for this", "shared units"),
            tuple(
                (
                    each.name,
                    f"{each.taken_for_it:,}",
                    f"{each.taken_for_this:,}",
                    ", ".join(each.shared[:4]) or "none",
                )
                for each in self.neighbours
            ),
            "Test images that the probe gave to the wrong one of the two, and the units "
            "with a positive weight in both.",
        )


def compose(
    probe: Probe,
    run: Activations,
    images: ImageSet,
    name: str,
    *,
    n_units: int = 6,
    count: int = 6,
) -> Composition:
    """Tell what a probe makes a class of.

    Parameters
    ----------
    probe : Probe
    run : Activations
        The one that was probed.
    images : ImageSet
        Those of the run.
    name : str
        A class of the probe.
    n_units : int >= 0
        Of the units with the largest weights, so many show images.
    count : int >= 0
        Images to show of each.

    Raises
    ------
    OptionError
        If the probe has no such class.
    StaleActivationsError
        If the images are others than the run's.
    """
    own = probe.index_of(name)
    run.check_images(images)
    values, _ = run.pooled(probe.layer, probe.pooling)
    tested = np.flatnonzero(probe.split == TEST)
    mine = probe.labels_of(images)[tested] == own
    units = take_rows(values, tested)
    # an embedding's dimensions have no peaks to show images by
    n_shown = n_units if count and probe.layer != EMBEDDING else 0
    shown = {
        each.unit: _examples(run, images, probe, each.unit, count)
        for each in probe.units_of(name)[:n_shown]
        if each.weight > 0
    }
    return Composition(
        provenance={"probe": probe.provenance},
        name=name,
        layer=probe.layer,
        pooling=probe.pooling,
        n_test=int(probe.confusion[own].sum()),
        n_right=int(probe.confusion[own, own]),
        ingredients=_ingredients(probe, own, units[mine].mean(0), units.mean(0), shown),
        neighbours=neighbours(probe, own),
    )


def _ingredients(
    probe: Probe,
    own: int,
    on_class: NDArray[np.floating],
    on_all: NDArray[np.floating],
    examples: Mapping[int, tuple[Example, ...]],
) -> tuple[Ingredient, ...]:
    """Describe each unit with a weight in a class, the largest first.

    Parameters
    ----------
    probe : Probe
    own : int
        The class, as the probe counts.
    on_class, on_all : ndarray of float, (units,)
        Mean activations on test images of the class, and on all.
    examples : mapping of int to tuple of Example
        To show, by unit.
    """
    gains = probe.weights[own] * (on_class - on_all)
    total = gains.sum() or 1.0
    scaled = probe.standardised
    return tuple(
        Ingredient(
            f"{probe.layer}:{each.unit}",
            each.weight,
            float(gains[each.unit] / total),
            float(on_class[each.unit]),
            float(on_all[each.unit]),
            _others(scaled[:, each.unit], own, probe.class_names),
            examples.get(each.unit, ()),
        )
        for each in probe.units_of(probe.class_names[own])
    )


def _examples(
    run: Activations, images: ImageSet, probe: Probe, unit: int, count: int
) -> tuple[Example, ...]:
    """Show the images that excite a unit most, of any class."""
    neuron, good = Neuron(probe.layer, unit), run.good_rows()
    rows = good[np.argsort(-run.peak(neuron)[good], kind="stable")[:count]]
    return UnitActivations(run, images, neuron).examples(rows.tolist())


def _others(weights: np.ndarray, own: int, names: Sequence[str]) -> tuple[str, ...]:
    order = [k for k in np.argsort(-weights, kind="stable") if k != own and weights[k] > 0]
    return tuple(names[k] for k in order[:_SERVED])
