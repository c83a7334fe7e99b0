"""The list of layers is right about units, maps and tokens."""

from __future__ import annotations

import pytest
import torch

import neurons
from neurons import Clip
from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.hooks import watch
from neurons.network.layers import find_layers, last_block, layers, stages
from tests.network.toys import OneConvolution


def test_a_resnets_channels_have_maps(planted: Clip) -> None:
    found = {layer.path: layer for layer in layers(planted)}
    assert found["visual.layer4"].units == 256
    assert (found["visual.layer4"].layout.height, found["visual.layer4"].layout.width) == (3, 3)
    assert found["visual.layer1.0.conv2"].layout.axes == "bchw"
    assert found["visual.attnpool"].layout.axes == "bc"
    assert not any("transformer" in path or "token" in path for path in found)
    assert not any(layer.layout.prefix for layer in found.values())


def test_a_vits_dimensions_lie_on_the_patch_grid_and_the_class_token_apart(vit: Clip) -> None:
    found = {layer.path: layer for layer in layers(vit)}
    hidden = found["visual.transformer.resblocks.1.mlp.gelu"]
    residual = found["visual.transformer.resblocks.1"]
    assert (hidden.units, residual.units) == (128, 32)
    for layer in (hidden, residual):
        assert (layer.layout.height, layer.layout.width, layer.layout.prefix) == (6, 6, 1)
    # the second patch of the first row is the second place of the map
    black = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)
    black[:, :, :16, 16:32] = 255
    path = "visual.ln_pre"
    with watch(vit.network, [path], reduce=torch.clone) as seen:
        vit.embed_images(black)
        bright = found[path].layout.maps(seen[path])
        vit.embed_images(torch.zeros_like(black))
        dark = found[path].layout.maps(seen[path])
    moved = (bright - dark).abs().sum(1)[0]
    assert moved.flatten().argmax() == 1
    assert torch.equal(found[path].layout.class_token(seen[path]), seen[path][:, 0])


def test_a_timm_tower_is_read_too() -> None:
    clip = neurons.load("ViT-B-16-SigLIP/untrained", device="cpu")
    found = {layer.path: layer for layer in layers(clip)}
    block, hidden = found["visual.trunk.blocks.3"], found["visual.trunk.blocks.3.mlp.act"]
    assert (block.units, hidden.units) == (768, 3072)
    # SigLIP has no class token
    assert (block.layout.height, block.layout.width, block.layout.prefix) == (14, 14, 0)
    # the heads of an attention are no channels
    assert not any(path.endswith(("q_norm", "k_norm")) for path in found)


def test_layers_that_images_do_not_reach_are_refused(planted: Clip) -> None:
    with pytest.raises(LayerNotFoundError, match="gives no units when an image is embedded"):
        find_layers(planted, ["transformer.resblocks.0"])
    with pytest.raises(LayerNotFoundError, match=r"nearest: visual\.layer4"):
        find_layers(planted, ["visual.layer4x"])


def test_modules_that_run_twice_are_left_out(planted: Clip) -> None:
    class Twice(OneConvolution):
        def encode_image(self, x: torch.Tensor) -> torch.Tensor:
            return (self.visual.conv(x) + self.visual.conv(x)).mean((2, 3))

    clip = Clip("twice", Twice(3), planted.preprocess, planted.device, "")
    with pytest.raises(LayerNotFoundError, match="gives no units"):
        find_layers(clip, ["visual.conv"])


def test_blocks_over_the_depth(planted: Clip, vit: Clip) -> None:
    assert stages(planted) == tuple(f"visual.layer{i}" for i in (1, 2, 3, 4))
    assert last_block(planted) == "visual.layer4"
    found = stages(vit)
    assert found and all(path.startswith("visual.transformer") for path in found)


def test_a_model_without_maps_has_no_block(planted: Clip) -> None:
    clip = Clip("one", OneConvolution(3), planted.preprocess, planted.device, "")
    with pytest.raises(OptionError, match="one has no block with maps"):
        last_block(clip)
