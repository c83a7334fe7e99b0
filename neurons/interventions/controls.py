"""Which other units is an intervention compared with? Those of the layer that are as active."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.errors import OptionError

# what a unit is set to when it is taken out; it is natural where a unit is silent mostly
SILENT = 0.0


def matched_draws(
    units: Sequence[Neuron],
    activity: NDArray[np.float32],
    n_draws: int,
    seed: int,
    *,
    never: Collection[int] = (),
) -> list[list[Neuron]]:
    """Draw control units: others of the layer that are about as active.

    Silencing an active unit changes more than silencing a quiet one, whatever either means.
    Against such draws only what is particular to the units is left.

    Parameters
    ----------
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float, (units of the layer,)
        What is matched, such as mean peaks on the images that will be measured on.
    n_draws : int
        Each unit is replaced by one of the ``2 * n_draws`` nearest to it in activity.
    seed : int
    never : collection of int
        Units that are no control, such as those that a probe gives a weight too.

    Returns
    -------
    list of list of Neuron
        One list per draw, in it one control per unit, all different.

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
    random, draws = np.random.default_rng(seed), []
    near = [
        pool[np.argsort(np.abs(activity[pool] - activity[neuron.unit]), kind="stable")]
        for neuron in units
    ]
    for _ in range(n_draws):
        draw: list[int] = []
        for order in near:
            free = [int(unit) for unit in order[: 2 * n_draws + len(units)] if unit not in draw]
            draw.append(int(random.choice(free)))
        draws.append([Neuron(units[0].layer, unit) for unit in draw])
    return draws
