"""Which units do a list's words excite where they are written, in a run without such pictures?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurons.activations.run import Activations
from neurons.activations.writing_units import WritingUnits
from neurons.address import Neuron
from neurons.attacks.strings_alone import peaks_alone
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, on_plain_ground
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip

# a string excites a unit that it drives beyond the 99th percentile of images
_PERCENTILE = 99
# five times the share of images that do as much
_BAR = 0.05


def writing_strings(
    clip: Clip,
    run: Activations,
    layer: str,
    words: Sequence[str],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> WritingUnits:
    """Write words on plain grounds, and count those that excite each unit.

    Parameters
    ----------
    clip : Clip
        The run's model.
    run : Activations
        Of images that mostly show no writing.
    layer : str
    words : sequence of str
    progress : callable
        Takes how many of how many words are done.

    Returns
    -------
    WritingUnits

    Raises
    ------
    OptionError
        If none of the words can be written at the model's input size.
    LayerNotFoundError
        If the run does not hold the layer.
    StaleActivationsError
        If the run is of another model.
    """
    run.check_clip(clip)
    size = clip.preprocess.size
    plainly = on_plain_ground(chosen_writing(None, size).lettering)
    able, _ = writable(words, plainly, size)
    if not able:
        raise OptionError(f"none of {len(words)} words can be written on {size[0]} x {size[1]} px")
    stored = np.asarray(run.array(layer, "peak")[:], np.float32)[run.good_rows()]
    neurons = [Neuron(layer, unit) for unit in range(stored.shape[1])]
    with open_editable(clip, [layer]) as network:
        peaks = peaks_alone(network, able, plainly, neurons, progress)
    return WritingUnits(
        layer,
        (peaks > np.nanpercentile(stored, _PERCENTILE, axis=0)).sum(0),
        len(able),
        _BAR,
        f"of {len(able)} words of the list, each written on plain grounds, those that excite the "
        f"unit more than {_PERCENTILE} % of the run's images do; marked if they are more than "
        f"{_BAR:.0%}",
    )
