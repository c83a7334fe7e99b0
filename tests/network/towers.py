"""Image towers of every kind, tiny: what is true of them must be true of the large ones."""

from __future__ import annotations

from functools import cache

import open_clip
import torch
from timm.models.convnext import ConvNeXt
from timm.models.fastvit import FastVit
from timm.models.swin_transformer import SwinTransformer
from torch import nn

from neurons import Clip
from neurons.data.preprocess import Preprocess
from neurons.network.building import preprocess_of
from tests.conftest import VIT

COCA = {
    "embed_dim": 16,
    # as many queries as there are patches: a 6 x 6 map, if one believes their number
    "vision_cfg": {**VIT["vision_cfg"], "attentional_pool": True, "attn_pooler_heads": 2,
                   "attn_pooler_queries": 36, "output_tokens": True},
    "text_cfg": {**VIT["text_cfg"], "output_tokens": True, "embed_cls": True},
    "multimodal_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}  # fmt: skip


class Tower(nn.Module):
    """A tower as open_clip holds it: ``visual.trunk``, from images to embeddings."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.visual = nn.Sequential()
        self.visual.trunk = trunk

    def encode_image(self, x: torch.Tensor) -> torch.Tensor:
        return self.visual(x)


def swin() -> nn.Module:
    """Two stages of 4 x 4 and 2 x 2 windows."""
    return SwinTransformer(
        img_size=64, patch_size=4, window_size=4, embed_dim=8, depths=(2, 2), num_heads=(2, 2),
        num_classes=8,
    )  # fmt: skip


def convnext() -> nn.Module:
    """Four stages whose blocks keep channels last inside."""
    return ConvNeXt(depths=(2, 2, 3, 2), dims=(8, 12, 24, 48), num_classes=8)


def fastvit() -> nn.Module:
    """Convolutions, then a stage of attention, as MobileCLIP has it."""
    return FastVit(
        layers=(1, 1, 2, 2), embed_dims=(16, 16, 32, 32), mlp_ratios=(1, 1, 1, 1), num_classes=8,
        token_mixers=("repmixer", "repmixer", "repmixer", "attention"), cls_ratio=1.0,
    )  # fmt: skip


@cache
def clip_of(make: object, size: tuple[int, int]) -> Clip:
    """Give a CLIP around a tower with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if make is open_clip.CoCa:
            network: nn.Module = open_clip.CoCa(**COCA)
        else:
            assert callable(make)
            network = Tower(make())
        for name, parameter in network.named_parameters():
            if "gamma" in name:
                # layer scale starts at 1e-6: branches would be silent
                nn.init.constant_(parameter, 0.5)
    return clip_around(network.eval().requires_grad_(False), size)


def clip_around(network: nn.Module, size: tuple[int, int]) -> Clip:
    """Give a CLIP with a network of random weights."""
    return Clip("tiny", network, _preprocess(size), torch.device("cpu"), "")


def _preprocess(size: tuple[int, int]) -> Preprocess:
    shell = nn.Module()
    shell.visual = nn.Module()
    shell.visual.preprocess_cfg = {"size": size, "resize_mode": "squash"}
    return preprocess_of(shell)
