"""The list of layers is right about units, maps and tokens; a field is what was planted."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import neurons
from neurons import Clip
from neurons.errors import LayerNotFoundError
from neurons.network.hooks import watch
from neurons.network.layers import effective_field, find_layers, layers


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


class OneConvolution(nn.Module):
    """A network whose receptive field is known: one 9 x 9 kernel, applied at every pixel."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.visual = nn.Sequential()
        self.visual.conv = nn.Conv2d(3, 8, kernel, padding=kernel // 2)
        nn.init.ones_(self.visual.conv.weight)

    def encode_image(self, x: torch.Tensor) -> torch.Tensor:
        return self.visual.conv(x).mean((2, 3))


@pytest.mark.parametrize("kernel", [1, 5, 9])
def test_the_effective_field_of_one_convolution_lies_inside_its_kernel(
    kernel: int, planted: Clip
) -> None:
    clip = Clip("one", OneConvolution(kernel), planted.preprocess, planted.device, "")
    (layer,) = find_layers(clip, ["visual.conv"])
    assert (layer.layout.height, layer.layout.width) == (96, 96)
    field = effective_field(clip, layer)
    assert field.left == -field.right
    width_px = (field.right - field.left) * 96
    # half of a flat square's energy lies in a square of 0.71 of its side; 1 px each way to round
    assert width_px <= kernel
    assert width_px == pytest.approx(kernel * 0.71, abs=2)


def test_a_deeper_layer_sees_more(planted: Clip) -> None:
    found = find_layers(planted, ["visual.layer1", "visual.layer3"])
    shallow, deep = (effective_field(planted, layer) for layer in found)
    assert shallow.right < deep.right


def test_modules_that_run_twice_are_left_out(planted: Clip) -> None:
    class Twice(OneConvolution):
        def encode_image(self, x: torch.Tensor) -> torch.Tensor:
            return (self.visual.conv(x) + self.visual.conv(x)).mean((2, 3))

    clip = Clip("twice", Twice(3), planted.preprocess, planted.device, "")
    with pytest.raises(LayerNotFoundError):
        find_layers(clip, ["visual.conv"])
