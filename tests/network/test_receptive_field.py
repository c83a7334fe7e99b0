"""An effective field is what was planted: the kernel of one convolution."""

from __future__ import annotations

import pytest

from neurons import Clip
from neurons.network.layers import find_layers
from neurons.network.receptive_field import effective_field
from tests.network.toys import OneConvolution


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


def test_a_field_is_the_same_each_time_and_leaves_no_hook(planted: Clip) -> None:
    (layer,) = find_layers(planted, ["visual.layer2"])
    assert effective_field(planted, layer) == effective_field(planted, layer)
    assert not any(module._forward_hooks for module in planted.network.modules())
