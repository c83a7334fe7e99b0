"""What does each unit of a ViT's layer add to the embedding of one image?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from neurons.network.token_map import TokenMap
from neurons.network.vit_tower import HeldAttention, through_attention
from neurons.readouts.vit_units import VitUnits


@dataclass(frozen=True, eq=False)
class VitPass:
    """A batch with each image's own patterns and scales; see `neurons.readouts.frozen.FrozenPass`.

    Parameters
    ----------
    layer : VitUnits
    readout : TokenMap
        From the last tokens that the embedding is made of.
    later : tuple of HeldAttention
        The attentions after the units.
    values : Tensor, (images, tokens, units)
        Activations in the tokens that count.
    last : Tensor, (images, read tokens, width)
        The last tokens, of which what the units write is a part.
    embedding : Tensor, (images, embedding)
    """

    layer: VitUnits
    readout: TokenMap
    later: tuple[HeldAttention, ...]
    values: Tensor = field(repr=False)
    last: Tensor = field(repr=False)
    embedding: Tensor = field(repr=False)

    @property
    def units(self) -> Tensor:
        """Activations, (images, units, places); where the class token counts, it comes first."""
        return self.values.transpose(1, 2)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of patches; 1 x 1 where only the class token counts."""
        return self.layer.size

    @property
    def evenness(self) -> Tensor | None:
        """How evenly the attentions after the units are spread, (images,); None without any."""
        if not self.later:
            return None
        entropy = [torch.special.entr(each.patterns).sum(3).mean((1, 2)) for each in self.later]
        return torch.stack(entropy).mean(0) / math.log(self.later[0].patterns.shape[3])

    def shares(self, texts: Tensor) -> Tensor:
        """Give what each unit adds at each place, (images, texts, units, places).

        Parameters
        ----------
        texts : Tensor, (texts, embedding)

        Returns
        -------
        Tensor
            The direct effect and the second-order effect together: see `direct_shares`.
        """
        asked = self.readout.of(texts)
        found = self._direct(asked)
        for attention in self.later:
            found += self._weights(attention.before(asked))
        return found * self.units[:, None]

    def direct_shares(self, texts: Tensor) -> Tensor:
        """Give what each unit adds directly, (images, texts, units, places)."""
        return self._direct(self.readout.of(texts)) * self.units[:, None]

    def rest(self, texts: Tensor) -> Tensor:
        """Give what comes neither way from these units, (images, texts)."""
        written = self.layer.written(self.values)
        found = self.readout.applied(self.last - written[:, self.layer.read])
        for attention in self.later:
            mixed = attention.weights_of(self.readout) @ written
            found = found - through_attention(attention.block, mixed, self.readout.maps)
        return found @ texts.T

    def _direct(self, asked: TokenMap) -> Tensor:
        there = self._weights(asked)
        found = there.new_zeros(*there.shape[:3], self.values.shape[1])
        found[..., self.layer.read] = there
        return found

    def _weights(self, asked: TokenMap) -> Tensor:
        """Give what one more in each unit adds to each text at each token that a map takes."""
        by_unit = asked.maps @ self.layer.matrix.T
        return torch.einsum("ptu,ipj->ituj", by_unit, asked.weights)
