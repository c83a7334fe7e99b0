"""Which other units is an intervention compared with? Those of the layer that are as active."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.errors import OptionError

# what a unit is set to when it is taken out; it is natural where a unit is silent mostly
SILENT = 0.0
# controls whose mean activity differs from the units' by more of it than this are no match
MOST_APART = 0.1


@dataclass(frozen=True)
class ControlActivity:
    """How active units are, beside their controls.

    Parameters
    ----------
    own : float
        Mean over the units, in the layer's unit.
    controls : tuple of float
        Of each draw, the mean over its units.
    """

    own: float
    controls: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the controls."""
        return float(np.mean(self.controls))

    @property
    def matched(self) -> bool:
        """Whether the controls' mean lies within a tenth of the units' own activity."""
        return abs(self.own - self.mean) <= MOST_APART * abs(self.own)

    def values(self) -> NDArray[np.float64]:
        """Give the units' own activity, then that of each draw: (1 + draws,)."""
        return np.array([self.own, *self.controls])

    def __str__(self) -> str:
        low, high = min(self.controls), max(self.controls)
        return f"{self.own:.3g}; controls {self.mean:.3g} ({low:.3g} to {high:.3g})"


def matched_draws(
    units: Sequence[Neuron],
    activity: NDArray[np.float32],
    n_draws: int,
    seed: int,
    *,
    never: Collection[int] = (),
) -> list[list[Neuron]]:
    """Draw control units without replacement: the others of the layer that are most as active.

    Silencing an active unit changes more than silencing a quiet one, whatever either means.
    Against such draws only what is particular to the units is left. How well they match is told by
    `activity_of`: a unit that is among the most active of its layer has no equals.

    Parameters
    ----------
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float, (units of the layer,)
        What is matched, such as mean peaks on the images that will be measured on.
    n_draws : int
        Each unit is replaced by one of so many (and one more per further unit) that are nearest to
        it in activity.
    seed : int
        Says which of them stand together in a draw.
    never : collection of int
        Units that are no control, such as those that a probe gives a weight too.

    Returns
    -------
    list of list of Neuron
        One list per draw, in it one control per unit, all different. No unit is replaced by the
        same control in two draws.

    Raises
    ------
    OptionError
        If the layer has too few other units.
    """
    taken = {neuron.unit for neuron in units}.union(int(unit) for unit in never)
    pool = np.array([unit for unit in range(len(activity)) if unit not in taken], np.intp)
    if len(pool) < n_draws + len(units):
        raise OptionError(
            f"{units[0].layer} has {len(pool)} other units: too few for {n_draws} draws of "
            f"{len(units)}; name another layer's neuron"
        )
    random = np.random.default_rng(seed)
    draws: list[list[Neuron]] = [[] for _ in range(n_draws)]
    for neuron in units:
        order = pool[np.argsort(np.abs(activity[pool] - activity[neuron.unit]), kind="stable")]
        # so many more that the last draw too has one which is not in it already
        near = random.permutation(order[: n_draws + len(units) - 1]).tolist()
        for draw in draws:
            chosen = next(unit for unit in near if Neuron(neuron.layer, unit) not in draw)
            near.remove(chosen)
            draw.append(Neuron(neuron.layer, chosen))
    return draws


def activity_of(
    units: Sequence[Neuron], draws: Sequence[Sequence[Neuron]], activity: NDArray[np.float32]
) -> ControlActivity:
    """Tell how active units are, and how active the controls that were drawn for them.

    Parameters
    ----------
    units : sequence of Neuron
    draws : sequence of sequence of Neuron
        As `matched_draws` gives them.
    activity : ndarray of float, (units of the layer,)
    """

    def mean(group: Sequence[Neuron]) -> float:
        return float(np.mean([activity[each.unit] for each in group]))

    return ControlActivity(mean(units), tuple(mean(draw) for draw in draws))
