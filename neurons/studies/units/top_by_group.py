"""What excites a neuron most in each way of showing things: photographed, drawn, written?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations, Values
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.results.blocks import Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row

MAX_GROUPS = 12


def top_by(
    activations: Activations, images: ImageSet, neuron: Neuron | str, *, by: str, count: int = 6
) -> TopBy:
    """Show the images that excite a unit most in each group of images.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned, with a column that groups it.
    neuron : Neuron or str
        Or its address, such as ``visual.layer4:89``.
    by : str
        That column's name, such as ``rendition`` or ``facet``; it has at most 12 values.
    count : int >= 1
        Images to show of each group.

    Returns
    -------
    TopBy

    Raises
    ------
    LabelsMissingError
        If the images have no such column.
    OptionError
        If it has too many values to show, or count is below 1.
    LayerNotFoundError, NeuronNotFoundError, AddressError, StaleActivationsError
        As `top_examples`.
    """
    if count < 1:
        raise OptionError(f"count is {count}; it must be 1 or more")
    values = np.array([str(value) for value in images.column(by)])
    kinds = groups_of(images, by)
    unit = UnitActivations(activations, images, Neuron.of(neuron))
    groups = []
    for kind in kinds:
        rows = unit.good[values[unit.good] == kind]
        order = rows[np.argsort(-unit.peaks[rows], kind="stable")]
        peaks = unit.peaks[rows]
        groups.append(
            Group(
                name=kind or "(none)",
                n=len(rows),
                mean=float(peaks.mean()) if len(rows) else float("nan"),
                maximum=float(peaks.max()) if len(rows) else float("nan"),
                best_class=_best_class(images, rows, unit.peaks),
                top=unit.examples(order[:count].tolist()),
            )
        )
    return TopBy(activations.provenance(), str(Neuron.of(neuron)), by, tuple(groups))


def groups_of(images: ImageSet, by: str) -> list[str]:
    """Give a column's values in the order in which they first appear.

    Raises
    ------
    LabelsMissingError
        If the images have no such column.
    OptionError
        If it has too many values to show.
    """
    kinds = list(dict.fromkeys(str(value) for value in images.column(by)))
    if len(kinds) > MAX_GROUPS:
        raise OptionError(
            f"column {by!r} has {len(kinds)} values, too many to show side by side; "
            f"at most {MAX_GROUPS}"
        )
    return kinds


@dataclass(frozen=True)
class Group:
    """The images of one group.

    Parameters
    ----------
    name : str
    n : int
        Images in it.
    mean, maximum : float
        Of the unit's peaks over them.
    best_class : str
        The class with the largest mean peak in this group; empty without labels.
    top : tuple of Example
        From the largest peak down.
    """

    name: str
    n: int
    mean: float
    maximum: float
    best_class: str
    top: tuple[Example, ...]


@dataclass(frozen=True)
class TopBy(Result):
    """The top images of each group, side by side.

    Parameters
    ----------
    neuron : str
    by : str
    groups : tuple of Group
        In the order in which they first appear among the images.
    """

    neuron: str
    by: str
    groups: tuple[Group, ...]

    @property
    def title(self) -> str:
        """The neuron's address."""
        return self.neuron

    def facts(self) -> tuple[tuple[str, str], ...]:
        """How the images are grouped, and into how many groups."""
        return (("grouped by", self.by), ("groups", f"{len(self.groups):,}"))

    def verdict(self) -> str:
        """Say whether the groups agree on a class; without labels, where the peak is largest."""
        shown = [group for group in self.groups if group.n]
        if not shown:
            return f"No group of {self.by} has an image that could be compared."
        best = list(dict.fromkeys(group.best_class for group in shown))
        if not all(best):
            first = max(shown, key=lambda group: group.maximum)
            return (
                f"{self.neuron} is excited most in the group {first.name!r} of {len(shown)}: "
                f"{first.maximum:.3g}, in {first.n:,} images. Larger groups have larger maxima."
            )
        if len(best) == 1:
            ways = ", ".join(group.name for group in shown)
            said = f"{best[0]!r} excites {self.neuron} most on average in each group ({ways})."
        else:
            classes = "; ".join(f"{group.name}: {group.best_class}" for group in shown)
            said = (
                f"The class that excites {self.neuron} most on average differs between the groups "
                f"({classes})."
            )
        return f"{said} One class is always the first: a census says what chance gives."

    def blocks(self) -> tuple[Block, ...]:
        """Draw galleries by group, and the groups' numbers."""
        strips = tuple(
            Gallery(
                f"{group.name} · up to {group.maximum:.3g}",
                tuple(example.tile() for example in group.top),
            )
            for group in self.groups
        )
        rows = tuple(
            (
                group.name,
                f"{group.n:,}",
                f"{group.mean:.3g}",
                f"{group.maximum:.3g}",
                group.best_class,
            )
            for group in self.groups
        )
        return (
            Strip(
                f"The top of each {self.by}",
                strips,
                "The images that excite the unit most among those of one kind. A multimodal unit "
                "shows the same thing in every row; its peaks need not be equally high.",
            ),
            Table(
                f"Peak activation by {self.by}",
                (self.by, "images", "mean", "maximum", "class with the largest mean"),
                rows,
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per group."""
        return [
            {
                "neuron": self.neuron,
                self.by: group.name,
                "n": group.n,
                "mean": group.mean,
                "maximum": group.maximum,
                "best_class": group.best_class,
            }
            for group in self.groups
        ]


def _best_class(images: ImageSet, rows: NDArray[np.intp], peaks: Values) -> str:
    if images.labels is None:
        return ""
    labels = images.labels[rows]
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        return ""
    totals = np.bincount(labels[known], weights=peaks[rows][known], minlength=1)
    sizes = np.bincount(labels[known], minlength=1)
    means = np.where(sizes > 0, totals / np.maximum(sizes, 1), -np.inf)
    return images.class_names[int(means.argmax())]
