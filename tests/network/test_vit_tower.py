"""A ViT's readout, held fast, gives its embedding; ViTs that are built otherwise are refused."""

from __future__ import annotations

import copy

import pytest
import torch
from open_clip.model import CLIPVisionCfg, _build_vision_tower
from torch import nn

from neurons.errors import OptionError
from neurons.network.hooks import watch
from neurons.network.pooling import copy as whole
from neurons.network.vit_tower import held_attention, vit_tower
from tests.conftest import VIT
from tests.network.towers import Tower, clip_around, clip_of, convnext, swin
from tests.network.vits import BUILDS, noise, vit_of


@pytest.mark.parametrize("build", BUILDS)
def test_the_readout_held_fast_is_the_embedding_and_linear(build: str) -> None:
    clip = vit_of(build)
    tower = vit_tower(clip)
    with watch(clip.network, ["visual.transformer"], reduce=whole) as seen:
        embedding = clip.embed_images(noise(3)).flatten(1)
    last = seen["visual.transformer"]
    with torch.inference_mode():
        held, read = tower.held_readout(last), last[:, tower.read_tokens]
        torch.testing.assert_close(held.applied(read), embedding, rtol=1e-5, atol=1e-5)
        # what is held does not follow the tokens: twice as much of them adds as much again
        more = held.applied(2 * read) - held.applied(read)
        torch.testing.assert_close(more, embedding - held.constant, rtol=1e-5, atol=1e-5)


def test_the_patterns_held_are_those_that_torch_gives() -> None:
    clip = vit_of("class token")
    with watch(clip.network, ["visual.transformer.resblocks.0"], reduce=whole) as seen:
        clip.embed_images(noise(2))
    stream = seen["visual.transformer.resblocks.0"]
    block = clip.network.visual.transformer.resblocks[1]
    with torch.inference_mode():
        found = held_attention(vit_tower(clip), 1, stream)
        tokens = block.ln_1(stream)
        _, patterns = block.attn(tokens, tokens, tokens, average_attn_weights=False)
    torch.testing.assert_close(found.patterns, patterns[:, :, :1])


@pytest.mark.parametrize("make", [swin, convnext])
def test_other_towers_are_refused_by_name(make: object) -> None:
    with pytest.raises(OptionError, match="is a Sequential around timm's .*works for Modif") as e:
        vit_tower(clip_of(make, (64, 64)))
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("special", "why"),
    [
        ({"qk_norm": True}, "blocks of another kind .CustomResidualAttentionBlock."),
        ({"pool_type": "none"}, "the pool 'none'"),
    ],
)
def test_vits_that_are_built_otherwise_are_refused_by_name(special: dict, why: str) -> None:
    config = CLIPVisionCfg(**{**copy.deepcopy(VIT["vision_cfg"]), **special})
    tower: nn.Module = Tower(nn.Identity())
    tower.visual = _build_vision_tower(16, config)
    with pytest.raises(OptionError, match=why):
        vit_tower(clip_around(tower, (96, 96)))
