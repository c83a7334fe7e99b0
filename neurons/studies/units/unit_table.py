"""What are the units of a layer, one by one? A table to sort and to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import average_precision, places
from neurons.activations.class_lifts import leaders, n_of_top, top_mask
from neurons.activations.class_means import class_means
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.lost_values import LostValues, told_units_not_finite
from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.results.blocks import Block, Table
from neurons.results.choosing import Condition, choose
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval

Progress = Callable[[int, int], None]
# a page of a whole layer would be slow to open
_SHOWN = 400
# of the table's file, and what units are chosen and sorted by
COLUMNS = (
    "neuron",
    "state",
    "class",
    "lift",
    "lift_low",
    "lift_high",
    "n",
    "n_top",
    "top",
    "auprc",
    "maximum",
    "mean",
    "sparsity",
    "multimodal",
    "reads",
)
COLUMNS_ABOUT: Mapping[str, str] = {
    "state": "Alive, dead (0 on every image), or constant (another value on every image).",
    "class": "The class that leads among the unit's strongest images, unless chance gives as much.",
    "lift": "How much more frequent that class is there than in the whole set.",
    "n": "Images of that class.",
    "n_top": "Images of that class among the strongest ones.",
    "top": "The strongest images that were looked at.",
    "auprc": "Average precision of the peak at finding that class, on the images that chose it.",
    "maximum": "The largest peak over the images.",
    "mean": "The mean peak over the images.",
    "sparsity": "Share of images on which the peak is exactly 0.",
    "multimodal": "The class that leads in every group, such as drawn and written.",
    "reads": "The class that leads among the strongest images of written words.",
}
_NO_INTERVAL = Interval(float("nan"), float("nan"))
# the share of units that chance would give a class, and the share from where more is no chance
_BY_CHANCE = 0.01


def unit_table(
    activations: Activations,
    images: ImageSet,
    layer: str,
    *,
    by: str | None = None,
    among: Sequence[str] = ("flat", "outline", "word"),
    written: str = "word",
    progress: Progress = lambda done, total: None,
) -> UnitTable:
    """Tell of every unit of a layer how it is distributed and which class leads at its top.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned. Without labels only the distributions are known.
    layer : str
        Of the run.
    by : str, optional
        A column of the images that says how things are shown, such as ``rendition``; with it the
        table says which units are multimodal and which read words.
    among : sequence of str
        Values of that column that must have the same top class (largest mean peak), as in
        `census`, for a unit to be multimodal.
    written : str
        The value of that column that images of written words have.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    UnitTable

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    LabelsMissingError
        If the images have no column ``by``.
    StaleActivationsError
        If these are not the images of the run.
    """
    n_units = activations.layer(layer).units
    activations.check_images(images)
    good = activations.good_rows()
    labels = None if images.labels is None else images.labels[good]
    shown = None if by is None else np.array([str(v) for v in images.column(by)])[good]
    names, lost = images.class_names, activations.lost(layer)
    units: list[UnitRow] = []
    for start, peaks in peak_blocks(activations, layer, good):
        rows = [UnitRow.of(start + i, column) for i, column in enumerate(peaks.T)]
        if labels is not None:
            rows = _with_classes(rows, peaks, labels, names)
            if shown is not None:
                rows = _with_renditions(rows, peaks, labels, names, shown, among, written)
        units += [_without_lost(row, lost, len(good)) for row in rows]
        progress(len(units), n_units)
    return UnitTable(
        provenance=activations.provenance(),
        layer=layer,
        n_units=n_units,
        n_images=len(good),
        n_classes=0 if labels is None else len(names),
        by=by or "",
        asked="",
        units=tuple(units),
        not_finite=told_units_not_finite(lost, layer),
    )


@dataclass(frozen=True)
class UnitRow:
    """One unit of a layer.

    Parameters
    ----------
    unit : int
    state : str
        ``dead`` (0 everywhere), ``constant`` (one other value everywhere), ``alive``, ``not
        finite`` (NaN or infinity on some image: nothing else is said of it) or ``rounded to 0``
        (stored as 0 everywhere, and not 0 in the network).
    maximum, mean : float
        Of the peaks over images.
    sparsity : float in [0, 1]
        Share of images whose peak is exactly 0.
    top_class : str
        The class that leads among the top images; empty if chance gives as much.
    n, n_top, top : int
        Images of that class, those among the top images, and the top images.
    lift : float
        Share of the class at the top over its share in the set; nan without a class.
    interval : Interval
        95 %, of the lift.
    auprc : float in [0, 1]
        Average precision of the unit's peak at finding the class among all labelled images;
        its share among them is chance. The class was chosen on the same images: see `find_units`.
    multimodal : str
        The class that has the largest mean peak in every group of ``among``; empty if none.
    reads : str
        The class whose written images lead among the written images; empty if chance gives as much.
    """

    unit: int
    state: str
    maximum: float
    mean: float
    sparsity: float
    top_class: str = ""
    n: int = 0
    n_top: int = 0
    top: int = 0
    lift: float = float("nan")
    interval: Interval = _NO_INTERVAL
    auprc: float = float("nan")
    multimodal: str = ""
    reads: str = ""

    @classmethod
    def of(cls, unit: int, peaks: NDArray[np.float32]) -> UnitRow:
        """Describe the distribution of a unit's peaks."""
        nan = float("nan")
        if not len(peaks):
            return cls(unit, "dead", nan, nan, nan)
        low, high = float(peaks.min()), float(peaks.max())
        state = "alive" if high > low else "dead" if high == 0 else "constant"
        mean = float(peaks.astype(np.float64).mean())
        return cls(unit, state, high, mean, float((peaks == 0).mean()))


