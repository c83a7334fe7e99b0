"""Which linear forms has a ViT's readout of a layer's units, with means in place of its own?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from neurons.network.vit_tower import through_attention
from neurons.readouts.frozen import FrozenPass
from neurons.readouts.vit_pass import VitPass
from neurons.readouts.vit_units import VitUnits

DIRECT = "direct effect"
SECOND_ORDER = "second-order effect"
BOTH = "direct and second-order effect"

_CHANGES = "how attention patterns and LayerNorm scales change from image to image"
_FURTHER = "what later MLPs make of the units, ways through two or more later attentions"
_LEAVES_OUT = {
    BOTH: f"{_FURTHER}, and {_CHANGES}",
    SECOND_ORDER: f"what the units write into the embedding directly, {_FURTHER}, and {_CHANGES}",
    DIRECT: f"what later attentions and MLPs make of the units, and {_CHANGES}",
}
_SCALE = "how the scale of the last LayerNorm changes from image to image"
_OWN_MLP = "what the MLP of the same block makes of the units"
# units at a time, of which each is a row as wide as the stream for each head
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class MeanWays:
    """The ways from a layer's units to the embedding, with mean patterns and scales.

    Parameters
    ----------
    layer : VitUnits
    maps : Tensor, (paths, embedding, width)
        Of the readout.
    direct : Tensor, (paths, read tokens), or None
        Mean weights of the direct way; None if it is left out.
    later : tuple of nn.Module and Tensor, (paths x heads, tokens)
        Blocks, and the mean weights of the way through the attention of each.
    """

    layer: VitUnits
    maps: Tensor = field(repr=False)
    direct: Tensor | None = field(repr=False)
    later: tuple[tuple[Any, Tensor], ...] = field(repr=False)

    def embedded(self, values: Tensor) -> Tensor:
        """Give what activations, (images, tokens, units), add: (images, embedding)."""
        stream = self.layer.written(values)
        found = stream.new_zeros(len(stream), self.maps.shape[1])
        if self.direct is not None:
            mixed = self.direct @ stream[:, self.layer.read]
            found = found + torch.einsum("ipw,pow->io", mixed, self.maps)
        for block, weights in self.later:
            found = found + through_attention(block, weights @ stream, self.maps)
        return found

    def unit_vectors(self, where: Tensor) -> Tensor:
        """Give what one more in a unit's mean over the tokens adds, (units, embedding).

        Parameters
        ----------
        where : Tensor, (tokens, units)
            How much of it is at each token; sums to 1 for each unit.
        """
        parts = []
        for some in torch.split(torch.arange(where.shape[1], device=where.device), _CHUNK):
            written, there = self.layer.matrix[some][:, None], len(where) * where[:, some]
            found = written.new_zeros(len(some), self.maps.shape[1])
            if self.direct is not None:
                seen = (self.direct @ there[self.layer.read]).T[..., None]
                found = found + torch.einsum("upw,pow->uo", seen * written, self.maps)
            for block, weights in self.later:
                seen = (weights @ there).T[..., None]
                found = found + through_attention(block, seen * written, self.maps)
            parts.append(found)
        return torch.cat(parts)


@dataclass(frozen=True, eq=False)
class VitLevel:
    """A readout that is linear for all images; see `neurons.readouts.frozen.LinearLevel`.

    Parameters
    ----------
    name, leaves_out : str
    ways : MeanWays
    constant : Tensor, (embedding,)
        The mean of what does not come these ways.
    vectors : Tensor, (units, embedding)
    """

    name: str
    leaves_out: str
    ways: MeanWays
    constant: Tensor = field(repr=False)
    vectors: Tensor = field(repr=False)

    def embed(self, units: Tensor) -> Tensor:
        """Give embeddings, (images, embedding), of activations, (images, units, places)."""
        return self.ways.embedded(units.transpose(1, 2)) + self.constant


class VitFitting:
    """Means over images of patterns, scales, activations and embeddings."""

    def __init__(self, layer: VitUnits) -> None:
        self._layer, self._n = layer, 0
        self._sums: tuple[Tensor, ...] = ()
        self._maps: Tensor | None = None
        self._blocks: tuple[Any, ...] = ()

    @torch.inference_mode()
    def add(self, seen: FrozenPass) -> None:
        """Take a batch in."""
        assert isinstance(seen, VitPass)
        each = (
            seen.embedding,
            seen.values,
            seen.values.clamp(min=0),
            seen.readout.weights,
            *(attention.weights_of(seen.readout) for attention in seen.later),
        )
        sums = tuple(tensor.double().sum(0) for tensor in each)
        if self._maps is None:
            self._maps = seen.readout.maps
            self._blocks = tuple(attention.block for attention in seen.later)
            self._sums = sums
        else:
            self._sums = tuple(a + b for a, b in zip(self._sums, sums, strict=True))
        self._n += len(seen.embedding)

    @torch.inference_mode()
    def levels(self) -> tuple[VitLevel, ...]:
        """Give the direct effect, and where attention runs after the units the second-order one."""
        assert self._maps is not None
        embedding, values, positive, direct, *later = (
            (each / self._n).to(self._maps.dtype) for each in self._sums
        )
        total = positive.sum(0)
        # a unit that is never above 0 is taken to be anywhere
        where = torch.where(total > 0, positive / total, 1 / len(positive))
        ways = {DIRECT: MeanWays(self._layer, self._maps, direct, ())}
        if later:
            blocks = tuple(zip(self._blocks, later, strict=True))
            ways[SECOND_ORDER] = MeanWays(self._layer, self._maps, None, blocks)
        vectors = {name: each.unit_vectors(where) for name, each in ways.items()}
        if later:
            ways[BOTH] = MeanWays(self._layer, self._maps, direct, blocks)
            vectors[BOTH] = vectors[DIRECT] + vectors[SECOND_ORDER]
        return tuple(
            VitLevel(
                name,
                _LEAVES_OUT[name] if later else self._left_out_at_the_end(),
                ways[name],
                embedding - ways[name].embedded(values[None])[0],
                vectors[name],
            )
            for name in (BOTH, SECOND_ORDER, DIRECT)
            if name in ways
        )

    def _left_out_at_the_end(self) -> str:
        pool = self._layer.tower.visual.attn_pool
        changes = _SCALE if pool is None else _CHANGES
        return f"{_OWN_MLP}, and {changes}" if self._layer.before_mlp else changes
