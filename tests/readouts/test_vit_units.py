"""What the layers of a block write is what the stream gains in it."""

from __future__ import annotations

import pytest
import torch

from neurons.network.hooks import watch
from neurons.network.pooling import copy as whole
from neurons.network.vit_tower import vit_tower
from neurons.readouts.vit_units import vit_units
from tests.network.vits import noise, vit_of

BLOCK = "visual.transformer.resblocks.0"


@pytest.mark.parametrize("build", ["class token", "layer scale, no first norm"])
@torch.inference_mode()
def test_what_attention_and_mlp_write_makes_the_stream_after_the_block(build: str) -> None:
    clip = vit_of(build)
    tower, inside = vit_tower(clip), [".attn", ".mlp", ".mlp.gelu", ".mlp.c_proj", ".ls_1", ".ls_2"]
    paths = ["visual.ln_pre", BLOCK, *(BLOCK + each for each in inside)]
    with watch(clip.network, paths, reduce=whole) as seen:
        clip.embed_images(noise(2))
    before, after, attention, mlp, hidden, projected, scaled_1, scaled_2 = (
        vit_units(tower, path).written(seen[path]) for path in paths
    )
    torch.testing.assert_close(before + attention + mlp, after, rtol=1e-4, atol=1e-4)
    for same, other in ((attention, scaled_1), (mlp, scaled_2), (mlp, projected)):
        torch.testing.assert_close(same, other)
    block = tower.blocks[0]
    bias = block.ls_2(block.mlp.c_proj.bias.clone())
    torch.testing.assert_close(hidden + bias, mlp, rtol=1e-4, atol=1e-4)


def test_units_are_read_by_the_attentions_after_them() -> None:
    tower = vit_tower(vit_of("class token"))
    first = [
        vit_units(tower, path).first_later
        for path in ("visual.ln_pre", f"{BLOCK}.attn", BLOCK, "visual.transformer")
    ]
    assert first == [0, 1, 1, 3]
    assert [vit_units(tower, f"{BLOCK}{part}").before_mlp for part in (".attn", ".mlp")] == [
        True,
        False,
    ]
    assert vit_units(tower).size == (1, 1) and vit_units(tower, BLOCK).size == (6, 6)
