"""Which strings excite a unit most where they stand alone, and what do they mean there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.address import Neuron
from neurons.attacks.plain_grounds import alone
from neurons.interventions.editable import EditableNetwork
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import Readout, log_shares
from neurons.results.blocks import Table


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
