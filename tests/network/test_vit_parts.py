"""What the parts of a ViT add to a text's score adds up, and each is what that part wrote."""

from __future__ import annotations

import copy

import pytest
import torch

from neurons.network.hooks import watch
from neurons.network.pooling import copy as whole
from neurons.network.vit_parts import vit_parts
from neurons.network.vit_tower import vit_tower
from tests.network.vits import BUILDS, noise, some_texts, vit_of


@pytest.mark.parametrize("build", BUILDS)
def test_all_parts_together_are_the_products_with_texts(build: str) -> None:
    parts = vit_parts(vit_of(build), noise(3), some_texts())
    wanted = parts.embedding @ some_texts().T
    assert float((parts.total() - wanted).abs().max() / wanted.abs().max()) < 1e-5
    for each in (parts.tokens, parts.heads, parts.mlps, parts.rest):
        assert float(each.abs().amax(0).min()) > 1e-4, "a part that says nothing is not tested"


@torch.inference_mode()
def test_a_heads_share_is_what_torchs_attention_writes_with_this_head_alone() -> None:
    clip = vit_of("mean of the patches")
    blocks, texts = clip.network.visual.transformer.resblocks, some_texts()
    paths = ["visual.transformer.resblocks.0", "visual.transformer"]
    with watch(clip.network, paths, reduce=whole) as seen:
        clip.embed_images(noise(3))
    tokens = blocks[1].ln_1(seen[paths[0]])
    alone = copy.deepcopy(blocks[1].attn)
    alone.out_proj.weight[:, :16] = 0
    alone.in_proj_bias[64:] = alone.out_proj.bias[:] = 0
    written = alone(tokens, tokens, tokens)[0][:, 1:]
    readout = vit_tower(clip).held_readout(seen[paths[1]]).of(texts)
    share = readout.applied(written) - readout.constant
    found = vit_parts(clip, noise(3), texts)
    torch.testing.assert_close(found.heads[:, :, 1, 1], share, rtol=1e-4, atol=1e-5)
    # and an MLP's, without its bias
    with watch(clip.network, ["visual.transformer.resblocks.1.mlp"], reduce=whole) as mlp:
        clip.embed_images(noise(3))
    written = mlp["visual.transformer.resblocks.1.mlp"] - blocks[1].mlp.c_proj.bias
    share = readout.applied(written[:, 1:]) - readout.constant
    torch.testing.assert_close(found.mlps[:, :, 1], share, rtol=1e-4, atol=1e-5)
