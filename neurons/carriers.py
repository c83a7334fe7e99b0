"""Which units carry a written word to the answer? Those without which it would not be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from neurons.address import Neuron
from neurons.lettering import Lettering
from neurons.typography import look_at
from neurons.viewing import Eye
from neurons.zeroshot import Readout, log_shares

SILENT = 0.0


@dataclass(frozen=True)
class Carrier:
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


def carriers(
    eye: Eye,
    pixels: Tensor,
    text: str,
    lettering: Lettering,
    *,
    readout: Readout,
    wanted: int,
    layer: str,
    n_candidates: int = 32,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> tuple[Carrier, ...]:
    """Silence, one by one, the units that a word excites most, and rank them by what is lost.

    Parameters
    ----------
    eye : Eye
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
        Units to silence: those whose mean peak rises most.
    seed : int
        Of the places.
    progress : callable
        Called after each unit.

    Returns
    -------
    tuple of Carrier
        The most needed first.
    """
    clean = eye.see(pixels).peaks[layer].mean(0)
    look = look_at(eye, pixels, text, lettering, seed=seed)
    written = look.seen.peaks[layer].mean(0)
    rise = written - clean
    candidates = [int(unit) for unit in np.argsort(-rise, kind="stable")[:n_candidates]]
    whole = log_shares(look.seen.scores(readout))[:, wanted].mean()
    found = []
    for unit in candidates:
        neuron = Neuron(layer, unit)
        silenced = look_at(eye, pixels, text, lettering, seed=seed, edits={neuron: SILENT})
        left = log_shares(silenced.seen.scores(readout))[:, wanted].mean()
        found.append(
            Carrier(str(neuron), float(clean[unit]), float(written[unit]), float(whole - left))
        )
        progress()
    return tuple(sorted(found, key=lambda each: -each.drop))
