"""Which readouts can be held fast, and what is the one of a model?"""

from __future__ import annotations

from neurons.network.attention_pool import POOLED
from neurons.network.clip import Clip
from neurons.readouts.frozen import FrozenReadout
from neurons.readouts.resnet_readout import resnet_readout
from neurons.readouts.vit_readout import vit_readout


def frozen_readout(clip: Clip, layer: str | None = None) -> FrozenReadout:
    """Take the readout of a model for the units of one layer.

    Parameters
    ----------
    clip : Clip
    layer : str, optional
        Default: the last layer that the readout takes.

    Raises
    ------
    OptionError
        If the model's image tower ends in a way that is not taken apart here.
    LayerNotFoundError
        If the readout does not take this layer's units.
    """
    visual = clip.network.visual
    if hasattr(visual, "attnpool"):
        return resnet_readout(clip, layer or POOLED)
    return vit_readout(clip, layer)
