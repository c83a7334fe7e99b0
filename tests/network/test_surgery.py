"""Each cut leaves the numbers as they were, and nothing else is touched."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from neurons import Clip
from neurons.network.surgery import cut_after, fold_batch_norms, open_ended, pool_one_query
from tests.conftest import RED, RESNET, build, plant

IMAGES = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def visual() -> nn.Module:
    """An image tower whose BatchNorms say something: other means and variances in each channel."""
    tower = build(RESNET).visual
    generator = torch.Generator().manual_seed(1)
    for module in tower.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return tower.requires_grad_(False)


def gap(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


def norms(tower: nn.Module) -> list[str]:
    return [path for path, module in tower.named_modules() if isinstance(module, nn.BatchNorm2d)]


def test_folded_norms_are_gone_and_the_output_is_the_same(visual: nn.Module) -> None:
    folded = copy.deepcopy(visual)
    fold_batch_norms(folded, keep=[])
    assert len(norms(visual)) > 10 and norms(folded) == []
    assert gap(folded(IMAGES), visual(IMAGES)) < 1e-5


def test_a_convolution_that_is_read_keeps_its_own_output(visual: nn.Module) -> None:
    kept, folded = copy.deepcopy(visual), copy.deepcopy(visual)
    fold_batch_norms(kept, keep=["conv1"])
    fold_batch_norms(folded, keep=[])
    assert norms(kept) == ["bn1"]
    assert torch.equal(kept.conv1(IMAGES), visual.conv1(IMAGES))
    assert gap(folded.conv1(IMAGES), visual.conv1(IMAGES)) > 0.01


def test_one_query_gives_the_token_that_is_returned(visual: nn.Module) -> None:
    quick = copy.deepcopy(visual)
    pool_one_query(quick)
    assert type(quick.attnpool) is not type(visual.attnpool)
    assert gap(quick(IMAGES), visual(IMAGES)) < 1e-5


@pytest.mark.parametrize(
    ("layers", "gone"),
    [
        (["layer2"], ["layer3", "layer4", "attnpool"]),
        (["layer1.0.conv2", "layer3"], ["layer4", "attnpool"]),
        (["conv1"], ["layer1", "layer2", "layer3", "layer4", "attnpool"]),
        (["attnpool"], []),
    ],
)
def test_what_runs_after_the_last_layer_is_dropped(
    visual: nn.Module, layers: list[str], gone: list[str]
) -> None:
    cut_after(visual, layers)
    stages = ("layer1", "layer2", "layer3", "layer4", "attnpool")
    assert [s for s in stages if isinstance(getattr(visual, s), nn.Identity)] == gone


def test_an_open_ended_stage_gives_what_its_relu_takes_away() -> None:
    tower = plant(build(RESNET)).visual
    ended = copy.deepcopy(tower)
    open_ended(tower, "layer4")
    with torch.no_grad():
        stem = ended.layer3(ended.layer2(ended.layer1(ended.stem(IMAGES))))
        signed, cut = tower.layer4(stem.clone()), ended.layer4(stem.clone())
    assert float(signed.min()) < 0 <= float(cut.min())
    assert torch.equal(signed.relu(), cut)
    assert signed.shape[1] > RED


def test_other_towers_are_left_whole(vit: Clip) -> None:
    tower = copy.deepcopy(vit.network.visual)
    before = [type(module) for module in tower.modules()]
    fold_batch_norms(tower, keep=[])
    pool_one_query(tower)
    cut_after(tower, ["transformer.resblocks.0"])
    open_ended(tower, "transformer.resblocks.0")
    assert [type(module) for module in tower.modules()] == before
