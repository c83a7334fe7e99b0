"""A unit's slope is what a small change of the unit does to the embedding."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurons
from neurons import Clip
from neurons.address import Neuron
from neurons.errors import NeuronNotFoundError
from neurons.network.attention_pool import attention_pool
from neurons.network.hooks import watch
from neurons.network.pooling import copy as whole
from neurons.network.unit_slopes import shape_of, unit_slopes
from neurons.readouts.resnet_readout import resnet_readout
from tests.conftest import LAYER, RESNET, build
from tests.network.towers import clip_around
from tests.network.vits import noise, vit_of


def by_differences(clip: Clip, neuron: Neuron, pixels: Tensor, step: float) -> Tensor:
    """Raise the unit where it is above 0, and lower it."""

    def moved(by: float) -> Tensor:
        with neurons.edit(clip.network, {neuron: lambda part: part + by * shape_of(part)}):
            return clip.embed_images(pixels)

    return (moved(step) - moved(-step)) / (2 * step)


@pytest.mark.parametrize(
    ("build", "layer", "unit"),
    [
        ("class token", "visual.transformer.resblocks.0.mlp.gelu", 3),
        ("mean of the patches", "visual.transformer.resblocks.0.attn", 5),
        ("CoCa", "visual.ln_pre", 8),
    ],
)
def test_slopes_of_a_vit_are_finite_differences(build: str, layer: str, unit: int) -> None:
    clip, neuron = vit_of(build), Neuron(layer, unit)
    found = unit_slopes(clip, neuron, noise(3))
    wanted = by_differences(clip, neuron, noise(3), 1e-2)
    assert found.shape == (3, 16) and float(wanted.abs().max()) > 1e-2
    torch.testing.assert_close(found, wanted, rtol=2e-3, atol=2e-4)


def test_slopes_of_a_resnets_early_unit_are_finite_differences(planted: Clip) -> None:
    neuron = Neuron("visual.layer2", 9)
    found = unit_slopes(planted, neuron, noise(3))
    # a small step, since ReLUs bend the way
    wanted = by_differences(planted, neuron, noise(3), 1e-3)
    largest = float(wanted.abs().max())
    assert largest > 1e-3
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.02 * largest)


def resnet(*, attention: float) -> Clip:
    network = build(copy.deepcopy(RESNET), seed=3).requires_grad_(False)
    for part in (network.visual.attnpool.q_proj, network.visual.attnpool.k_proj):
        part.weight *= attention
        part.bias *= attention
    return clip_around(network, (96, 96))


def test_at_the_last_layer_it_is_the_frozen_direction_and_what_attention_changes() -> None:
    slopes, frozen = {}, {}
    for attention in (0.0, 8.0):
        clip = resnet(attention=attention)
        seen = resnet_readout(clip).read(noise(2))
        unit = int(seen.units.mean(2).amin(0).argmax())
        with torch.inference_mode():
            shares = seen.shares(torch.eye(16)).sum(3)[:, :, unit]
            frozen[attention] = shares / seen.units[:, unit].mean(1, keepdim=True)
        slopes[attention] = unit_slopes(clip, Neuron(LAYER, unit), noise(2))
    # attention that is even whatever it sees
    torch.testing.assert_close(slopes[0.0], frozen[0.0], rtol=1e-4, atol=1e-6)
    pool, maps = attention_pool(clip), seen.maps
    step = torch.zeros_like(maps)
    step[:, unit] = 1e-2 * shape_of(maps[:, unit])

    def changed(sign: int) -> Tensor:
        patterns = pool.attention(maps + sign * step)
        return pool.mixed(maps, pool.places(patterns)) + pool.constant(patterns)

    with torch.inference_mode():
        of_attention = (changed(1) - changed(-1)) / 2e-2
    assert float(of_attention.abs().max()) > 0.02 * float(slopes[8.0].abs().max())
    torch.testing.assert_close(slopes[8.0], frozen[8.0] + of_attention, rtol=1e-3, atol=1e-4)


class OnlyBackward(torch.autograd.Function):
    """A product with a half, of which forward mode knows nothing."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values / 2

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        return upstream / 2


class Halved(nn.Module):
    """Such an operation as a module."""

    def forward(self, values: Tensor) -> Tensor:
        return OnlyBackward.apply(values)


def test_an_operation_without_a_forward_rule_is_differentiated_twice() -> None:
    clip = vit_of("class token")
    network = copy.deepcopy(clip.network)
    network.visual.ln_post = nn.Sequential(network.visual.ln_post, Halved())
    neuron = Neuron("visual.transformer.resblocks.1.mlp.gelu", 11)
    found = unit_slopes(clip_around(network, (96, 96)), neuron, noise(2))
    whole_slopes = unit_slopes(clip, neuron, noise(2))
    torch.testing.assert_close(found, whole_slopes / 2)


def test_a_silent_unit_rises_everywhere_and_one_that_nothing_reads_moves_nothing() -> None:
    part = torch.tensor([[0.0, -1, 4], [-1, 0, -2]])
    assert shape_of(part).tolist() == [[0, 0, 3], [1, 1, 1]]
    assert shape_of(part.T, images=1).T.tolist() == [[0, 0, 3], [1, 1, 1]]
    assert shape_of(torch.tensor([2.0, -1, 0])).tolist() == [1, 1, 1]
    clip = vit_of("class token")
    network = copy.deepcopy(clip.network)
    network.visual.transformer.resblocks[0].mlp.c_proj.weight[:, 4] = 0
    neuron = Neuron("visual.transformer.resblocks.0.mlp.gelu", 4)
    assert not unit_slopes(clip_around(network, (96, 96)), neuron, noise(2)).any()
    with pytest.raises(NeuronNotFoundError, match="units 0 to 127, not 128"):
        unit_slopes(clip, Neuron(neuron.layer, 128), noise(1))


def test_the_network_and_its_settings_are_as_before() -> None:
    clip = vit_of("class token")
    before = torch.backends.mha.get_fastpath_enabled()
    with watch(clip.network, ["visual"], reduce=whole) as seen, torch.inference_mode():
        plain = clip.embed_images(noise(1))
        slopes = unit_slopes(clip, Neuron("visual.transformer.resblocks.0", 1), noise(1))
        assert torch.equal(clip.embed_images(noise(1)), plain)
    assert not slopes.is_inference() and "visual" in seen
    assert torch.backends.mha.get_fastpath_enabled() == before
    assert not any(p.requires_grad for p in clip.network.parameters())
