"""Which units carry a written word to the answer? Those without which it would not be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import Neuron
from neurons.attacks.conditions import place_seeds
from neurons.interventions.editable import EditableNetwork
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import write_on
from neurons.readouts.readout import Readout, log_shares

# units that are screened, and images that they are screened on
MOST, _SCREENED_ON = 512, 4
_CHUNK = 256


@dataclass(frozen=True)
class Mediator:
    """A unit that a word excites, and what silencing it takes from the answer.

    Parameters
    ----------
    neuron : str
    before, after : float
        Mean peak without and with the word.
    drop : float
        How much less likely the class becomes when the unit is set to zero: the difference of
        the mean logarithm of its share. Zero means that the answer does not need this unit.
    """

    neuron: str
    before: float
    after: float
    drop: float


def mediators(
    eye: EditableNetwork,
    pixels: Tensor,
    text: str,
    lettering: Lettering,
    *,
    readout: Readout,
    wanted: int,
    layer: str,
    n_candidates: int = 32,
    seed: int = 0,
) -> tuple[Mediator, ...]:
    """Silence units one by one where a word is written, and rank them by what is lost.

    Every unit that the word excites (at most `MOST`, those whose peak rises most) is silenced on
    the first few images; the candidates that are needed most there, on all of them.

    Parameters
    ----------
    eye : EditableNetwork
        Opened for the layer.
    pixels : Tensor of uint8, (images, 3, H, W)
        To write on.
    text : str
    lettering : Lettering
    readout : Readout
    wanted : int
        The class, as the readout counts.
    layer : str
    n_candidates : int >= 1
    seed : int
        Of the places.

    Returns
    -------
    tuple of Mediator
        The most needed first.
    """
    seeds = place_seeds(len(pixels), seed)
    parts = []
    for at in range(0, len(pixels), _CHUNK):
        part = pixels[at : at + _CHUNK].to(eye.clip.device)
        made = write_on(part, [text] * len(part), lettering, seeds=seeds[at : at + _CHUNK])
        parts.append(made.pixels.cpu())
    written = torch.cat(parts)
    before = eye.respond(pixels).peaks[layer].mean(0)
    seen = eye.respond(written)
    after, whole = seen.peaks[layer].mean(0), log_shares(seen.scores(readout))[:, wanted]

    def drops(units: Sequence[int], n: int) -> NDArray[np.float64]:
        neurons = [Neuron(layer, unit) for unit in units]
        found = eye.respond_without_each(written[:n], neurons).scores(readout)
        left = log_shares(found)[:, wanted].reshape(len(units), n)
        lost: NDArray[np.float64] = (whole[:n] - left).mean(1)
        return lost

    rise = after - before
    rising = [int(unit) for unit in np.argsort(-rise, kind="stable")[:MOST] if rise[unit] > 0]
    if not rising:
        return ()
    first = drops(rising, min(_SCREENED_ON, len(written)))
    units = [rising[i] for i in np.argsort(-first, kind="stable")[:n_candidates]]
    lost = drops(units, len(written))
    return tuple(
        Mediator(f"{layer}:{u}", float(before[u]), float(after[u]), float(loss))
        for loss, u in sorted(zip(lost, units, strict=True), key=lambda pair: -pair[0])
    )
