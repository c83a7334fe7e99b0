"""What does a string do to units where it stands alone, beside a patch and its letters mixed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.plain_grounds import alone, plain_grounds
from neurons.attacks.repeatable_attack import place_seeds, respond_to_texts
from neurons.data.thumbnails import thumbnail
from neurons.interventions.editable import EditableNetwork, Responses
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import blank_on, shuffled, write_on

# strings written together; only the peaks of the asked units are kept
_CHUNK = 64

Values = NDArray[np.float64]


@dataclass(frozen=True)
class StringControl:
    """What a string is compared with, and how it looks.

    Parameters
    ----------
    blank : ndarray of float64, (neurons,)
        Mean peaks with a patch of the same area in its place.
    shuffled : ndarray of float64, (neurons,), or None
        With the same letters in another order; None where there is no other.
    picture : bytes
        The string on a plain ground, encoded.
    """

    blank: Values
    shuffled: Values | None
    picture: bytes


def controls_of(
    network: EditableNetwork,
    shown: Sequence[str],
    known: Mapping[str, Values],
    lettering: Lettering,
    neurons: Sequence[Neuron],
) -> dict[str, StringControl]:
    """Measure each string's letters in another order, and a blank patch in its place.

    Parameters
    ----------
    network : EditableNetwork
    shown : sequence of str
    known : mapping of str to ndarray of float64, (neurons,)
        Mean peaks of these strings.
    lettering : Lettering
        For a plain ground, as `on_plain_ground` gives it.
    neurons : sequence of Neuron
        Whose layers the network was opened for.

    Returns
    -------
    dict of str to StringControl
    """
    mixed = {text: shuffled(text, 0) for text in shown}
    others = [text for text in mixed.values() if text not in shown]
    peaks = dict(known)
    if others:
        found = mean_peaks_of(alone(network, others, lettering), neurons, len(others))
        peaks.update(zip(others, found, strict=True))
    blanks = _blanks(network, shown, lettering, neurons)
    size = network.clip.preprocess.size
    return {
        text: StringControl(
            blank,
            peaks[mixed[text]] if mixed[text] != text else None,
            _picture(text, lettering, size),
        )
        for text, blank in zip(shown, blanks, strict=True)
    }


def peaks_alone(
    network: EditableNetwork,
    words: Sequence[str],
    lettering: Lettering,
    neurons: Sequence[Neuron],
    progress: Callable[[int, int], None],
) -> Values:
    """Give mean peaks of strings that stand alone, (strings, neurons)."""
    parts = []
    for start in range(0, len(words), _CHUNK):
        chunk = words[start : start + _CHUNK]
        parts.append(mean_peaks_of(alone(network, chunk, lettering), neurons, len(chunk)))
        progress(start + len(chunk), len(words))
    return np.concatenate(parts)


def mean_peaks_of(responses: Responses, neurons: Sequence[Neuron], n: int) -> Values:
    """Give mean peaks over the grounds, (strings, neurons)."""
    columns = np.stack([responses.peaks[each.layer][:, each.unit] for each in neurons], axis=1)
    found: Values = columns.astype(np.float64).reshape(n, -1, len(neurons)).mean(1)
    return found


def _blanks(
    network: EditableNetwork, texts: Sequence[str], lettering: Lettering, neurons: Sequence[Neuron]
) -> Values:
    grounds = plain_grounds(network.clip.preprocess.size)
    seeds = place_seeds(len(grounds), 0)
    parts = []
    for start in range(0, len(texts), _CHUNK):
        part = texts[start : start + _CHUNK]
        written = respond_to_texts(
            network,
            grounds.repeat(len(part), 1, 1, 1),
            [text for text in part for _ in grounds],
            lettering,
            seeds=seeds * len(part),
            write=blank_on,
        )
        parts.append(mean_peaks_of(written.responses, neurons, len(part)))
    return np.concatenate(parts)


def _picture(text: str, lettering: Lettering, size: tuple[int, int]) -> bytes:
    # the lightest ground: what is written is easiest to see there
    ground = plain_grounds(size)[:1]
    written = write_on(ground, [text], lettering, seeds=place_seeds(1, 0)).pixels[0]
    return thumbnail(written.permute(1, 2, 0).numpy())
