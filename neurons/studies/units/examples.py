"""Which images excite a neuron most, which least, and of which classes are they? (Goh et al.)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.class_lifts import TOP_SHARE, ClassLift, class_lifts, n_of_top, top_mask
from neurons.activations.lost_values import told_not_finite
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations, Values
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.results.blocks import Bars, Block, Gallery, Note
from neurons.results.result import Result
from neurons.results.table import Row


def top_examples(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron | str,
    *,
    count: int = 16,
    top_share: float = TOP_SHARE,
    n_classes: int = 10,
) -> TopExamples:
    """Find the images that excite a unit most and least, and the classes at the top.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    neuron : Neuron or str
        Or its address, such as ``visual.layer4:89``.
    count : int >= 1
        Images at each end.
    top_share : float in (0, 1]
        Share of the images that counts as "the top" for class lifts; at least 50 images, or a
        quarter of a small set. Images
        with equal peaks are all taken or all left out.
    n_classes : int
        Classes to list.

    Returns
    -------
    TopExamples
        Exact: what sorting all images gives.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold the unit.
    AddressError
        If a string is no neuron's address.
    StaleActivationsError
        If these are not the images of the run.
    OptionError
        If a number is out of range.

    Notes
    -----
    Dataset examples show what excites a unit in this set. They do not show that the unit responds
    to nothing else: see `spectrum`.
    """
    if count < 1:
        raise OptionError(f"count is {count}; it must be 1 or more")
    if not 0 < top_share <= 1:
        raise OptionError(f"top_share is {top_share}; it must be over 0 and at most 1")
    unit = UnitActivations(activations, images, Neuron.of(neuron))
    good = unit.good
    largest = extremes(unit.peaks, good, images.ids, count, largest=True)
    smallest = extremes(unit.peaks, good, images.ids, count, largest=False)
    top = good[top_mask(unit.peaks[good, None], n_of_top(len(good), top_share))[:, 0]]
    lifts: tuple[ClassLift, ...] = ()
    if images.labels is not None and len(top):
        every = class_lifts(images.labels, images.class_names, top, good)
        lifts = tuple(lift for lift in every if lift.lift > 1)[:n_classes]
    return TopExamples(
        provenance=activations.provenance(),
        neuron=str(Neuron.of(neuron)),
        n=len(good),
        n_skipped=unit.n_skipped,
        top=unit.examples(largest),
        bottom=unit.examples(smallest),
        n_top=len(top),
        lifts=lifts,
        n_not_finite=unit.n_not_finite,
    )


@dataclass(frozen=True)
class TopExamples(Result):
    """The images that excite a unit most and least.

    Parameters
    ----------
    neuron : str
    n : int
        Images that were compared.
    n_skipped : int
        Bad images, which no statement is about.
    top, bottom : tuple of Example
        From the largest peak down, and from the smallest up; equal peaks by image id.
    n_top : int
        Size of the top share that ``lifts`` is about: smaller where a peak that many images have,
        such as 0, would have had to be cut through.
    lifts : tuple of ClassLift
        Classes over-represented there, by the interval's lower bound; empty without labels.
    n_not_finite : int
        Images on which the unit gave NaN or infinity: never among the top, nor anywhere else here.
    """

    neuron: str
    n: int
    n_skipped: int
    top: tuple[Example, ...]
    bottom: tuple[Example, ...]
    n_top: int
    lifts: tuple[ClassLift, ...]
    n_not_finite: int = 0

    @property
    def title(self) -> str:
        """The neuron's address."""
        return self.neuron

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Images and the largest peak."""
        maximum = f"{self.top[0].peak:.3g}" if self.top else "none"
        return (("images", f"{self.n:,}"), ("maximum", maximum))

    def verdict(self) -> str:
        """Say how far the two ends lie apart, and which class is most over-represented."""
        lost = told_not_finite(self.n_not_finite, self.n + self.n_not_finite, self.neuron)
        if not self.top:
            return f"{lost}No image could be compared: {self.n_skipped:,} were skipped."
        if self.top[0].peak == self.bottom[0].peak:
            return (
                f"{lost}Nothing here says what excites {self.neuron}: its peak is "
                f"{self.top[0].peak:.3g} in each of {self.n:,} images."
            )
        classes = "No class is more frequent at the top than in the whole set."
        if self.lifts:
            first = self.lifts[0]
            classes = (
                f"Among the top {self.n_top:,}, {first.name!r} is {first.lift:.1f} times as "
                f"frequent as in the whole set ({first.interval.low:.1f} to "
                f"{first.interval.high:.1f})."
            )
        return (
            f"{lost}Of {self.n:,} images, the first excites {self.neuron} by "
            f"{self.top[0].peak:.3g} and the last by {self.bottom[0].peak:.3g}. {classes} The "
            f"images show what excites the unit in this set, not that nothing else does."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Top gallery, classes at the top, bottom gallery."""
        n = f"n = {self.n:,} images" + (f", {self.n_skipped:,} skipped" if self.n_skipped else "")
        n += f", {self.n_not_finite:,} not finite" if self.n_not_finite else ""
        most = Gallery(
            "Images that excite it most",
            tuple(example.tile() for example in self.top),
            f"Under each image the unit's peak activation. {n}. The box is the layer's "
            "effective receptive field around the peak: where the input mattered on average, "
            "not the edge of what was seen.",
        )
        return (most, *([self._classes()] if self.lifts else []), self._least())

    def _least(self) -> Block:
        lowest = {example.peak for example in self.bottom}
        if len(lowest) == 1 and len(self.bottom) > 1:
            return Note(
                f"The lowest {len(self.bottom):,} images are all {lowest.pop():.3g}: which of them "
                f"are shown would be a matter of their names."
            )
        return Gallery(
            "Images that excite it least",
            tuple(example.tile() for example in self.bottom),
            "Where many images share a value, such as 0 after a ReLU, they stand in the order "
            "of their names.",
        )

    def _classes(self) -> Bars:
        return Bars(
            f"Classes over-represented among the top {self.n_top:,} images "
            f"({self.n_top / self.n:.1%} of all)",
            tuple(lift.name for lift in self.lifts),
            tuple(lift.lift for lift in self.lifts),
            "lift",
            tuple(lift.interval.low for lift in self.lifts),
            tuple(lift.interval.high for lift in self.lifts),
            1.0,
            "Share among the top over share in the set, with a 95 % Wilson interval for "
            "each class by itself; 1 is chance. Among many classes a few exceed 1 by "
            "chance.",
        )

    def rows(self) -> Sequence[Row]:
        """One row per image at either end, then one per over-represented class."""
        ends = (("top", self.top), ("bottom", self.bottom))
        images = [
            {
                "neuron": self.neuron,
                "kind": end,
                "name": example.image_id,
                "label": example.label,
                "peak": example.peak,
                "mean": example.mean,
            }
            for end, examples in ends
            for example in examples
        ]
        classes = [
            {
                "neuron": self.neuron,
                "kind": "class",
                "name": each.name,
                "n_top": each.n_top,
                "n": each.n,
                "lift": each.lift,
                "interval": each.interval,
            }
            for each in self.lifts
        ]
        return [*images, *classes]


def extremes(
    peaks: Values, good: NDArray[np.intp], ids: Sequence[str], count: int, *, largest: bool
) -> list[int]:
    """Find the rows of the largest (or smallest) peaks; equal peaks in the order of their ids.

    Parameters
    ----------
    peaks : ndarray, (images,)
    good : ndarray of int
        Rows to look at.
    ids : sequence of str
    count : int
        Fewer are returned where there are fewer rows.
    largest : bool

    Returns
    -------
    list of int
    """
    count = min(count, len(good))
    if count == 0:
        return []
    keys = -peaks[good] if largest else peaks[good]
    # only rows that can be among them are compared by name: after a ReLU, half a set is tied at 0
    bound = np.partition(keys, count - 1)[count - 1]
    inside, tied = good[keys < bound], good[keys == bound]
    order = {int(row): float(key) for row, key in zip(good, keys, strict=True) if key < bound}
    first = sorted((int(row) for row in inside), key=lambda row: (order[row], ids[row]))
    rest = heapq.nsmallest(count - len(first), (int(row) for row in tied), key=lambda row: ids[row])
    return first + rest
