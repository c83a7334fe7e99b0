"""Which units answer to a concept: to a class, or to several that are meant by one word?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import (
    average_precision,
    places,
)
from neurons.activations.found_unit import ALPHA, CHANCE_AUC, PASSING_AUPRC, FoundUnit, tested
from neurons.activations.halves import halves
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.lost_values import told_units_not_finite
from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.meant_classes import classes_of
from neurons.data.sources import UNLABELLED
from neurons.errors import OptionError
from neurons.results.blocks import Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]

# in each half
_FEWEST = 2


def find_units(
    activations: Activations,
    images: ImageSet,
    concept: str | Sequence[str],
    *,
    name: str = "",
    layers: Sequence[str] = (),
    count: int = 10,
    n_permutations: int = 100,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> FoundUnits:
    """Find the units whose peak tells the images of a concept from all others.

    One half of the images chooses the units, and the other tests them. Copies of an image stay in
    one half. As a control, as many images of the choosing half are drawn at random as the concept
    has there, and the best of all units at finding these is kept.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned, with labels.
    concept : str or sequence of str
        A class; a word that the names of several classes hold, such as ``spider`` for ``barn
        spider`` and ``wolf spider``; or several classes.
    name : str
        What messages call it; default: the concept.
    layers : sequence of str
        Default: every layer of the run.
    count : int >= 1
        Units to test.
    n_permutations : int >= 20
    seed : int
        Of the draws and the halves.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    FoundUnits

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If no class is so called, it has fewer than four images, or nothing else is there.
    LayerNotFoundError
        If the run does not hold a layer.
    StaleActivationsError
        If these are not the images of the run.

    Notes
    -----
    A unit that finds a class among these images may answer to something that they share, such as a
    background. Average precision: `average_precision`. The largest of many units under permuted
    labels (Westfall and Young, "Resampling-based multiple testing", 1993) is what the best unit
    has to exceed.
    """
    labels = images.require_labels()
    activations.check_images(images)
    if count < 1 or n_permutations < 20:
        raise OptionError(
            f"{count} units, {n_permutations} permutations: test 1 unit or more, by 20 or more"
        )
    paths = [activations.layer(path).path for path in layers or _every_layer(activations)]
    classes = classes_of(images.class_names, concept)
    told = name or (concept if isinstance(concept, str) else ", ".join(concept))
    meant = np.isin(labels, [i for i, each in enumerate(images.class_names) if each in classes])
    good = activations.good_rows()
    rows = good[labels[good] != UNLABELLED]
    first, second = halves(
        activations, images.ids, rows, meant[rows].astype(np.intp), seed=seed, anew=True
    )
    _check_counts(told, meant[first], meant[second])

    random = np.random.default_rng(seed)
    size = int(meant[first].sum())
    draws = np.stack(
        [random.choice(len(first), size, replace=False) for _ in range(n_permutations)]
    )
    scores, largest = [], np.zeros(n_permutations)
    lost = {path: activations.lost(path) for path in paths}
    done, total = 0, sum(activations.layer(path).units for path in paths)
    for path in paths:
        for start, peaks in peak_blocks(activations, path, first):
            place = places(peaks)
            found = average_precision(place[meant[first]])
            sound = lost[path].not_finite[start:] == 0
            scores += [(float(v), path, start + i) for i, v in enumerate(found) if sound[i]]
            for k, drawn in enumerate(draws):
                largest[k] = max(largest[k], average_precision(place[drawn]).max())
            done += peaks.shape[1]
            progress(done, total)
    scores.sort(key=lambda each: (-each[0], paths.index(each[1]), each[2]))
    units = [
        tested(activations, images, Neuron(path, unit), value, largest, meant, second, i, seed)
        for i, (value, path, unit) in enumerate(scores[:count])
    ]
    return FoundUnits(
        provenance=activations.provenance(),
        concept=told,
        classes=tuple(classes),
        layers=tuple(paths),
        n_units=total,
        n_images=len(rows),
        n_concept=int(meant[rows].sum()),
        chance=float(meant[second].mean()),
        control=float(largest.mean()),
        control_largest=float(largest.max()),
        units=tuple(units),
        not_finite="".join(told_units_not_finite(lost[path], path) for path in paths),
    )


@dataclass(frozen=True)
class FoundUnits(Result):
    """The units that find a concept best, tested on images that did not choose them.

    Parameters
    ----------
    concept : str
    classes : tuple of str
        The classes that were taken for it.
    layers : tuple of str
    n_units, n_images, n_concept : int
        Units that were compared, labelled images, and those of the concept.
    chance : float in [0, 1]
        The concept's share in the half that tests: what a unit gives that knows nothing of it.
    control, control_largest : float in [0, 1]
        Average precision of the best of all units at finding random images, as many as the concept
        has: its mean and its largest over the draws.
    units : tuple of FoundUnit
        By their average precision on the half that chose them.
    not_finite : str
        Says which units gave NaN or infinity and were not compared; empty if none.
    """

    concept: str
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    n_units: int
    n_images: int
    n_concept: int
    chance: float
    control: float
    control_largest: float
    units: tuple[FoundUnit, ...]
    not_finite: str = ""

    def neurons(self) -> tuple[str, ...]:
        """Give the addresses of the units that pass, or of the first one if none does."""
        passing = tuple(each.neuron for each in self.units if each.passes)
        return passing or tuple(each.neuron for each in self.units[:1])

    @property
    def title(self) -> str:
        """The concept."""
        return f"Units for {self.concept}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Images of the concept, units compared and passing, chance and control."""
        return (
            ("images", f"{self.n_concept:,} of {self.n_images:,}"),
            ("units compared", f"{self.n_units:,}"),
            ("units that pass", f"{sum(each.passes for each in self.units):,}"),
            ("chance", f"{self.chance:.3f}"),
            ("random images", f"{self.control:.3f}"),
        )

    def verdict(self) -> str:
        """Name the unit that answers best; first, if so, that none does."""
        best = next((each for each in self.units if each.passes), self.units[0])
        number = (
            f"average precision {best.auprc:.2f} ({best.interval.low:.2f} to "
            f"{best.interval.high:.2f}, n = {best.n:,}) on images that did not choose it, where "
            f"chance gives {self.chance:.3f}"
        )
        control = (
            f"For as many random images instead, the best of {self.n_units:,} units gives "
            f"{self.control:.2f} on average and {self.control_largest:.2f} at most"
        )
        if best.passes:
            n = sum(each.passes for each in self.units)
            more = f" {n:,} units pass." if n > 1 else ""
            answers = f"{best.neuron} answers to {self._named()}: {number}.{more} {control}."
            return self.not_finite + answers
        if best.p_value > ALPHA:
            weak = f"finds it no better than random images (p = {best.p_value:.2g})"
        elif not best.holds:
            weak = (
                f"finds it no better than chance on images that did not choose it (AUC "
                f"{best.auc:.2f}, {best.auc_interval.low:.2f} to {best.auc_interval.high:.2f})"
            )
        elif best.auprc < PASSING_AUPRC:
            weak = f"finds it less well than {PASSING_AUPRC}, which says little of a unit"
        else:
            few = ", ".join(best.finds) or "none"
            weak = f"finds {len(best.finds)} of its {best.n_classes} classes only ({few})"
        return (
            f"{self.not_finite}No unit answers to {self._named()}. The first, {best.neuron}, "
            f"{weak}: {number}. {control}."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the strongest images of the first units, and all numbers."""
        return (*self._strip(), self._table())

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "neuron": each.neuron,
                "passes": each.passes,
                "auprc": each.auprc,
                "auprc_low": each.interval.low,
                "auprc_high": each.interval.high,
                "chance": self.chance,
                "auc": each.auc,
                "auc_low": each.auc_interval.low,
                "auc_high": each.auc_interval.high,
                "n": each.n,
                "n_others": each.n_others,
                "finds": each.finds,
                "n_classes": each.n_classes,
                "chosen_by": each.chosen_by,
                "p_value": each.p_value,
            }
            for each in self.units
        ]

    def _named(self) -> str:
        if len(self.classes) == 1 and self.classes[0] == self.concept:
            return repr(self.concept)
        few = ", ".join(self.classes[:4]) + (", ..." if len(self.classes) > 4 else "")
        return f"{self.concept!r} ({few})"

    def _strip(self) -> tuple[Strip, ...]:
        galleries = tuple(
            Gallery(f"{each.neuron} · {each.auprc:.2f}", tuple(e.tile() for e in each.top))
            for each in self.units
            if each.top
        )
        note = "The strongest images of each unit in the whole set, whatever their class."
        return (Strip("What excites the first units", galleries, note),) if galleries else ()

    def _table(self) -> Table:
        return Table(
            "Units that find it best",
            ("neuron", "passes", "AUPRC", "AUC", "classes", "chosen by", "p"),
            tuple(
                (
                    each.neuron,
                    "yes" if each.passes else "no",
                    each.interval.beside(each.auprc),
                    each.auc_interval.beside(each.auc, ".3f"),
                    f"{len(each.finds)} of {each.n_classes}",
                    f"{each.chosen_by:.2f}",
                    f"{each.p_value:.2g}",
                )
                for each in self.units
            ),
            f"AUPRC and AUC on {self.units[0].n:,} images of the concept and "
            f"{self.units[0].n_others:,} others, none of which chose the units; chance "
            f"{self.chance:.3f} and 0.5. Chosen by: AUPRC on the other half. p: among the best of "
            f"{self.n_units:,} units at finding random images. Classes: those found with an "
            f"AUPRC of {PASSING_AUPRC} or more, one by one. A unit passes with p at most {ALPHA}, "
            f"that AUPRC, an AUC whose interval lies above {CHANCE_AUC}, and half of the classes.",
        )


def _every_layer(activations: Activations) -> list[str]:
    return [layer.path for layer in activations.layers]


def _check_counts(name: str, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> None:
    """Refuse a concept that one half lacks, or that is all there is."""
    fewest = min(int(first.sum()), int(second.sum()))
    if fewest < _FEWEST:
        total = int(first.sum() + second.sum())
        raise OptionError(
            f"{name!r} has {total:,} images, {fewest:,} in one half of the set: one half chooses "
            f"units and the other tests them, and each needs {_FEWEST} or more; take several "
            f"classes together, or scan more images"
        )
    if min(int((~first).sum()), int((~second).sum())) < _FEWEST:
        raise OptionError(f"nearly every image is of {name!r}: there is nothing to tell it from")
