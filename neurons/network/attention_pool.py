"""What does a ResNet's attention pool make of each unit at each place?

The pool takes one query, the mean of all places, and mixes the values of the mean and of the places
by as many patterns of attention as it has heads. With the patterns held fast it is linear::

    y = sum_h sum_j A_hj Wc_h Wv_h (x_j + p_j) + sum_h Wc_h bv_h + bc,    x_0 = mean of the places

Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, read it so, with
attention spread evenly; here attention may be each image's own, or a mean over images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from neurons.errors import OptionError
from neurons.network.clip import Clip

POOL = "visual.attnpool"
# whose units the pool reads
POOLED = "visual.layer4"
_PARTS = ("q_proj", "k_proj", "v_proj", "c_proj", "positional_embedding", "num_heads")


@dataclass(frozen=True, eq=False)
class AttentionPool:
    """An attention pool, part by part; made by `attention_pool`.

    Parameters
    ----------
    module : nn.Module
        open_clip's ``AttentionPool2d``.
    """

    module: Any

    @property
    def heads(self) -> int:
        """How many patterns of attention it has."""
        return int(self.module.num_heads)

    def attention(self, maps: Tensor) -> Tensor:
        """Give what each head looks at, (images, heads, 1 + places).

        Parameters
        ----------
        maps : Tensor, (images, units, height, width)
            What the pool takes: the output of `POOLED`.

        Returns
        -------
        Tensor
            Rows sum to 1; first the mean of all places, then the places row by row.
        """
        tokens = self._tokens(maps) + self.module.positional_embedding
        query = self._by_head(self.module.q_proj(tokens[:, :1]))
        key = self._by_head(self.module.k_proj(tokens))
        logits = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
        found: Tensor = logits.softmax(3)[:, :, 0]
        return found

    def places(self, attention: Tensor) -> Tensor:
        """Share out attention over places: the mean's part goes to all of them evenly.

        Parameters
        ----------
        attention : Tensor, (..., heads, 1 + places)

        Returns
        -------
        Tensor, (..., heads, places)
            What a place's activations are weighted with; rows sum to 1.
        """
        return attention[..., 1:] + attention[..., :1] / (attention.shape[-1] - 1)

    def even(self, places: int) -> Tensor:
        """Give attention that is spread evenly, (heads, places), as `places` gives it."""
        return torch.full((self.heads, places), 1 / places, device=self._weight.device)

    def mixed(self, maps: Tensor, places: Tensor) -> Tensor:
        """Give the part of the embedding that comes from activations, (images, embedding).

        Parameters
        ----------
        maps : Tensor, (images, units, height, width)
        places : Tensor, (heads, places) or (images, heads, places)
            As `places` gives it.
        """
        seen = maps.flatten(2).transpose(1, 2)
        return self._through(places.expand(len(maps), -1, -1) @ seen)

    def constant(self, attention: Tensor) -> Tensor:
        """Give the part of the embedding that comes from positions and biases, (..., embedding).

        Parameters
        ----------
        attention : Tensor, (..., heads, 1 + places)
        """
        values = self._through(attention @ self.module.positional_embedding)
        bias: Tensor = self.module.c_proj(self.module.v_proj.bias)
        return values + bias

    def asked(self, texts: Tensor) -> Tensor:
        """Give what each head asks of each unit for each text: (texts, heads, units).

        Parameters
        ----------
        texts : Tensor, (texts, embedding)
        """
        by_head = (texts @ self._weight).view(len(texts), self.heads, -1)
        return torch.einsum("thd,hdu->thu", by_head, self._values)

    def unit_vectors(self, weights: Tensor) -> Tensor:
        """Give where units move the embedding, (units, embedding).

        Parameters
        ----------
        weights : Tensor, (heads, units)
            How much each head sees of each unit.
        """
        seen = self._values * weights[:, None]
        return (self._weight @ seen.flatten(0, 1)).T

    @property
    def _weight(self) -> Tensor:
        weight: Tensor = self.module.c_proj.weight
        return weight

    @property
    def _values(self) -> Tensor:
        """Give what each head takes of units, (heads, head's width, units)."""
        weight: Tensor = self.module.v_proj.weight
        return weight.view(self.heads, -1, weight.shape[1])

    def _tokens(self, maps: Tensor) -> Tensor:
        places = maps.flatten(2).transpose(1, 2)
        return torch.cat([places.mean(1, keepdim=True), places], 1)

    def _by_head(self, projected: Tensor) -> Tensor:
        images, tokens = projected.shape[:2]
        return projected.view(images, tokens, self.heads, -1).transpose(1, 2)

    def _through(self, mixed: Tensor) -> Tensor:
        """Put what each head sees, (..., heads, units), through its values and the projection."""
        by_head = torch.einsum("...hu,hdu->...hd", mixed, self._values).flatten(-2)
        return functional.linear(by_head, self._weight)


def attention_pool(clip: Clip) -> AttentionPool:
    """Take the attention pool of a model whose image tower is a ModifiedResNet.

    Raises
    ------
    OptionError
        If its image tower ends otherwise.
    """
    visual: nn.Module = clip.network.visual  # type: ignore[assignment]
    module = getattr(visual, "attnpool", None)
    if not all(hasattr(module, part) for part in _PARTS):
        raise OptionError(
            f"{clip.name!r} ends in {type(visual).__name__}, which has no attention pool over maps"
        )
    return AttentionPool(module)