@dataclass(frozen=True)
class UnitTable(Result):
    """The units of a layer, sorted and chosen as asked.

    Parameters
    ----------
    layer : str
    n_units, n_images, n_classes : int
        Units of the layer, images that were not skipped, classes (0 without labels).
    by : str
        The column that tells how things are shown; empty if none was named.
    asked : str
        How the units here were chosen from all; empty for all.
    units : tuple of UnitRow
    not_finite : str
        Says how many units of the layer are not finite on some image; empty if none.
    """

    layer: str
    n_units: int
    n_images: int
    n_classes: int
    by: str
    asked: str
    units: tuple[UnitRow, ...]
    not_finite: str = ""

    def chosen(
        self, *, where: Sequence[Condition] = (), sort: str | None = None, top: int | None = None
    ) -> UnitTable:
        """Keep the units that conditions hold for, in an order, and the first of them.

        Parameters
        ----------
        where : sequence of Condition
        sort : str, optional
            A column: the largest number first, text from A to Z. Default: by number of the unit.
        top : int >= 1, optional

        Raises
        ------
        OptionError
            If there is no such column, or a condition cannot be compared with it.
        """
        told = [str(each) for each in where]
        told += [f"sorted by {sort}"] if sort else []
        told += [f"the first {top:,}"] if top else []
        kept = choose(self.rows(), where=where, sort=sort, top=top)
        return replace(self, asked=", ".join(told), units=tuple(self.units[i] for i in kept))

    def neurons(self) -> tuple[str, ...]:
        """Give the units' addresses, in order."""
        return tuple(f"{self.layer}:{each.unit}" for each in self.units)

    @property
    def title(self) -> str:
        """The layer."""
        return f"Units of {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Count the units, the dead ones, those with a class, and the images."""
        return (
            ("units", f"{len(self.units):,} of {self.n_units:,}"),
            ("dead", f"{self._count('dead'):,}"),
            ("with a class", f"{sum(bool(each.top_class) for each in self.units):,}"),
            ("images", f"{self.n_images:,}"),
        )

    def verdict(self) -> str:
        """Say how many units have a class; first, if so, that most are dead or chance says it."""
        n, alive = len(self.units), self._count("alive")
        if not n:
            return f"No unit of {self.layer} is so ({self.asked})."
        named = sum(bool(each.top_class) for each in self.units)
        silent = self.not_finite
        if alive < n / 2:
            silent += f"Most of these units say the same of every image ({n - alive:,} of {n:,}). "
        if not self.n_classes:
            return f"{silent}The images have no labels: which classes excite a unit is not known."
        few = ""
        if not self.asked and named <= 2 * _BY_CHANCE * alive + 1:
            few = "Hardly more than chance gives: "
        which = f" ({self.asked})" if self.asked else ""
        return (
            f"{silent}{few}{named:,} of {n:,} units of {self.layer}{which} have a class that leads "
            f"among their strongest images; of units that know no class, at most 1 % would."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Draw the table."""
        wide = bool(self.by)
        columns = ("neuron", "class", "lift", "n", "AUPRC", "maximum", "sparsity", "state")
        return (
            Table(
                "Units",
                (*columns, *(("multimodal", "reads") if wide else ())),
                tuple(self._told(each, wide) for each in self.units[:_SHOWN]),
                self._note(),
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [_row(self.layer, each) for each in self.units]

    def columns_about(self) -> Mapping[str, str]:
        """Say what the columns mean."""
        return COLUMNS_ABOUT

    def _count(self, state: str) -> int:
        return sum(each.state == state for each in self.units)

    def _told(self, each: UnitRow, wide: bool) -> tuple[str, ...]:
        low, high = each.interval.low, each.interval.high
        named = bool(each.top_class)
        first = (
            f"{self.layer}:{each.unit}",
            each.top_class or "-",
            f"{each.lift:.3g} ({low:.3g} to {high:.3g})" if named else "-",
            f"{each.n_top} of {each.n}" if named else "-",
            f"{each.auprc:.2f}" if named else "-",
            f"{each.maximum:.3g}",
            f"{each.sparsity:.0%}",
            each.state,
        )
        return (*first, *((each.multimodal or "-", each.reads or "-") if wide else ()))

    def _note(self) -> str:
        more = ""
        if len(self.units) > _SHOWN:
            more = f"The first {_SHOWN:,} of {len(self.units):,}; all are in the table's file. "
        return (
            f"{more}Class: leads among the unit's top images (1 %, at least 50, of a small set a "
            f"quarter; equal peaks are never parted) beyond chance. Lift: its share there over its "
            f"share in the set, with a 95 % interval. n: images of the class at the top, of all of "
            f"the class. AUPRC: how well the peak finds the class among all images. The class was "
            f"chosen on these images: a number on others is what a search by class gives."
        )


def _without_lost(row: UnitRow, lost: LostValues, n_images: int) -> UnitRow:
    """Say of a unit that it is not finite, or was rounded to 0 where it seems to be silent."""
    nan, n_rounded = float("nan"), int(lost.rounded[row.unit])
    if lost.not_finite[row.unit]:
        return UnitRow(row.unit, "not finite", nan, nan, nan)
    if not n_rounded:
        return row
    state = "rounded to 0" if row.state == "dead" else row.state
    return replace(row, state=state, sparsity=row.sparsity - n_rounded / n_images)


def _with_classes(
    rows: Sequence[UnitRow],
    peaks: NDArray[np.float32],
    labels: NDArray[np.int32],
    names: Sequence[str],
) -> list[UnitRow]:
    """Add the class that leads at each unit's top, and how well the unit finds it."""
    known = np.flatnonzero(labels != UNLABELLED)
    if not len(known):
        return list(rows)
    peaks, labels = peaks[known], labels[known]
    lead, place = leaders(labels, len(names), top_mask(peaks, n_of_top(len(known)))), places(peaks)
    in_set = np.bincount(labels, minlength=len(names))
    found = [replace(row, top=int(top)) for row, top in zip(rows, lead.top, strict=True)]
    for i in np.flatnonzero(lead.classes >= 0).tolist():
        k = int(lead.classes[i])
        found[i] = replace(
            found[i],
            top_class=names[k],
            n=int(in_set[k]),
            n_top=int(lead.n_top[i]),
            lift=float(lead.lift[i]),
            interval=Interval(float(lead.low[i]), float(lead.high[i])),
            auprc=float(average_precision(place[labels == k, i, None])[0]),
        )
    return found


def _with_renditions(
    rows: Sequence[UnitRow],
    peaks: NDArray[np.float32],
    labels: NDArray[np.int32],
    names: Sequence[str],
    shown: NDArray[np.str_],
    among: Sequence[str],
    written: str,
) -> list[UnitRow]:
    """Add which units have one top class in every group, and which read written words."""
    parts = [np.flatnonzero((shown == value) & (labels != UNLABELLED)) for value in among]
    whole = all(len(set(labels[part].tolist())) == len(names) for part in parts)
    agreed = [""] * len(rows)
    if whole:
        tops = np.stack(
            [class_means(peaks[part], labels[part], len(names)).argmax(0) for part in parts]
        )
        same = (tops == tops[0]).all(0)
        agreed = [names[tops[0, i]] if same[i] else "" for i in range(len(rows))]
    words = np.flatnonzero(shown == written)
    read = _with_classes(rows, peaks[words], labels[words], names) if len(words) else rows
    return [
        replace(row, multimodal=agreed[i] if row.state == "alive" else "", reads=read[i].top_class)
        if row.state == "alive"
        else row
        for i, row in enumerate(rows)
    ]


def _row(layer: str, each: UnitRow) -> Mapping[str, object]:
    """Give one unit as columns of a table; what is not known is empty."""
    named = bool(each.top_class)
    interval = (each.lift, each.interval.low, each.interval.high)
    lift = interval if named else (None,) * len(interval)
    count = (each.n, each.n_top) if named else (None, None)
    cells = (
        f"{layer}:{each.unit}",
        each.state,
        each.top_class,
        *lift,
        *count,
        each.top,
        each.auprc if named else None,
        each.maximum,
        each.mean,
        each.sparsity,
        each.multimodal,
        each.reads,
    )
    return dict(zip(COLUMNS, cells, strict=True))
