"""Where does a unit of an early layer point, among other units of its layer?"""

from __future__ import annotations

import numpy as np

from neurons.activations.gradient_directions import Progress, gradient_directions
from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.network.clip import Clip
from neurons.readouts.unit_directions import UnitDirections

# other units that random directions are mixed of: each costs about three passes over 16 images
N_OTHERS = 31


def unit_slope_directions(
    run: Activations,
    images: ImageSet,
    clip: Clip,
    neuron: Neuron | str,
    *,
    n_others: int = N_OTHERS,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> UnitDirections:
    """Take the network's slopes by a unit, and by others of its layer to compare it with.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        That were scanned.
    clip : Clip
        The run's model.
    neuron : Neuron or str
        Of any layer of the run.
    n_others : int >= 1
        Units of the layer that are drawn at random; all others point nowhere.
    seed : int
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    UnitDirections
        ``held_out_r`` is the cosine between two halves of the unit's top images.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError, StaleActivationsError, OptionError
        As `gradient_directions`.
    """
    unit = Neuron.of(neuron)
    run.check(unit)
    total = run.layer(unit.layer).units
    rest = np.delete(np.arange(total), unit.unit)
    random = np.random.default_rng((seed, 31))
    others = random.permutation(rest)[:n_others]
    asked = [unit.unit, *sorted(others.tolist())]
    found = gradient_directions(run, images, clip, unit.layer, asked, seed=seed, progress=progress)
    vectors = np.zeros((total, found.vectors.shape[1]), np.float32)
    vectors[asked] = found.vectors
    return UnitDirections(
        unit.layer,
        vectors,
        found.level,
        found.leaves_out,
        float(found.halves[0]),
        found.holds(unit.unit),
    )
