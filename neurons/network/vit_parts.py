"""What do the parts of a ViT write, and how much of it reaches the embedding?

Every block adds to the tokens what its heads and its MLP write. The readout takes this sum; with
its LayerNorm's scale held at the image's own it is linear, so that each part has its own share of
the embedding: its direct effect.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.pooling import copy
from neurons.network.token_map import Heads, TokenMap, heads_of, normed
from neurons.network.vit_tower import (
    BLOCKS,
    VitTower,
    held_attention,
    layer_scale,
    vit_tower,
)


@dataclass(frozen=True, eq=False)
class VitParts:
    """What each part of a ViT adds to the products of images' embeddings with texts.

    All of them together are the products. A share is a direct effect: that later blocks also read
    what a part wrote, and write something because of it, counts as theirs.

    Parameters
    ----------
    tokens : Tensor, (images, texts)
        What the blocks begin with: patches, class token and positions.
    heads : Tensor, (images, texts, blocks, heads)
    mlps : Tensor, (images, texts, blocks)
    rest : Tensor, (images, texts)
        Biases of attention's values and outputs, of the MLPs' outputs, and of the readout.
    embedding : Tensor, (images, embedding)
        The model's own, not normalised.
    """

    tokens: Tensor = field(repr=False)
    heads: Tensor = field(repr=False)
    mlps: Tensor = field(repr=False)
    rest: Tensor = field(repr=False)
    embedding: Tensor = field(repr=False)

    def total(self) -> Tensor:
        """Add all parts up, (images, texts)."""
        return self.tokens + self.heads.sum((2, 3)) + self.mlps.sum(2) + self.rest


@torch.inference_mode()
def vit_parts(clip: Clip, pixels: Tensor, texts: Tensor) -> VitParts:
    """Share out images' products with texts to the parts of a ViT.

    Parameters
    ----------
    clip : Clip
    pixels : Tensor of uint8, (images, 3, H, W)
        One batch.
    texts : Tensor, (texts, embedding)
        Directions.

    Raises
    ------
    OptionError
        If the image tower is another network, or a ViT that is built otherwise.

    References
    ----------
    Gandelsman, Efros, Steinhardt, "Interpreting CLIP's image representation via text-based
    decomposition", ICLR 2024. There, biases belong to the heads and MLPs; here to the rest.
    """
    seen = _run(vit_tower(clip), pixels)
    readout = seen.readout.of(texts.to(seen.embedding))
    linear = TokenMap(readout.weights, readout.maps, torch.zeros_like(readout.constant))
    heads, mlps, biases = [], [], torch.zeros_like(linear.maps[0, 0])
    for block, values, written in zip(seen.blocks, seen.values, seen.mlps, strict=True):
        attention, mlp = (layer_scale(each, biases) for each in (block.ls_1, block.ls_2))
        own, bias = heads_of(block.attn), block.mlp.c_proj.bias
        heads.append(_head_shares(linear.before_scale(attention), own, values))
        mlps.append(linear.applied(mlp * (written - bias)))
        biases = biases + attention * own.constant + mlp * bias
    return VitParts(
        linear.applied(seen.tokens),
        torch.stack(heads, 2),
        torch.stack(mlps, 2),
        readout.applied(biases.expand_as(seen.tokens)),
        seen.embedding,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a pass wrote into those tokens that the embedding is made of.

    Of each block the heads' values, (images, read tokens, heads, head), without biases, and what
    its MLP wrote, before any scale.
    """

    blocks: tuple[Any, ...]
    readout: TokenMap
    tokens: Tensor
    values: list[Tensor]
    mlps: list[Tensor]
    embedding: Tensor


def _run(tower: VitTower, pixels: Tensor) -> _Seen:
    n = len(tower.blocks)
    mlps = [f"{BLOCKS}.{block}.mlp.c_proj" for block in range(n)]
    streams = [tower.stream_path(block) for block in range(n + 1)]
    network = tower.clip.network

    def read(stream: Tensor) -> Tensor:
        return stream[:, tower.read_tokens].clone()

    with ExitStack() as stack:
        # streams are not kept: of each only what the heads see of it
        values = [
            stack.enter_context(watch(network, [path], reduce=partial(_values, tower, block)))
            for block, path in enumerate(streams[:-1])
        ]
        seen = stack.enter_context(watch(network, [streams[0], *mlps], reduce=read))
        last = stack.enter_context(watch(network, streams[-1:], reduce=copy))
        # a pool of one query leaves an axis of it
        embedding = tower.clip.embed_images(pixels).flatten(1)
    return _Seen(
        tower.blocks,
        tower.held_readout(last[streams[-1]]),
        seen[streams[0]],
        [each[path] for path, each in zip(streams[:-1], values, strict=True)],
        [seen[path] for path in mlps],
        embedding,
    )


def _values(tower: VitTower, block: int, stream: Tensor) -> Tensor:
    held = held_attention(tower, block, stream)
    return held.heads.values(held.patterns, normed(held.block.ln_1, stream))


def _head_shares(readout: TokenMap, heads: Heads, values: Tensor) -> Tensor:
    """Give each head's share, (images, texts, heads)."""
    asked = torch.einsum("ptw,whd->pthd", readout.maps, heads.output)
    mixed = torch.einsum("ipq,iqhd->iphd", readout.weights, values)
    return torch.einsum("pthd,iphd->ith", asked, mixed)
