"""What do images become when units of one layer are set, many times over?

Where only an attention pool follows the layer, what comes before it runs once: setting units 100
times costs little more than looking at the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.interventions.editable import EditableNetwork, Edits, open_editable
from neurons.network.attention_pool import POOLED, AttentionPool, attention_pool
from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.pooling import copy

# images and edits at a time
_AT_ONCE = 64


class AfterLayer(Protocol):
    """Some images, and what they become when units of a layer are set.

    Attributes
    ----------
    layer : str
    means : ndarray of float32, (images, units)
        Mean activation over the map, as the whole network gives it.
    """

    @property
    def layer(self) -> str:
        """Whose units are set."""
        ...

    @property
    def means(self) -> NDArray[np.float32]:
        """Mean activations."""
        ...

    def embeddings(self, variants: Sequence[Edits]) -> NDArray[np.float32]:
        """Give the embeddings under each edit, not normalised: (variants, images, embedding)."""
        ...


@contextmanager
def after_layer(clip: Clip, layer: str, pixels: Tensor) -> Iterator[AfterLayer]:
    """Take images to a layer.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    layer : str
    pixels : Tensor of uint8, (images, 3, H, W)

    Raises
    ------
    LayerNotFoundError
        If the model has no such layer.
    """
    if layer == POOLED and hasattr(clip.network.visual, "attnpool"):
        pool = attention_pool(clip)
        with watch(clip.network, [layer], reduce=copy) as seen, torch.inference_mode():
            maps = []
            for part in torch.split(pixels, _AT_ONCE):
                clip.embed_images(part)
                maps.append(seen[layer])
        yield BeforePool(pool, torch.cat(maps))
        return
    with open_editable(clip, [layer]) as network:
        yield WholeNetwork(network, layer, pixels)


@dataclass(frozen=True, eq=False)
class BeforePool:
    """Images whose last maps are known, and the attention pool that follows them.

    Parameters
    ----------
    pool : AttentionPool
    maps : Tensor, (images, units, height, width)
    """

    pool: AttentionPool
    maps: Tensor = field(repr=False)
    layer: str = POOLED

    @property
    def means(self) -> NDArray[np.float32]:
        """Mean activations."""
        found: NDArray[np.float32] = self.maps.mean((2, 3)).float().cpu().numpy()
        return found

    @torch.inference_mode()
    def embeddings(self, variants: Sequence[Edits]) -> NDArray[np.float32]:
        """Give the embeddings under each edit."""
        at_once, parts = max(1, _AT_ONCE // len(self.maps)), []
        for start in range(0, len(variants), at_once):
            some = variants[start : start + at_once]
            maps = self.maps.expand(len(some), *self.maps.shape).clone()
            for i, edits in enumerate(some):
                units = torch.tensor([each.unit for each in edits], dtype=torch.long)
                values = torch.tensor(list(edits.values()), dtype=maps.dtype, device=maps.device)
                maps[i, :, units.to(maps.device)] = values[:, None, None]
            embedded: Tensor = self.pool.module(maps.flatten(0, 1))
            parts.append(embedded.reshape(len(some), len(self.maps), -1).float().cpu())
        found: NDArray[np.float32] = torch.cat(parts).numpy()
        return found


@dataclass(frozen=True, eq=False)
class WholeNetwork:
    """Images, and a network that runs whole under each edit.

    Parameters
    ----------
    network : EditableNetwork
        Opened for the layer.
    layer : str
    pixels : Tensor of uint8, (images, 3, H, W)
    """

    network: EditableNetwork
    layer: str
    pixels: Tensor = field(repr=False)

    @property
    def means(self) -> NDArray[np.float32]:
        """Mean activations."""
        return self.network.respond(self.pixels).means[self.layer]

    def embeddings(self, variants: Sequence[Edits]) -> NDArray[np.float32]:
        """Give the embeddings under each edit."""
        given = self.network.respond_to_each(self.pixels, variants).embeddings
        return given.reshape(len(variants), len(self.pixels), -1)
