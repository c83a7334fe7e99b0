"""Does a unit move a text's score as a linear readout says? An easy check, and one that can fail.

Boosting a unit on the whole of a grey image asks for the sum of what all heads make of it, whatever
they look at, so that it agrees with the weights even where these are wrong for every real image.
Boosting it at one place of a real image asks what the readout makes of it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import Neuron
from neurons.data.prepared import Prepared
from neurons.network.clip import Clip
from neurons.network.hooks import edit
from neurons.network.layers import find_layers
from neurons.readouts.frozen import FrozenReadout, LinearLevel
from neurons.readouts.unit_directions import centred
from neurons.stats import Share

Matrix = NDArray[np.float32]
Boosted = Callable[[Tensor], Tensor]

_GREY = 128
_BATCH = 32


@dataclass(frozen=True)
class Boost:
    """What boosting each text's top unit does, beside what a linear readout says of it.

    Parameters
    ----------
    level : str
        The readout that names the units, and whose word is checked.
    everywhere : Share
        Texts whose score rises when their top unit is boosted on the whole of a grey image.
    one_place : Share
        Texts times real images in which it rises when the unit is boosted at one random place.
    r : float
        Correlation between the rise that the readout says and the rise that is measured, over
        these texts and images.
    """

    level: str
    everywhere: Share
    one_place: Share
    r: float


@torch.inference_mode()
def boosts(
    readout: FrozenReadout,
    form: LinearLevel,
    images: Prepared,
    texts: Matrix,
    *,
    n_texts: int = 32,
    n_images: int = 8,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Boost:
    """Boost the top unit of each of some texts, on a grey image and on real ones.

    Parameters
    ----------
    readout : FrozenReadout
    form : LinearLevel
        Its linear form.
    images : Prepared
        That fitted nothing.
    texts : ndarray of float32, (texts, embedding)
        Unit vectors.
    n_texts, n_images : int >= 1
        To take of each.
    seed : int
        Of the draw of texts, images and places.
    progress : callable
        Takes how many of how many texts are done.
    """
    random = np.random.default_rng(seed)
    asked = centred(texts)
    taken = np.sort(random.permutation(len(texts))[:n_texts])
    some = images.part(np.sort(random.permutation(len(images))[:n_images]))
    seen = readout.read(some.pixels)
    grey = torch.full_like(some.pixels[:1], _GREY)
    plain = _read(readout.clip, grey)
    # as much as the unit ever reaches in these images, or one where it is silent
    most = seen.units.amax((0, 2))
    amounts = torch.where(most > 0, most, 1.0)
    tops = (asked[taken] @ form.vectors.float().cpu().numpy().T).argmax(1)
    rises, said, everywhere = [], [], []
    for i, (text, unit) in enumerate(zip(taken.tolist(), tops.tolist(), strict=True)):
        wanted = torch.as_tensor(asked[text], device=seen.embedding.device)
        neuron, amount = Neuron(readout.layer, unit), float(amounts[unit])
        places = torch.as_tensor(random.integers(0, seen.units.shape[2], len(some)))
        with edit(readout.clip.network, {neuron: lambda part, a=amount: part + a}):
            everywhere.append(_rise(plain, _read(readout.clip, grey), wanted))
        boosted = _at(readout, places, seen.units.shape[2], amount)
        with edit(readout.clip.network, {neuron: boosted}):
            rises.append(_rise(seen.embedding, _read(readout.clip, some.pixels), wanted))
        more = seen.units.clone()
        more[torch.arange(len(some)), unit, places] += amount
        said.append(_rise(form.embed(seen.units), form.embed(more), wanted))
        progress(i + 1, len(taken))
    measured, told = torch.cat(rises), torch.cat(said)
    return Boost(
        form.name,
        Share(int((torch.cat(everywhere) > 0).sum()), len(taken)),
        Share(int((measured > 0).sum()), len(measured)),
        float(np.corrcoef(measured.numpy(), told.numpy())[0, 1]),
    )


def _read(clip: Clip, pixels: Tensor) -> Tensor:
    return torch.cat([clip.embed_images(part) for part in torch.split(pixels, _BATCH)])


def _rise(before: Tensor, after: Tensor, wanted: Tensor) -> Tensor:
    """Give by how much cosines with a text, minus the mean text, rise."""
    return (
        torch.nn.functional.normalize(after, dim=1) - torch.nn.functional.normalize(before, dim=1)
    ) @ wanted


def _at(readout: FrozenReadout, places: Tensor, counted: int, amount: float) -> Boosted:
    """Add to a unit at one place of each image, among as many as the readout counts."""
    layout = find_layers(readout.clip, [readout.layer])[0].layout
    # tokens before the patches count or they do not
    first = layout.prefix if counted == layout.height * layout.width else 0

    def boosted(part: Tensor) -> Tensor:
        flat = part.reshape(len(part), -1).clone()
        flat[torch.arange(len(part)), first + places.to(part.device)] += amount
        return flat.reshape(part.shape)

    return boosted
