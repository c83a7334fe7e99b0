"""What does a sparse probe say? Which units make each class, how surely, and how well."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.readouts.chance import near_chance
from neurons.readouts.class_names import ids_for_names, shown_names
from neurons.readouts.probe_path import accuracy_curves, far_from_wanted, path_table
from neurons.results.blocks import Bars, Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.sparse.path import PathStep
from neurons.stats import Share

_SHOWN = 12
# classes named in one line
_NAMED = 4


@dataclass(frozen=True)
class UnitWeight:
    """The weight of a unit in a class.

    Parameters
    ----------
    unit : int
    weight : float
        Logit per standard deviation of the unit: comparable between units.
    """

    unit: int
    weight: float


@dataclass(frozen=True)
class SmallClass:
    """A class that was left out, since it has too few images.

    Parameters
    ----------
    name : str
    n : int
        Images of it that could be read, copies counted once.
    """

    name: str
    n: int


@dataclass(frozen=True)
class Probe(Result):
    """A sparse linear probe on a layer of a run, chosen from a path of strengths.

    Parameters
    ----------
    layer : str
        A module's path, or ``embedding`` for the joint space (after the projection).
    pooling : str
        ``peak`` or ``mean`` over the layer's map.
    class_names : tuple of str
        Classes that have images; no two are equal (see `shown_names`).
    rule : str
        How the strength was chosen.
    l1_ratio : float
    steps : tuple of PathStep
        The path, from no unit downwards, judged on the images that choose.
    chosen : int
        The step that was chosen.
    split : ndarray of uint8, (images of the run,)
        `FIT`, `CHOOSE`, `TEST` or `UNUSED` of `neurons.data.split`.
    weights : ndarray of float32, (classes, units)
        Logit per unit of activation.
    intercepts : ndarray of float32, (classes,)
    means, scales : ndarray of float32, (units,)
        Of the images fitted to; a constant unit has scale 0.
    confusion : ndarray of int32, (classes, classes)
        Test images by their class and by what the probe says.
    n_top5 : int
        Test images whose class is among the first five.
    wanted_units : float or None
        Units per class that were asked for, if the strength was chosen by them.
    left_out : tuple of SmallClass
        Classes with fewer images than were asked for: neither fitted to nor tested.
    n_copies : int
        Images that have a copy; copies are in one part of the split.
    """

    fields_were: ClassVar[Mapping[str, str]] = {"parts": "split"}

    layer: str
    pooling: str
    class_names: tuple[str, ...]
    rule: str
    l1_ratio: float
    steps: tuple[PathStep, ...]
    chosen: int
    split: NDArray[np.uint8]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    means: NDArray[np.float32]
    scales: NDArray[np.float32]
    confusion: NDArray[np.int32]
    n_top5: int
    wanted_units: float | None = None
    left_out: tuple[SmallClass, ...] = ()
    n_copies: int = 0

    def decision(self, units: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits, (images, classes), of (images, units)."""
        logits: NDArray[np.float32] = units @ self.weights.T + self.intercepts
        return logits

    @property
    def n_units(self) -> int:
        """Units of the layer."""
        return int(self.weights.shape[1])

    @property
    def step(self) -> PathStep:
        """The step of the path that was chosen."""
        return self.steps[self.chosen]

    @property
    def top1(self) -> Share:
        """Test images whose class is the first."""
        return Share(int(np.trace(self.confusion)), int(self.confusion.sum()))

    @property
    def top5(self) -> Share:
        """Test images whose class is among the first five."""
        return Share(self.n_top5, int(self.confusion.sum()))

    @property
    def largest_share(self) -> float:
        """Share of the test images that are of the largest class; nan if there are none."""
        n = int(self.confusion.sum())
        return float(self.confusion.sum(1).max() / n) if n else float("nan")

    @property
    def standardised(self) -> NDArray[np.float32]:
        """Weights per standard deviation of each unit, (classes, units): comparable."""
        scaled: NDArray[np.float32] = self.weights * self.scales
        return scaled

    def index_of(self, name: str) -> int:
        """Find a class.

        Raises
        ------
        OptionError
            If the probe has none of that name, or several; the message names the nearest.
        """
        if name not in self.class_names:
            one_name = [each for each in self.class_names if each.startswith(f"{name} (")]
            if len(one_name) > 1:
                raise OptionError(
                    f"{name!r} is the name of {len(one_name)} classes; name one of: "
                    f"{', '.join(one_name)}"
                )
            near = difflib.get_close_matches(name, self.class_names, n=4, cutoff=0.3)
            raise OptionError(
                f"no class {name!r} in the probe's {len(self.class_names):,}; nearest: "
                f"{', '.join(near) or ', '.join(self.class_names[:4])}"
            )
        return self.class_names.index(name)

    def labels_of(self, images: ImageSet) -> NDArray[np.int64]:
        """Give each image's class as the probe counts them, (images,); -1 if it has no such class.

        Raises
        ------
        LabelsMissingError
            If the images carry no labels.
        OptionError
            If two of the probe's classes have one name, as version 0.1 allowed.
        """
        own = {name: k for k, name in enumerate(self.class_names)}
        if len(own) < len(self.class_names):
            twice = next(name for name in own if self.class_names.count(name) > 1)
            raise OptionError(
                f"this probe has two classes called {twice!r} and cannot tell whose images are "
                f"whose; fit it again, and they get names of their own"
            )
        places = np.array([own.get(name, -1) for name in shown_names(images)] + [-1], np.int64)
        # images without a label have -1: the last
        return places[images.require_labels()]

    def units_of(self, name: str) -> tuple[UnitWeight, ...]:
        """List the units with a weight in a class, the largest weights first, then negative ones.

        Raises
        ------
        OptionError
            If there is no such class.
        """
        row = self.standardised[self.index_of(name)]
        used = np.flatnonzero(row)
        order = used[np.argsort(-row[used], kind="stable")]
        return tuple(UnitWeight(int(unit), float(row[unit])) for unit in order)

    def unit_counts(self) -> NDArray[np.intp]:
        """Count each class's units, (classes,)."""
        counts: NDArray[np.intp] = np.count_nonzero(self.weights, axis=1)
        return counts

    def class_counts(self) -> NDArray[np.intp]:
        """Count the classes that each unit serves with a positive weight, (units,)."""
        counts: NDArray[np.intp] = np.count_nonzero(self.weights > 0, axis=0)
        return counts

    @property
    def title(self) -> str:
        """What was probed."""
        return f"Probe of {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Classes, units, accuracy and the certificate."""
        return (
            ("classes", f"{len(self.class_names):,}"),
            ("units per class", f"{self.step.units_per_class:.1f}"),
            ("top-1", f"{self.top1.value:.3f}"),
            ("top-5", f"{self.top5.value:.3f}"),
            ("gap", f"{self.step.gap:.1e}"),
        )

    def rows(self) -> Sequence[Row]:
        """One row per weight, class by class from the largest down, with the class's accuracy."""
        return [
            {
                "class": name,
                "neuron": f"{self.layer}:{each.unit}",
                "weight": each.weight,
                "raw_weight": float(self.weights[k, each.unit]),
                "right": Share(int(self.confusion[k, k]), int(self.confusion[k].sum())),
            }
            for k, name in enumerate(self.class_names)
            for each in self.units_of(name)
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw the curve of accuracy over units, which classes and units, and the path."""
        curves = accuracy_curves(self.steps, self.chosen)
        return (*curves, *self._counts(), path_table(self.steps, self.chosen))

    def verdict(self) -> str:
        """Say how many units tell the classes, and how well; first, what makes that mean less."""
        step = self.step
        unused = int((self.weights == 0).all(0).sum())
        certified = f"; certified within {step.gap:.1e} of the minimum" if step.converged else ""
        copies = (
            f" {self.n_copies:,} images have a copy: copies are in one part of the split."
            if self.n_copies
            else ""
        )
        return " ".join(
            (
                *self.warnings(),
                f"{step.units_per_class:.1f} units per class on average (of {self.n_units:,}; "
                f"{unused:,} serve none): top-1 {self.top1}, top-5 {self.top5}, on images that "
                f"neither fitted nor chose; guessing gives {1 / len(self.class_names):.3f}, the "
                f"largest class {self.largest_share:.3f}. Probed: {self.pooling} of {self.layer}; "
                f"strength by {self.rule}{certified}.{copies} "
                f"A weight says what a linear readout uses, not what the model uses: see a class's "
                f"causal check.",
            )
        )

    def warnings(self) -> tuple[str, ...]:
        """Say what makes the probe mean less than it seems: a sentence each, the worst first."""
        step = self.step
        told = (
            near_chance(self.top1, self.confusion.sum(1).tolist(), self.class_names),
            "" if step.converged else f"NOT CONVERGED: the gap is {step.gap:.1e}.",
            far_from_wanted(self.steps, self.chosen, self.wanted_units),
            self._left_out(),
            ids_for_names(self.class_names),
        )
        return tuple(sentence for sentence in told if sentence)

    def _left_out(self) -> str:
        if not self.left_out:
            return ""
        named = ", ".join(f"{each.name} ({each.n:,})" for each in self.left_out[:_NAMED])
        more = ", ..." if len(self.left_out) > _NAMED else ""
        n_all = len(self.left_out) + len(self.class_names)
        return (
            f"{len(self.left_out):,} of {n_all:,} classes are left out, with too few images: "
            f"{named}{more}."
        )

    def _counts(self) -> tuple[Block, ...]:
        units, classes = self.unit_counts(), self.class_counts()
        by_need = np.argsort(-units, kind="stable")
        most, fewest = by_need[:_SHOWN], by_need[::-1][:_SHOWN]
        by_service = np.argsort(-classes, kind="stable")[:_SHOWN]
        names = np.array(self.class_names, object)

        def served(unit: int) -> str:
            row = self.standardised[:, unit]
            order = [k for k in np.argsort(-row, kind="stable")[:3] if row[k] > 0]
            return ", ".join(str(names[k]) for k in order)

        return (
            Bars(
                "Classes that need most units",
                tuple(map(str, names[most])),
                tuple(float(units[k]) for k in most),
                "units",
            ),
            Bars(
                "Classes that need fewest units",
                tuple(map(str, names[fewest])),
                tuple(float(units[k]) for k in fewest),
                "units",
            ),
            Table(
                "Units that serve most classes",
                ("neuron", "classes", "largest weights in"),
                tuple(
                    (f"{self.layer}:{unit}", f"{classes[unit]:,}", served(int(unit)))
                    for unit in by_service
                    if classes[unit]
                ),
                f"{int((self.weights == 0).all(0).sum()):,} of {self.n_units:,} units serve none.",
            ),
        )
