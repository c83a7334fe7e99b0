"""An effective field is what was planted: the kernel of one convolution."""

from __future__ import annotations

import pytest
import torch

from neurons import Clip
from neurons.network.layers import find_layers
from neurons.network.receptive_field import effective_field
from tests.network.toys import BrightIsWide, OneConvolution


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


def test_a_field_is_that_of_the_images_that_it_is_measured_on(planted: Clip) -> None:
    """A network that reads a wide kernel where an image is bright, and a narrow one elsewhere."""
    clip = Clip("two", BrightIsWide(), planted.preprocess, planted.device, "")
    (layer,) = find_layers(clip, ["visual.two"])
    dark, bright = (torch.full((2, 3, 96, 96), level, dtype=torch.uint8) for level in (10, 245))
    narrow, wide = (effective_field(clip, layer, pixels) for pixels in (dark, bright))
    assert (narrow.right - narrow.left) * 96 == pytest.approx(3 * 0.71, abs=2)
    assert (wide.right - wide.left) * 96 == pytest.approx(21 * 0.71, abs=2)
    # no image: noise, which is both
    assert effective_field(clip, layer, dark[:0]) == effective_field(clip, layer)


def test_a_field_is_the_same_each_time_and_leaves_no_hook(planted: Clip) -> None:
    (layer,) = find_layers(planted, ["visual.layer2"])
    assert effective_field(planted, layer) == effective_field(planted, layer)
    assert not any(module._forward_hooks for module in planted.network.modules())
