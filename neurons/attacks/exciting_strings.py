"""Which strings excite a unit most, what do they mean, and do they excite it on images too?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.among_images import AmongImages, among_images
from neurons.attacks.plain_grounds import alone, plain_grounds
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.interventions.editable import EditableNetwork, Responses
from neurons.lettering.default import on_plain_ground
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import blank_on
from neurons.readouts.readout import Readout, log_shares
from neurons.results.blocks import Bars, Table


@dataclass(frozen=True)
class ExcitingString:
    """A string, how it excites the neuron on plain grounds, and the class it means there.

    Parameters
    ----------
    text : str
    activation : float
        Mean peak over plain grounds.
    class_name : str
    among : AmongImages
        How many images excite it as much.
    """

    text: str
    activation: float
    class_name: str
    among: AmongImages


@dataclass(frozen=True)
class MeanPeaks:
    """The neuron's mean peak on images: clean, with a blank patch, and with the string.

    ``alone`` is its mean peak where the string stands on a plain ground: a picture that reads as
    the word reaches it. ``ground`` is that of the bare grounds.
    """

    clean: float
    blank: float
    attacked: float
    alone: float
    ground: float


def exciting_strings(
    network: EditableNetwork,
    words: Sequence[str],
    unit: Neuron,
    readout: Readout,
    lettering: Lettering,
    peaks_on_images: NDArray[np.float32],
) -> list[ExcitingString]:
    """Rank strings by how they excite a unit on plain grounds.

    What is written at random or at the least salient places stands in the middle here; see
    `on_plain_ground`.

    Parameters
    ----------
    network : EditableNetwork
        Opened for the unit's layer.
    words : sequence of str
        That can be written so.
    unit : Neuron
    readout : Readout
        It says what each string means: the class with the largest mean logarithm of its share.
    lettering : Lettering
    peaks_on_images : ndarray of float, (images,)
        The unit's, of images that were not chosen for it.

    Returns
    -------
    list of ExcitingString
        The strongest first.
    """
    found = alone(network, words, on_plain_ground(lettering))
    peaks = found.peaks[unit.layer][:, unit.unit].reshape(len(words), -1).mean(1)
    scores = log_shares(found.scores(readout))
    meant = scores.reshape(len(words), -1, scores.shape[1]).mean(1).argmax(1)
    return [
        ExcitingString(
            words[i],
            float(peaks[i]),
            readout.class_names[meant[i]],
            among_images(float(peaks[i]), peaks_on_images),
        )
        for i in np.argsort(-peaks, kind="stable")
    ]


def exciting_strings_table(neuron: str, strings: Sequence[ExcitingString], written: str) -> Table:
    """List them with their peaks and meanings; ``written`` says how, as `written_alone` does."""
    n = strings[0].among.reached.n if strings else 0
    highest = strings[0].among.highest if strings else float("nan")
    return Table(
        f"Strings with the largest peaks of {neuron} ({written})",
        ("text", "peak", "images that reach it", "means to the readout"),
        tuple((s.text, f"{s.activation:.3g}", str(s.among.reached), s.class_name) for s in strings),
        f"Mean peak over the grounds, of the string alone. The largest peak of {n:,} images is "
        f"{highest:.3g}. A string that many images reach does not excite the unit as they do.",
    )


def mean_peaks(
    attack: RepeatableAttack, text: str, unit: Neuron, clean: Responses, attacked: Responses
) -> MeanPeaks:
    """Measure a unit on images without and with a string, and on the string alone.

    Parameters
    ----------
    attack : RepeatableAttack
    text : str
    unit : Neuron
    clean, attacked : Responses
        To the attack's images, without and with the string.
    """

    def peak(responses: Responses) -> float:
        return float(responses.peaks[unit.layer][:, unit.unit].mean())

    return MeanPeaks(
        peak(clean),
        peak(attack.responses(text, write=blank_on).responses),
        peak(attacked),
        peak(alone(attack.network, [text], on_plain_ground(attack.lettering))),
        peak(attack.network.respond(plain_grounds(attack.network.clip.preprocess.size))),
    )


def mean_peaks_bars(neuron: str, text: str, peaks: MeanPeaks) -> Bars:
    """Draw a unit's mean peaks."""
    return Bars(
        f"Mean peak of {neuron}",
        ("clean image", "blank patch", f"with “{text}”", "the string alone", "bare ground"),
        (peaks.clean, peaks.blank, peaks.attacked, peaks.alone, peaks.ground),
        "activation",
    )
