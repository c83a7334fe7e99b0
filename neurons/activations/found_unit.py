"""How well does one unit find the images of a concept that did not choose it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import (
    average_precision,
    average_precision_interval,
    places,
)
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.stats import Interval, auc, p_of_draws

# as an exam for a unit's name: of random directions in a layer 1.4 % pass it, of units 39.5 %
PASSING_AUPRC = 0.3
ALPHA, CHANCE_AUC = 0.05, 0.5
_PICTURED, _TOP = 5, 6


@dataclass(frozen=True)
class FoundUnit:
    """A unit, and how well it finds the concept.

    Parameters
    ----------
    neuron : str
    chosen_by : float in [0, 1]
        Average precision on the half that chose it: too high, since it was chosen by it.
    p_value : float in (0, 1]
        Share of draws of random images, this concept counted in, that the best of all units finds
        as well: below 0.05 in 5 % of concepts that no unit knows, however many units there are.
    auprc : float in [0, 1]
        Average precision on the other half.
    interval : Interval
        95 %, by resampling the concept's images.
    auc : float in [0, 1]
        Area under the ROC curve on the other half; 0.5 is chance.
    auc_interval : Interval
        By DeLong's method.
    n, n_others : int
        Images of the concept and others in that half.
    finds : tuple of str
        Of a concept of several classes those that the unit finds, one by one, with an average
        precision of `PASSING_AUPRC` or more on the other half.
    n_classes : int
        Classes of the concept that have images there.
    top : tuple of Example
        The strongest images of the whole set; empty for units further down.
    """

    neuron: str
    chosen_by: float
    p_value: float
    auprc: float
    interval: Interval
    auc: float
    auc_interval: Interval
    n: int
    n_others: int
    finds: tuple[str, ...]
    n_classes: int
    top: tuple[Example, ...]

    @property
    def passes(self) -> bool:
        """Whether it finds the concept well, better than decoys do, and not one class for all."""
        several = self.n_classes == 1 or 2 * len(self.finds) >= self.n_classes
        return self.p_value <= ALPHA and self.auprc >= PASSING_AUPRC and self.holds and several

    @property
    def holds(self) -> bool:
        """Whether it finds the concept better than chance on the half that did not choose it."""
        return self.auc_interval.low > CHANCE_AUC


def tested(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron,
    chosen_by: float,
    largest: NDArray[np.float64],
    meant: NDArray[np.bool_],
    rows: NDArray[np.intp],
    rank: int,
    seed: int,
) -> FoundUnit:
    """Test one unit on the half that did not choose it, and show its strongest images."""
    unit = UnitActivations(activations, images, neuron)
    peaks, mine = unit.peaks[rows], meant[rows]
    place = places(peaks[:, None])[mine]
    held = images.require_labels()[rows]
    finds = [
        images.class_names[k]
        for k in np.unique(held[mine]).tolist()
        if _finds(peaks, held == k, ~mine) >= PASSING_AUPRC
    ]
    area, area_interval = auc(peaks[mine], peaks[~mine])
    return FoundUnit(
        neuron=str(neuron),
        chosen_by=chosen_by,
        p_value=p_of_draws(chosen_by, largest),
        auprc=float(average_precision(place)[0]),
        interval=average_precision_interval(place[:, 0], seed=seed),
        auc=area,
        auc_interval=area_interval,
        n=int(mine.sum()),
        n_others=int((~mine).sum()),
        finds=tuple(finds),
        n_classes=len(np.unique(held[mine])),
        top=unit.strongest(_TOP) if rank < _PICTURED else (),
    )


def _finds(peaks: NDArray[np.float32], mine: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """Give the average precision at finding one class, the concept's other classes left out."""
    place = places(np.concatenate([peaks[mine], peaks[others]])[:, None])
    return float(average_precision(place[: int(mine.sum())])[0])
