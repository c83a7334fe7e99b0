"""What does the attention pool of a ResNet make of the last layer's units?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from neurons.errors import LayerNotFoundError
from neurons.network.attention_pool import POOLED, AttentionPool, attention_pool
from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.pooling import copy
from neurons.readouts.frozen import FrozenPass

MEAN_ATTENTION = "mean attention"
WEIGHTS_ONLY = "weights only"


@dataclass(frozen=True, eq=False)
class ResNetPass:
    """A batch with each image's own attention; see `neurons.readouts.frozen.FrozenPass`.

    Parameters
    ----------
    pool : AttentionPool
    maps : Tensor, (images, units, height, width)
    attention : Tensor, (images, heads, 1 + places)
    embedding : Tensor, (images, embedding)
    """

    pool: AttentionPool
    maps: Tensor
    attention: Tensor
    embedding: Tensor

    @property
    def units(self) -> Tensor:
        """Activations, (images, units, places)."""
        return self.maps.flatten(2)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the maps."""
        return self.maps.shape[2], self.maps.shape[3]

    @property
    def evenness(self) -> Tensor:
        """How evenly attention is spread, (images,)."""
        entropy: Tensor = torch.special.entr(self.attention).sum(2)
        return entropy.mean(1) / math.log(self.attention.shape[2])

    def shares(self, texts: Tensor) -> Tensor:
        """Give what each unit adds at each place, (images, texts, units, places)."""
        weights = torch.einsum(
            "thu,ihp->itup", self.pool.asked(texts), self.pool.places(self.attention)
        )
        return weights * self.units[:, None]

    def rest(self, texts: Tensor) -> Tensor:
        """Give what comes from positions and biases, (images, texts)."""
        return self.pool.constant(self.attention) @ texts.T


@dataclass(frozen=True, eq=False)
class ResNetReadout:
    """The attention pool as a readout of `layer4`; see `neurons.readouts.frozen.FrozenReadout`.

    Parameters
    ----------
    clip : Clip
    pool : AttentionPool
    """

    clip: Clip
    pool: AttentionPool
    layer: str = POOLED

    @torch.inference_mode()
    def read(self, pixels: Tensor) -> ResNetPass:
        """Run images, and hold the attention fast at each one's own."""
        with watch(self.clip.network, [self.layer], reduce=copy) as seen:
            embedding = self.clip.embed_images(pixels)
        maps = seen[self.layer]
        return ResNetPass(self.pool, maps, self.pool.attention(maps), embedding)

    def fitting(self) -> PoolFitting:
        """Begin to take the means of attention and of maps."""
        return PoolFitting(self.pool)


def resnet_readout(clip: Clip, layer: str = POOLED) -> ResNetReadout:
    """Take the readout of a model whose image tower is a ModifiedResNet.

    Raises
    ------
    OptionError
        If its image tower ends otherwise.
    LayerNotFoundError
        If the layer is not the one that the pool reads.
    """
    pool = attention_pool(clip)
    if layer != POOLED:
        raise LayerNotFoundError(f"the attention pool reads {POOLED}, not {layer!r}")
    return ResNetReadout(clip, pool)


@dataclass(frozen=True, eq=False)
class PoolLevel:
    """The pool with the same attention for all images.

    Parameters
    ----------
    name, leaves_out : str
    pool : AttentionPool
    places : Tensor, (heads, places)
    constant : Tensor, (embedding,)
    vectors : Tensor, (units, embedding)
    """

    name: str
    leaves_out: str
    pool: AttentionPool
    places: Tensor
    constant: Tensor
    vectors: Tensor

    def embed(self, units: Tensor) -> Tensor:
        """Give embeddings, (images, embedding), of activations, (images, units, places)."""
        return self.pool.mixed(units[..., None], self.places) + self.constant


class PoolFitting:
    """Mean attention and mean maps over images."""

    def __init__(self, pool: AttentionPool) -> None:
        self._pool, self._n = pool, 0
        self._attention: Tensor | float = 0.0
        self._maps: Tensor | float = 0.0

    @torch.inference_mode()
    def add(self, seen: FrozenPass) -> None:
        """Take a batch in."""
        assert isinstance(seen, ResNetPass)
        self._attention = self._attention + seen.attention.double().sum(0)
        self._maps = self._maps + seen.units.double().sum(0)
        self._n += len(seen.units)

    @torch.inference_mode()
    def levels(self) -> tuple[PoolLevel, ...]:
        """Give mean attention, and the weights alone."""
        assert isinstance(self._attention, Tensor) and isinstance(self._maps, Tensor)
        maps, attention = self._maps / self._n, (self._attention / self._n).float()
        places = self._pool.places(attention)
        # how far each head sees a unit, where the unit usually is: 1 if it looks evenly
        shape = maps.clamp(min=0)
        total = shape.sum(1, keepdim=True)
        where = torch.where(total > 0, shape / total, 1 / maps.shape[1]).float()
        seen = maps.shape[1] * places @ where.T
        even = self._pool.even(maps.shape[1])
        return (
            PoolLevel(
                MEAN_ATTENTION,
                "how attention changes from image to image",
                self._pool,
                places,
                self._pool.constant(attention),
                self._pool.unit_vectors(seen),
            ),
            PoolLevel(
                WEIGHTS_ONLY,
                "where attention lies, and that heads differ in it",
                self._pool,
                even,
                self._pool.constant(torch.cat([0 * even[:, :1], even], 1)),
                self._pool.unit_vectors(torch.ones_like(seen)),
            ),
        )
