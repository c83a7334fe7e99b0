"""What do a ViT's readout and its later attention make of a layer's units?

A unit writes into the stream of tokens. It reaches the embedding directly, through the last
LayerNorm, and by way of what later heads read of it at any token and write into those that the
embedding is made of: its second-order effect, through one attention and nothing else.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.pooling import copy
from neurons.network.vit_tower import BLOCKS, held_attention, vit_tower
from neurons.readouts.vit_levels import VitFitting
from neurons.readouts.vit_pass import VitPass
from neurons.readouts.vit_units import VitUnits, vit_units


@dataclass(frozen=True, eq=False)
class VitReadout:
    """The readout of a ViT for one layer; see `neurons.readouts.frozen.FrozenReadout`.

    Parameters
    ----------
    clip : Clip
    units : VitUnits
    """

    clip: Clip
    units: VitUnits

    @property
    def layer(self) -> str:
        """Whose units it reads."""
        return self.units.path

    @torch.inference_mode()
    def read(self, pixels: Tensor) -> VitPass:
        """Run images, and hold patterns and scales fast at each one's own."""
        tower, network = self.units.tower, self.clip.network
        later = range(self.units.first_later, len(tower.blocks))
        last = f"{BLOCKS}.{len(tower.blocks) - 1}"
        with ExitStack() as stack:
            held = [
                stack.enter_context(
                    watch(network, [path], reduce=partial(held_attention, tower, block))
                )
                for block in later
                for path in (tower.stream_path(block),)
            ]
            seen = stack.enter_context(watch(network, {self.layer, last}, reduce=copy))
            # a pool of one query leaves an axis of it
            embedding = self.clip.embed_images(pixels).flatten(1)
        return VitPass(
            self.units,
            tower.held_readout(seen[last]),
            tuple(each[tower.stream_path(block)] for block, each in zip(later, held, strict=True)),
            seen[self.layer][:, self.units.counted],
            seen[last][:, tower.read_tokens],
            embedding,
        )

    def fitting(self) -> VitFitting:
        """Begin to take means over images."""
        return VitFitting(self.units)


def vit_readout(clip: Clip, layer: str | None = None) -> VitReadout:
    """Take the readout of a model whose image tower is a ViT of open_clip.

    Parameters
    ----------
    clip : Clip
    layer : str, optional
        As `vit_units` takes it. Default: the stream after the last block.

    Raises
    ------
    OptionError
        If the image tower is another network, or a ViT that is built otherwise.
    LayerNotFoundError
        If there is no such layer, or its units write nothing into the stream as they are.

    References
    ----------
    Gandelsman, Efros, Steinhardt, "Interpreting the second-order effects of neurons in CLIP", ICLR
    2025. There, a neuron's direction is the first principal component over images; here it is the
    mean, and patterns and scales are the image's own or their means.
    """
    return VitReadout(clip, vit_units(vit_tower(clip), layer))
