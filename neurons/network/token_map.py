"""How does an embedding depend on tokens, while attention patterns and LayerNorm scales are held?

Held fast, LayerNorm is a product with fixed numbers and attention a weighted sum, so that the
embedding is linear in the tokens of any depth. The map is built from the embedding backwards: each
method gives the map from the tokens *before* a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Heads:
    """The weights of an attention, head by head; made by `heads_of`.

    Parameters
    ----------
    query, key, value : Tensor, (heads, head, width)
        From what the attention takes.
    query_bias, key_bias : Tensor, (heads, head)
    output : Tensor, (output width, heads, head)
    constant : Tensor, (output width,)
        What the value's and the output's biases write, whatever the attention takes.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    query_bias: Tensor
    key_bias: Tensor
    output: Tensor
    constant: Tensor

    def patterns(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Give what each head looks at, (images, heads, queries, keys); rows sum to 1.

        Parameters
        ----------
        queries : Tensor, (images or 1, queries, width)
        keys : Tensor, (images, keys, width)
        """
        asked = torch.einsum("iqw,hdw->ihqd", queries, self.query) + self.query_bias[:, None]
        given = torch.einsum("ikw,hdw->ihkd", keys, self.key) + self.key_bias[:, None]
        patterns: Tensor = (asked @ given.transpose(2, 3) / self.query.shape[1] ** 0.5).softmax(3)
        return patterns

    def values(self, patterns: Tensor, tokens: Tensor) -> Tensor:
        """Give what each head takes of tokens, (images, queries, heads, head), without biases."""
        seen = torch.einsum("ihqk,ikw->ihqw", patterns, tokens)
        return torch.einsum("ihqw,hdw->iqhd", seen, self.value)

    def written(self, patterns: Tensor, tokens: Tensor) -> Tensor:
        """Give what the attention puts out, (images, queries, output width), with biases."""
        by_head = self.values(patterns, tokens)
        return torch.einsum("iqhd,whd->iqw", by_head, self.output) + self.constant


def heads_of(attention: nn.MultiheadAttention) -> Heads:
    """Take the weights of torch's attention, head by head."""
    module: Any = attention
    n = module.num_heads
    if module._qkv_same_embed_dim:
        weights = module.in_proj_weight.chunk(3)
    else:
        weights = (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)
    bias = module.in_proj_bias
    if bias is None:
        bias = weights[0].new_zeros(3 * len(weights[0]))
    query_bias, key_bias, value_bias = bias.chunk(3)
    query, key, value = (each.unflatten(0, (n, -1)) for each in weights)
    return Heads(
        query,
        key,
        value,
        query_bias.unflatten(0, (n, -1)),
        key_bias.unflatten(0, (n, -1)),
        module.out_proj.weight.unflatten(1, (n, -1)),
        functional.linear(value_bias, module.out_proj.weight, module.out_proj.bias),
    )


def normed(norm: nn.LayerNorm, tokens: Tensor) -> Tensor:
    """Give what a LayerNorm makes of tokens, past any hook on it."""
    shape = list(norm.normalized_shape)
    return functional.layer_norm(tokens, shape, norm.weight, norm.bias, norm.eps)


def norm_scale(norm: nn.LayerNorm, tokens: Tensor) -> Tensor:
    """Give what a LayerNorm multiplies each centred token with, (images, tokens)."""
    spread = tokens.double().var(2, unbiased=False) + norm.eps
    return spread.rsqrt().to(tokens.dtype)


def centred_weighted(norm: nn.LayerNorm, tokens: Tensor) -> Tensor:
    """Give a LayerNorm without its scale and its bias: what is linear in it."""
    found: Tensor = tokens - tokens.mean(-1, keepdim=True)
    return found if norm.weight is None else found * norm.weight


@dataclass(frozen=True, eq=False)
class TokenMap:
    """A map from tokens to outputs that is linear in each image: ``sum_pj w_pj M_p x_j + c``.

    Parameters
    ----------
    weights : Tensor, (images, paths, tokens)
        ``w``: what depends on the image, such as the pattern of a head.
    maps : Tensor, (paths, outputs, width)
        ``M``: what does not, such as the weights of a head.
    constant : Tensor, (images, outputs)
    """

    weights: Tensor
    maps: Tensor
    constant: Tensor

    def applied(self, tokens: Tensor) -> Tensor:
        """Give the outputs, (images, outputs), of tokens, (images, tokens, width)."""
        mixed = torch.einsum("ipj,ijw->ipw", self.weights, tokens)
        return torch.einsum("ipw,pow->io", mixed, self.maps) + self.constant

    def of(self, texts: Tensor) -> TokenMap:
        """Give the map to the products with texts, (texts, outputs), instead of the outputs."""
        return TokenMap(self.weights, texts @ self.maps, self.constant @ texts.T)

    def times(self, factor: Tensor) -> TokenMap:
        """Multiply each image's outputs, factor (images,)."""
        return TokenMap(self.weights * factor[:, None, None], self.maps,
                        self.constant * factor[:, None])  # fmt: skip

    def before_scale(self, gamma: Tensor) -> TokenMap:
        """Go before a product of each token with fixed numbers, (width,)."""
        return TokenMap(self.weights, self.maps * gamma, self.constant)

    def before_norm(self, norm: nn.LayerNorm, scale: Tensor) -> TokenMap:
        """Go before a LayerNorm whose scale, (images, tokens or 1), is held."""
        bias = 0 if norm.bias is None else self._everywhere(norm.bias)
        weighted = self.maps if norm.weight is None else self.maps * norm.weight
        maps = weighted - weighted.mean(2, keepdim=True)
        return TokenMap(self.weights * scale[:, None], maps, self.constant + bias)

    def before_heads(self, heads: Heads, patterns: Tensor) -> TokenMap:
        """Go before an attention whose patterns, (images, heads, tokens, keys), are held."""
        wanted = torch.einsum("pow,whd->phod", self.maps, heads.output)
        maps = torch.einsum("phod,hdv->phov", wanted, heads.value).flatten(0, 1)
        weights = torch.einsum("ipq,ihqk->iphk", self.weights, patterns).flatten(1, 2)
        return TokenMap(weights, maps, self.constant + self._everywhere(heads.constant))

    def _everywhere(self, token: Tensor) -> Tensor:
        """Give what the same token at each place adds, (images, outputs)."""
        return self.weights.sum(2) @ (self.maps @ token)
