"""ViTs of every build that can be taken apart, tiny, with weights that all say something."""

from __future__ import annotations

import copy
from functools import cache

import open_clip
import torch
from torch import Tensor

from neurons import Clip
from tests.conftest import VIT
from tests.network.towers import COCA, clip_around

# by what is special in them
BUILDS: dict[str, tuple[dict, dict]] = {
    "class token": (VIT, {"layers": 3}),
    "mean of the patches": (VIT, {"pool_type": "avg"}),
    "norm after the mean": (VIT, {"pool_type": "avg", "final_ln_after_pool": True}),
    "layer scale, no first norm": (VIT, {"ls_init_value": 0.3, "no_ln_pre": True}),
    "CoCa": (COCA, {}),
    "attentional pool": (VIT, {"attentional_pool": True, "pool_type": "avg"}),
    # their norm has the width of the embedding, so that the stream must have it too
    "parallel pools": (VIT, {"attentional_pool": "parallel", "width": 16, "head_width": 8}),
    "cascaded pools": (VIT, {"attentional_pool": "cascade", "width": 16, "head_width": 8}),
}
_POOL = {"attn_pooler_heads": 2, "attn_pooler_queries": 5}


@cache
def vit_of(build: str) -> Clip:
    config, special = BUILDS[build]
    config = copy.deepcopy(config)
    vision = {**_POOL, **config["vision_cfg"], **special}
    kind = open_clip.CoCa if "multimodal_cfg" in config else open_clip.CLIP
    # whoever asks first may be in inference mode, and weights made there know no gradients
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(**{**config, "vision_cfg": vision})
        with torch.no_grad():
            for parameter in network.visual.parameters():
                # biases begin at 0, and gains at 1: what is left out of a sum would not be missed
                parameter += 0.2 * torch.randn_like(parameter)
    return clip_around(network.eval().requires_grad_(False), (96, 96))


def noise(images: int, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (images, 3, 96, 96), dtype=torch.uint8, generator=generator)


def some_texts(n: int = 4) -> Tensor:
    return torch.randn(n, 16, generator=torch.Generator().manual_seed(1))
