"""What does the network say of a text that stands alone, on nothing but a plain ground?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.repeatable_attack import place_seeds, respond_to_texts
from neurons.interventions.editable import EditableNetwork, Responses, joined
from neurons.lettering.default import on_plain_ground
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import Readout, log_shares

# texts written together
_CHUNK = 64


# how many there are, and what a heading says of them
N_GROUNDS, GROUNDS = 3, "on three plain grounds, light to dark grey"


def written_alone(lettering: Lettering) -> str:
    """Say in a few words how a text that stands alone is written, and on what: for headings."""
    return f"{on_plain_ground(lettering).told()}, {GROUNDS}"


def plain_grounds(size: tuple[int, int], n: int = N_GROUNDS) -> Tensor:
    """Give plain images to write on, from light to dark: uint8 (n, 3, H, W)."""
    greys = torch.linspace(220, 60, n).round().to(torch.uint8)
    return greys.view(-1, 1, 1, 1).expand(n, 3, *size).contiguous()


def alone(network: EditableNetwork, texts: Sequence[str], lettering: Lettering) -> Responses:
    """Give the responses to texts that stand alone on plain grounds, all at the same places.

    Returns
    -------
    Responses
        Of text 0 on every ground, then of text 1; so ``values.reshape(len(texts), -1)``.
    """
    grounds = plain_grounds(network.clip.preprocess.size)
    seeds, parts = place_seeds(len(grounds), 0), []
    # no more pixels at a time than a few batches
    for start in range(0, len(texts), _CHUNK):
        part = texts[start : start + _CHUNK]
        repeated = [text for text in part for _ in grounds]
        pixels = grounds.repeat(len(part), 1, 1, 1)
        found = respond_to_texts(network, pixels, repeated, lettering, seeds=seeds * len(part))
        parts.append(found.responses)
    return joined(parts)


def scores_alone(
    network: EditableNetwork,
    texts: Sequence[str],
    lettering: Lettering,
    readout: Readout,
    wanted: int,
    step: Callable[[int], None] = lambda n: None,
) -> NDArray[np.float64]:
    """Score texts by a class: what its direction or probe weighs, times what the text excites.

    What is written at random or at the least salient places stands in the middle here, so that
    every study gets the same activation of the same text; see `on_plain_ground`.

    Parameters
    ----------
    network : EditableNetwork
    texts : sequence of str
        That can be written so.
    lettering : Lettering
    readout : Readout
    wanted : int
        The class, as the readout counts.
    step : callable
        Takes how many more texts are scored.

    Returns
    -------
    ndarray of float64, (texts,)
        Mean logarithm of the class's share over the grounds; 0 at most.
    """
    scores, plainly = np.zeros(len(texts)), on_plain_ground(lettering)
    for start in range(0, len(texts), _CHUNK):
        part = texts[start : start + _CHUNK]
        shares = log_shares(alone(network, part, plainly).scores(readout))[:, wanted]
        scores[start : start + _CHUNK] = shares.reshape(len(part), -1).mean(1)
        step(len(part))
    return scores
