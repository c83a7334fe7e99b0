"""Which units are excited by one concept however it is shown: photographed, drawn, written?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.class_agreement import (
    NONE,
    agreeing,
    certainty,
    counts_by_chance,
    leads_of,
)
from neurons.activations.class_means import class_means
from neurons.activations.lost_values import told_units_not_finite
from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import OptionError
from neurons.results.blocks import Bars, Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import p_of_draws

# a count that shuffled labels give more often than this says nothing
_SIGNIFICANT = 0.05
# of resamples: a unit that is as certain is called sure
_SURE = 0.95


def census(
    activations: Activations,
    images: ImageSet,
    layer: str,
    *,
    by: str = "rendition",
    among: Sequence[str] = ("flat", "outline", "word"),
    together: Sequence[str] = ("flat", "outline"),
    n_permutations: int = 200,
    n_resamples: int = 100,
    seed: int = 0,
) -> Census:
    """Count the units whose top class is the same in every way of showing it.

    In each group of images (flat pictures, outlines, words) a unit's top class is the one with
    the largest mean peak. A unit is multimodal if the groups agree.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned, with labels and a column that tells how each is shown.
    layer : str
        Of the run.
    by : str
        That column's name.
    among : sequence of str
        Two or more of its values; images with others are left out.
    together : sequence of str
        Groups that show the same drawings, or that agree for another reason than their meaning:
        when labels are shuffled to see what chance gives, these keep theirs.
    n_permutations : int >= 20
        How often the labels of the other groups are shuffled.
    n_resamples : int >= 20
        How often the images of each class and group are drawn anew, to see which units are sure.
    seed : int

    Returns
    -------
    Census

    Raises
    ------
    LabelsMissingError
        If the images carry no labels, or no such column.
    OptionError
        If a group has no images, or lacks some of the classes.
    LayerNotFoundError
        If the run does not hold the layer.
    StaleActivationsError
        If these are not the images of the run.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, looked at
    "photos, drawings, text" by eye; the permutation test is ours.
    """
    labels = images.require_labels()
    shown = np.array([str(value) for value in images.column(by)])
    activations.check_images(images)
    _check_asked(images, by, among, together, min(n_permutations, n_resamples))
    peaks = np.asarray(activations.array(layer, "peak")[:], np.float32)
    lost = activations.lost(layer)
    # a unit that is not finite on some image has no top class: as if it said the same of all
    peaks[:, lost.not_finite > 0] = 0
    good = np.zeros(len(labels), bool)
    good[activations.good_rows()] = True
    good &= labels != UNLABELLED
    groups = [np.flatnonzero(good & (shown == value)) for value in among]
    for value, rows in zip(among, groups, strict=True):
        _check_group(value, by, labels[rows], images.class_names, shown)
    n_classes = len(images.class_names)
    means = np.stack([class_means(peaks[rows], labels[rows], n_classes) for rows in groups])
    # a unit that is silent in a group has no top class there
    alive = np.stack([np.ptp(peaks[rows], axis=0) > 0 for rows in groups])
    tops = np.where(alive, means.argmax(1), NONE)
    parts = [(peaks[rows], labels[rows]) for rows in groups]
    kept = [value in together for value in among]
    chance = counts_by_chance(parts, kept, n_classes, alive, n_permutations, seed)
    agree = agreeing(tops)
    return Census(
        provenance=activations.provenance(),
        layer=layer,
        by=by,
        among=tuple(among),
        class_names=images.class_names,
        n_images=sum(len(rows) for rows in groups),
        n_dead=int(((np.ptp(peaks[good], axis=0) == 0) & ~lost.units).sum()),
        n_multimodal=int(agree.sum()),
        chance=float(np.mean(chance)),
        chance_largest=max(chance),
        p_value=p_of_draws(int(agree.sum()), chance),
        tops=tops.astype(np.int32),
        certainty=certainty(parts, tops, n_classes, n_resamples, seed),
        leads=leads_of(means).astype(np.float32),
        not_finite=told_units_not_finite(lost, layer),
    )


@dataclass(frozen=True)
class Census(Result):
    """The multimodal units of a layer, beside what shuffled labels give.

    Parameters
    ----------
    layer, by : str
    among : tuple of str
        The groups that had to agree.
    class_names : tuple of str
    n_images, n_dead, n_multimodal : int
        Dead units have the same peak in every image; they never count as multimodal.
    chance : float
        Mean number of multimodal units when the labels are shuffled within each group but those
        that belong together.
    chance_largest : int
        The most that any shuffle gave.
    p_value : float
        Share of shuffles, the true labels counted in, that give as many.
    tops : ndarray of int, (groups, units)
        The top class of each unit in each group, -1 if it says the same of all images there.
    leads : ndarray of float, (groups, units)
        How far the top class lies above the mean of all, in standard deviations over classes.
    certainty : ndarray of float, (units,)
        Share of resamples of the images in which every group has the same top class as here; 0 for
        units that are not multimodal.
    not_finite : str
        Says how many units gave NaN or infinity on some image, and have no class; empty if none.
    """

    layer: str
    by: str
    among: tuple[str, ...]
    class_names: tuple[str, ...]
    n_images: int
    n_dead: int
    n_multimodal: int
    chance: float
    chance_largest: int
    p_value: float
    tops: NDArray[np.int32]
    leads: NDArray[np.float32]
    certainty: NDArray[np.float32]
    not_finite: str = ""

    @property
    def n_units(self) -> int:
        """Units of the layer, dead ones too."""
        return int(self.tops.shape[1])

    @property
    def n_sure(self) -> int:
        """Multimodal units that stay so in 95 % of resamples of the images or more."""
        return int((self.certainty >= _SURE).sum())

    def units_of(self, name: str) -> tuple[int, ...]:
        """List the multimodal units of a class, those with the widest smallest lead first.

        Raises
        ------
        OptionError
            If there is no such class.
        """
        if name not in self.class_names:
            raise OptionError(f"no class {name!r}; the first are: {self.class_names[:5]}")
        return self._ordered(self._agree() & (self.tops[0] == self.class_names.index(name)))

    def polysemantic_units(self) -> tuple[int, ...]:
        """List the units whose groups name different classes, the most decided first."""
        return self._ordered(~self._agree() & (self.tops != NONE).all(0))

    @property
    def title(self) -> str:
        """The layer that was counted."""
        return f"Census of {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the count beside its chance."""
        return (
            ("units", f"{self.n_units:,}"),
            ("dead", f"{self.n_dead:,}"),
            ("multimodal", f"{self.n_multimodal:,}"),
            ("sure", f"{self.n_sure:,}"),
            ("by chance", f"{self.chance:.2g}"),
            ("p", f"{self.p_value:.2g}"),
        )

    def verdict(self) -> str:
        """Say the count beside its chance; first, if so, that chance gives as many."""
        ways = ", ".join(self.among)
        no_more = "No more than chance gives: " if self.p_value > _SIGNIFICANT else ""
        return (
            f"{self.not_finite}{no_more}{self.n_multimodal} of {self.n_units} units of "
            f"{self.layer} ({self.n_dead} dead) have the same top class as {ways}; {self.n_sure} "
            f"are sure: they stay so in 95 % of resamples of the images. Shuffled labels give "
            f"{self.chance:.2g} on average and {self.chance_largest} at most (p = "
            f"{self.p_value:.2g}). A top class is not all that excites a unit: see its spectrum."
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit: its top class in each group, and by how much it leads."""
        agree = self._agree()
        return [
            {
                "neuron": f"{self.layer}:{unit}",
                "dead": bool((self.tops[:, unit] == NONE).all()),
                "multimodal": bool(agree[unit]),
                "certainty": float(self.certainty[unit]),
                **{
                    f"{name}.class": "" if top == NONE else self.class_names[top]
                    for name, top in zip(self.among, self.tops[:, unit], strict=True)
                },
                **{
                    f"{name}.lead": float(lead)
                    for name, lead in zip(self.among, self.leads[:, unit], strict=True)
                },
            }
            for unit in range(self.n_units)
        ]

    def columns_about(self) -> Mapping[str, str]:
        """Say what the columns mean."""
        return {
            "dead": f"Whether the unit says the same of all images in every group of {self.by}.",
            "multimodal": f"Whether one class leads as {', '.join(self.among)}.",
            "certainty": "Share of resamples of the images in which it is the same class.",
        }

    def blocks(self) -> tuple[Block, ...]:
        """Classes by their units; the most decided units."""
        agreed = self._ordered(self._agree())
        names = [self.class_names[self.tops[0, unit]] for unit in agreed]
        counts = sorted(((names.count(name), name) for name in set(names)), reverse=True)
        return (
            Bars(
                "Classes by their multimodal units",
                tuple(name for _, name in counts),
                tuple(float(count) for count, _ in counts),
                "units",
            ),
            Table(
                "Multimodal units, the most decided first",
                ("neuron", "class", "certainty", *(f"lead, {value}" for value in self.among)),
                tuple(
                    (
                        f"{self.layer}:{unit}",
                        name,
                        f"{self.certainty[unit]:.2f}",
                        *(f"{lead:.1f}" for lead in self.leads[:, unit]),
                    )
                    for unit, name in zip(agreed, names, strict=True)
                ),
                "Certainty: share of resamples of the images in which the groups agree so. Lead: "
                "the class's mean peak above that of all classes, in standard deviations.",
            ),
        )

    def _agree(self) -> NDArray[np.bool_]:
        return agreeing(self.tops)

    def _ordered(self, chosen: NDArray[np.bool_]) -> tuple[int, ...]:
        units = np.flatnonzero(chosen)
        order = np.argsort(-self.leads[:, units].min(0), kind="stable")
        return tuple(int(unit) for unit in units[order])


def _check_group(
    value: str,
    by: str,
    labels: NDArray[np.int32],
    class_names: Sequence[str],
    shown: NDArray[np.str_],
) -> None:
    if not len(labels):
        known = ", ".join(sorted(set(shown.tolist()))[:12])
        raise OptionError(f"no image has {value!r} in column {by!r}; its values are: {known}")
    missing = sorted(set(range(len(class_names))) - set(labels.tolist()))
    if missing:
        raise OptionError(
            f"{len(missing)} classes have no {value!r} image, the first: "
            f"{class_names[missing[0]]!r}; give images of every class in every group"
        )


def _check_asked(
    images: ImageSet, by: str, among: Sequence[str], together: Sequence[str], n_draws: int
) -> None:
    """Refuse what no census can be made of."""
    if len(set(among)) < 2 or n_draws < 20:
        raise OptionError(
            f"a census compares two groups or more (asked: {', '.join(among)}) and draws at least "
            f"20 times (asked: {n_draws})"
        )
    if by == images.label_column:
        others = [name for name in images.columns if name != by]
        raise OptionError(
            f"column {by!r} holds the classes; a census groups images by how they show a class, "
            f"such as drawn or written: the other columns are: {', '.join(others) or 'none'}"
        )
    if set(among) <= set(together):
        raise OptionError(f"all of {', '.join(among)} belong together: nothing is left to shuffle")
