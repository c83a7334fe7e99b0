"""What would a model answer if it stopped at a layer? Its own readout, put there: the plain lens.

A ViT's readout (the last LayerNorm and the projection) takes the tokens of any block, since all
blocks write into one stream. A ResNet's attention pool takes the last maps only; there the same
readout can be asked about one place at a time.

References
----------
The lens of a language model: nostalgebraist, "interpreting GPT: the logit lens", 2020. One place at
a time: Zhou, Loy, Dai, "Extract free dense labels from CLIP", ECCV 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from neurons.errors import OptionError
from neurons.network.attention_pool import POOLED, AttentionPool, attention_pool
from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.pooling import copy
from neurons.network.vit_tower import VitTower, vit_tower

ReadOutput = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Lens:
    """A model's own readout, for the layers whose output it can take.

    Parameters
    ----------
    clip : Clip
    by_layer : dict of str to callable
        From a layer's whole output to embeddings, (images, embedding), by the layer's path, in the
        order in which the layers run. The last one gives the model's own embeddings.
    pool : AttentionPool, optional
        Of a ResNet: it can be asked about one place of the last maps.
    why_not : str
        Why there is none; empty if there is one.
    """

    clip: Clip
    by_layer: dict[str, ReadOutput]
    pool: AttentionPool | None = None
    why_not: str = ""

    @torch.inference_mode()
    def embeddings(self, pixels: Tensor) -> dict[str, Tensor]:
        """Stop at each of the layers in turn.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
            One batch.

        Returns
        -------
        dict of str to Tensor, (images, embedding)
            By the layer's path; not normalised.
        """
        with watch(self.clip.network, self.by_layer, reduce=copy) as seen:
            self.clip.embed_images(pixels)
        return {path: read(seen[path]).flatten(1) for path, read in self.by_layer.items()}

    @torch.inference_mode()
    def at_places(self, pixels: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Let the pool look at one place of the last maps, and at nothing else.

        Parameters
        ----------
        pixels : Tensor of uint8, (3, H, W)

        Returns
        -------
        Tensor, (places, embedding); tuple of int
            Row by row from the top, and how many rows and columns there are.

        Raises
        ------
        OptionError
            If the model has no attention pool over maps.
        """
        if self.pool is None:
            raise OptionError(f"{self.clip.name!r} has no attention pool over maps to ask by place")
        with watch(self.clip.network, [POOLED], reduce=copy) as seen:
            self.clip.embed_images(pixels[None])
        maps = seen[POOLED]
        n = maps.shape[2] * maps.shape[3]
        # every head looks at this place only: the first column is the mean of all places
        alone = torch.eye(n, device=maps.device)[:, None].expand(n, self.pool.heads, n)
        attention = torch.cat([torch.zeros_like(alone[..., :1]), alone], 2)
        mixed = self.pool.mixed(maps.expand(n, -1, -1, -1), alone)
        return mixed + self.pool.constant(attention), (maps.shape[2], maps.shape[3])


def plain_lens(clip: Clip) -> Lens:
    """Take the readout of a model as a lens, as far as its layers can be read by it.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    Lens
        With no layer, and the reason, where the image tower's end is not taken apart here.
    """
    if hasattr(clip.network.visual, "attnpool"):
        try:
            pool = attention_pool(clip)
        except OptionError as error:
            return Lens(clip, {}, why_not=str(error))
        return Lens(clip, {POOLED: pool.module}, pool)
    try:
        tower = vit_tower(clip)
    except OptionError as error:
        return Lens(clip, {}, why_not=str(error))
    paths = [tower.stream_path(block + 1) for block in range(len(tower.blocks))]
    return Lens(clip, dict.fromkeys(paths, _read_stream(tower)))


def _read_stream(tower: VitTower) -> ReadOutput:
    def read(stream: Tensor) -> Tensor:
        return tower.held_readout(stream).applied(stream[:, tower.read_tokens])

    return read
