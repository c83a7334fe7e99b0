"""Which strings excite a unit most, what do they mean, and do they excite it on images too?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.address import Neuron
from neurons.attacks.plain_grounds import alone
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.interventions.editable import EditableNetwork, Responses
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
    """

    text: str
    activation: float
    class_name: str


@dataclass(frozen=True)
class MeanPeaks:
    """The neuron's mean peak on images: clean, with a blank patch, and with the string.

    ``alone`` is its mean peak where the string stands on a plain ground: a picture that reads as
    the word reaches it.
    """

    clean: float
    blank: float
    attacked: float
    alone: float


def exciting_strings(
    network: EditableNetwork,
    words: Sequence[str],
    unit: Neuron,
    readout: Readout,
    lettering: Lettering,
) -> list[ExcitingString]:
    """Rank strings by how they excite a unit on plain grounds.

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

    Returns
    -------
    list of ExcitingString
        The strongest first.
    """
    found = alone(network, words, lettering)
    peaks = found.peaks[unit.layer][:, unit.unit].reshape(len(words), -1).mean(1)
    scores = log_shares(found.scores(readout))
    meant = scores.reshape(len(words), -1, scores.shape[1]).mean(1).argmax(1)
    return [
        ExcitingString(words[i], float(peaks[i]), readout.class_names[meant[i]])
        for i in np.argsort(-peaks, kind="stable")
    ]


def exciting_strings_table(neuron: str, strings: Sequence[ExcitingString]) -> Table:
    """List them with their peaks and meanings."""
    return Table(
        f"Strings that excite {neuron} most",
        ("text", "peak", "means to the readout"),
        tuple((s.text, f"{s.activation:.3g}", s.class_name) for s in strings),
        "Mean peak where the string stands alone on plain grounds.",
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
        peak(alone(attack.network, [text], attack.lettering)),
    )


def mean_peaks_bars(neuron: str, text: str, peaks: MeanPeaks) -> Bars:
    """Draw a unit's mean peaks."""
    return Bars(
        f"Mean peak of {neuron}",
        ("clean image", "blank patch", f"with “{text}”", "the string alone"),
        (peaks.clean, peaks.blank, peaks.attacked, peaks.alone),
        "activation",
    )
