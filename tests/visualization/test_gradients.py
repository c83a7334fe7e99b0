"""Copies of the network give its own maps, and gradients pass where a silent ReLU stops them."""

from __future__ import annotations

import pytest
import torch

import neurons
from neurons import Clip, Neuron
from neurons.errors import OptionError
from neurons.network.inference import exact
from neurons.visualization.gradients import open_gradient_networks
from neurons.visualization.objectives import channel
from neurons.visualization.ready_made import towards
from tests.conftest import LAYER, RED, picture

BATCH = torch.from_numpy(picture(red=0.8))[None].permute(0, 3, 1, 2)


def test_both_copies_give_the_networks_own_maps(planted: Clip) -> None:
    inputs = planted.preprocess.normalise(BATCH)
    with neurons.watch(planted.network, [LAYER], reduce=torch.clone) as seen, torch.no_grad():
        planted.network.encode_image(inputs)
    wanted = [channel(Neuron(LAYER, RED)), towards(torch.ones(16), name="x")]
    with open_gradient_networks(planted, wanted, exact, size_px=96) as networks:
        leaf = inputs.clone().requires_grad_()
        for maps in (
            networks.plain(leaf),
            networks.around_relus(leaf, torch.tensor([False])),
            networks.around_relus(leaf, torch.tensor([True])),
        ):
            assert torch.allclose(maps[LAYER], seen[LAYER], atol=1e-5)


def test_a_gradient_goes_around_relus_only_where_the_unit_is_silent(planted: Clip) -> None:
    bias = planted.network.visual.layer4[0].bn3.bias
    before = bias.data.clone()
    try:
        # so far below zero that its ReLU is silent everywhere
        bias.data[RED] = -50
        inputs = planted.preprocess.normalise(BATCH.repeat(2, 1, 1, 1))
        objective = channel(Neuron(LAYER, RED))
        with open_gradient_networks(planted, [objective], exact, size_px=96) as networks:
            leaf = inputs.clone().requires_grad_()
            plain = networks.plain(leaf)[LAYER][:, RED].mean((1, 2))
            assert plain.tolist() == [0, 0]
            (stopped,) = torch.autograd.grad(-plain.sum(), leaf)
            assert not stopped.any()
            silent = torch.tensor([False, True])
            around = networks.around_relus(leaf, silent)[LAYER][:, RED].mean((1, 2))
            (passed,) = torch.autograd.grad(-around.sum(), leaf)
        assert not passed[0].any() and passed[1].any()
        # and it points to redder images: less of what is minimised
        assert passed[1, 0].sum() < 0
    finally:
        bias.data.copy_(before)


def test_what_is_wanted_low_is_read_before_the_last_relu(planted: Clip) -> None:
    inputs = planted.preprocess.normalise(BATCH)
    low = -channel(Neuron(LAYER, 9))
    with open_gradient_networks(planted, [low], exact, size_px=96) as networks, torch.no_grad():
        maps = networks.plain(inputs)[LAYER]
    with neurons.watch(planted.network, [LAYER], reduce=torch.clone) as seen, torch.no_grad():
        planted.network.encode_image(inputs)
    assert (maps < 0).any()
    assert torch.allclose(maps.relu(), seen[LAYER], atol=1e-5)


def test_objectives_that_read_different_maps_are_asked_apart(planted: Clip) -> None:
    both = [channel(Neuron(LAYER, 1)), -channel(Neuron(LAYER, 2))]
    with (
        pytest.raises(OptionError, match="ask them apart"),
        open_gradient_networks(planted, both, exact, size_px=96),
    ):
        pass
