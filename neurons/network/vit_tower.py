"""How does a ViT make its embedding of its last tokens, and which ViTs can be taken apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from open_clip import CoCa
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer
from torch import Tensor, nn

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.token_map import (
    Heads,
    TokenMap,
    centred_weighted,
    heads_of,
    norm_scale,
    normed,
)

EMBEDDED = "visual.ln_pre"
BLOCKS = "visual.transformer.resblocks"
_KNOWN = (
    "that works for ModifiedResNet, and for open_clip's VisionTransformer with its ordinary blocks "
    "(ViT and CoCa)"
)


@dataclass(frozen=True, eq=False)
class VitTower:
    """A ViT that can be taken apart; made by `vit_tower`.

    Parameters
    ----------
    clip : Clip
    visual : nn.Module
        open_clip's ``VisionTransformer``.
    """

    clip: Clip
    visual: Any

    @property
    def blocks(self) -> tuple[Any, ...]:
        """Its blocks, in the order in which they run."""
        return tuple(self.visual.transformer.resblocks)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        height, width = self.visual.grid_size
        return int(height), int(width)

    @property
    def read_tokens(self) -> slice:
        """Which of the last tokens the embedding is made of; the class token is the first."""
        return slice(None) if self.visual.attn_pool is not None else self._pooled

    @property
    def _pooled(self) -> slice:
        return slice(0, 1) if self.visual.pool_type == "tok" else slice(1, None)

    def stream_path(self, block: int) -> str:
        """Give the module whose output a block takes."""
        return EMBEDDED if block == 0 else f"{BLOCKS}.{block - 1}"

    def held_readout(self, last: Tensor) -> TokenMap:
        """Hold what makes the embedding of the last block's tokens.

        Parameters
        ----------
        last : Tensor, (images, tokens, width)
            All that the last block puts out.

        Returns
        -------
        TokenMap
            From the tokens of `read_tokens` to the embedding, with each image's own scales of
            LayerNorm, its own attention in an attentional pool, and, where the model gives
            embeddings of length 1 (CoCa), its own length.
        """
        found = self._held_pool(last)
        if isinstance(self.clip.network, CoCa):
            length = found.applied(last[:, self.read_tokens]).norm(dim=1)
            return found.times(1 / length.clamp(min=1e-12))
        return found

    def _held_pool(self, last: Tensor) -> TokenMap:
        visual = self.visual
        if visual.attn_pool is None:
            return self._after_norm(last[:, self.read_tokens], visual.final_ln_after_pool)
        if visual.attn_pool_contrastive is None:
            pool = _HeldPooler(visual.attn_pool, last)
            found = self._after_norm(pool.written[:, self._pooled], False)
            return pool.before(found, self._pooled)
        first = normed(visual.ln_post, last)
        tokens = _HeldPooler(visual.attn_pool, first)
        cascade = visual.attn_pool_type == "cascade"
        final = _HeldPooler(visual.attn_pool_contrastive, tokens.written if cascade else first)
        found = final.before(self._evenly(len(last), 1), slice(None))
        if cascade:
            found = tokens.before(found, slice(None))
        return found.before_norm(visual.ln_post, norm_scale(visual.ln_post, last))

    def _after_norm(self, tokens: Tensor, norm_after_pool: bool) -> TokenMap:
        seen = tokens.mean(1, keepdim=True) if norm_after_pool else tokens
        scale = norm_scale(self.visual.ln_post, seen)
        return self._evenly(len(tokens), tokens.shape[1]).before_norm(self.visual.ln_post, scale)

    def _evenly(self, images: int, tokens: int) -> TokenMap:
        """Give the projection of the mean of some tokens."""
        projection: Tensor = self.visual.proj.T[None]
        weights = projection.new_full((images, 1, tokens), 1 / tokens)
        return TokenMap(weights, projection, projection.new_zeros(images, projection.shape[1]))


@dataclass(frozen=True, eq=False)
class HeldAttention:
    """The attention of a block, with each image's own patterns and scales; by `held_attention`.

    Parameters
    ----------
    block : nn.Module
    heads : Heads
    patterns : Tensor, (images, heads, read tokens, tokens)
        Only of those tokens that the embedding is made of.
    scale : Tensor, (images, tokens)
        Of the LayerNorm before the attention.
    """

    block: Any
    heads: Heads
    patterns: Tensor
    scale: Tensor

    def before(self, readout: TokenMap) -> TokenMap:
        """Give the map from the tokens that this attention takes, through it and by a readout."""
        scaled = readout.before_scale(layer_scale(self.block.ls_1, readout.maps))
        return scaled.before_heads(self.heads, self.patterns).before_norm(
            self.block.ln_1, self.scale
        )

    def weights_of(self, readout: TokenMap) -> Tensor:
        """Give how far a readout sees each token through each head, (images, paths, tokens).

        Paths are those of the readout, each with every head.
        """
        seen = torch.einsum("ipq,ihqk->iphk", readout.weights, self.patterns).flatten(1, 2)
        return seen * self.scale[:, None]


def through_attention(block: Any, mixed: Tensor, maps: Tensor) -> Tensor:
    """Give what an attention's heads make of what they see, without biases: (rows, outputs).

    Parameters
    ----------
    block : nn.Module
    mixed : Tensor, (rows, paths, width)
        The stream, mixed by the weights of `HeldAttention.weights_of`.
    maps : Tensor, (readout's paths, outputs, width)
        Of the readout that takes what the heads write.
    """
    heads = heads_of(block.attn)
    by_path = mixed.reshape(len(mixed), len(maps), -1, mixed.shape[2])
    seen = centred_weighted(block.ln_1, by_path)
    by_head = torch.einsum("rphw,hdw->rphd", seen, heads.value)
    written = torch.einsum("rphd,whd->rpw", by_head, heads.output)
    return torch.einsum("rpw,pow->ro", written * layer_scale(block.ls_1, written), maps)


def held_attention(tower: VitTower, block: int, stream: Tensor) -> HeldAttention:
    """Hold the attention of a block that takes these tokens, (images, tokens, width)."""
    module = tower.blocks[block]
    heads, seen = heads_of(module.attn), normed(module.ln_1, stream)
    patterns = heads.patterns(seen[:, tower.read_tokens], seen)
    return HeldAttention(module, heads, patterns, norm_scale(module.ln_1, stream))


def layer_scale(module: nn.Module, like: Tensor) -> Tensor:
    """Give what a block's LayerScale multiplies with, (width,); ones where it has none."""
    gamma: Tensor | None = getattr(module, "gamma", None)
    return like.new_ones(like.shape[-1]) if gamma is None else gamma


def vit_tower(clip: Clip) -> VitTower:
    """Take the image tower of a model, if it is a ViT that can be taken apart.

    Raises
    ------
    OptionError
        If it is another network, or a ViT with other blocks or another pool; the message names
        those that work.
    """
    visual: Any = clip.network.visual
    why = _why_not(visual)
    if why:
        raise OptionError(f"{clip.name!r}: {why}, which is not taken apart here; {_KNOWN}")
    return VitTower(clip, visual)


def _why_not(visual: Any) -> str:
    if not isinstance(visual, VisionTransformer):
        trunk = getattr(visual, "trunk", None)
        inner = "" if trunk is None else f" around timm's {type(trunk).__name__}"
        return f"its image tower is a {type(visual).__name__}{inner}"
    # other blocks normalise queries and keys, or what attention writes
    others = {type(block).__name__ for block in visual.transformer.resblocks
              if type(block) is not ResidualAttentionBlock}  # fmt: skip
    if others:
        return f"its ViT has blocks of another kind ({', '.join(sorted(others))})"
    if visual.attn_pool is None and visual.pool_type not in ("tok", "avg"):
        return f"its ViT has the pool {visual.pool_type!r}, and gives no embedding"
    return ""


class _HeldPooler:
    """An attentional pool with each image's own patterns and scales."""

    def __init__(self, pooler: Any, tokens: Tensor) -> None:
        self._pooler, self._heads = pooler, heads_of(pooler.attn)
        seen = normed(pooler.ln_k, tokens)
        self._scale = norm_scale(pooler.ln_k, tokens)
        self._patterns = self._heads.patterns(normed(pooler.ln_q, pooler.query)[None], seen)
        self.written = self._heads.written(self._patterns, seen)

    def before(self, found: TokenMap, queries: slice) -> TokenMap:
        """Go before the pool with a map from some of what it puts out."""
        through = found.before_heads(self._heads, self._patterns[:, :, queries])
        return through.before_norm(self._pooler.ln_k, self._scale)
