"""What does a unit answer when texts are written on plain grounds?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.attacks.among_images import among_images
from neurons.attacks.strings_alone import peaks_alone
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, on_plain_ground
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.stats import Share


def written_texts(
    clip: Clip, unit: Neuron, texts: Sequence[str], run: Activations | None
) -> Mapping[str, tuple[float, Share | None]]:
    """Measure a unit where each text stands alone.

    Parameters
    ----------
    clip : Clip
    unit : Neuron
    texts : sequence of str
    run : Activations or None
        Of this model: how many of its images reach as much.

    Returns
    -------
    mapping of str to (float, Share or None)
        Mean peaks of the texts that can be written, and the images whose peak is as large.
    """
    size = clip.preprocess.size
    plainly = on_plain_ground(chosen_writing(None, size).lettering)
    words, _ = writable(list(dict.fromkeys(texts)), plainly, size)
    if not words:
        return {}
    with open_editable(clip, [unit.layer]) as network:
        peaks = peaks_alone(network, words, plainly, [unit], lambda done, total: None)
    images = None if run is None else run.known_peaks(unit)
    return {
        text: (float(peak), None if images is None else among_images(float(peak), images).reached)
        for text, peak in zip(words, peaks[:, 0], strict=True)
    }
