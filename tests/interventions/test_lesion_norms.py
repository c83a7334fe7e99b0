"""Recalibrated statistics are those of the images, and the old ones come back to the bit."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from neurons.errors import OptionError
from neurons.interventions.lesion_norms import recalibrated
from neurons.interventions.lesions import Lesion, lesioned
from tests.interventions.lesion_networks import Branches, Tower, seeded

IMAGES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_statistics_become_those_of_all_images_whatever_the_batches() -> None:
    network = seeded(Tower)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    # an unequal batch counts by its images, and what was there before for nothing
    passes = [(n, partial(network, part)) for n, part in ((4, IMAGES[:4]), (2, IMAGES[4:]))]
    maps = network.conv1(IMAGES)
    parts = [maps[:4], maps[4:]]
    with recalibrated(network, passes) as n_norms:
        assert n_norms == 2
        assert not network.bn1.training
        torch.testing.assert_close(network.bn1.running_mean, maps.mean((0, 2, 3)))
        expected = sum(n * part.var((0, 2, 3)) for (n, _), part in zip(passes, parts, strict=True))
        torch.testing.assert_close(network.bn1.running_var, expected / 6)
    after = network.state_dict()
    assert all(torch.equal(each, after[name]) for name, each in before.items())
    assert network.bn1.momentum == 0.1 and not network.bn1.training


def test_shrunk_convolutions_measure_stale_statistics_until_they_are_recalibrated() -> None:
    network = seeded(Tower)
    # beside small variances the epsilon counts
    network.bn1.eps = network.block.bn.eps = 1e-12
    passes = [(6, partial(network, IMAGES))]
    lesions = [Lesion("conv1", "shrink", 0.1), Lesion("block.conv", "shrink", 0.1)]
    with recalibrated(network, passes):
        intact = network(IMAGES)
        with lesioned(network, lesions):
            stale = network(IMAGES)
    with lesioned(network, lesions), recalibrated(network, passes):
        again = network(IMAGES)
    spread = intact.std(0).mean()
    # a norm divides by what the convolution is multiplied with
    assert (again - intact).abs().max() < 1e-3 * spread
    assert (stale - intact).abs().max() > spread


def test_they_come_back_also_when_the_body_raises_and_without_norms_it_is_told() -> None:
    network = seeded(Tower)
    before = network.bn1.running_mean.clone()
    with pytest.raises(KeyError), recalibrated(network, [(6, partial(network, IMAGES))]):
        raise KeyError
    assert torch.equal(network.bn1.running_mean, before)
    assert network.bn1.num_batches_tracked == 0
    with pytest.raises(OptionError, match="no BatchNorm"), recalibrated(Branches(), []):
        pass
