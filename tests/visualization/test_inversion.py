"""An inverse shows what a layer sees: no colour where it sees brightness only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import neurons
from neurons import Clip
from neurons.errors import OptionError
from neurons.visualization.inversion import InversionSettings, invert, layer_errors
from neurons.visualization.inversion_kept import kept
from tests.conftest import RESNET, build, save_model

LAYER = "visual.layer1"
# of red, green and blue: two steps up in red and one down in green leave it as it is
BRIGHTNESS = torch.tensor([0.3, 0.6, 0.1])
STEPS = InversionSettings(steps=60, smooth=0.2)
SMALL = {**RESNET, "vision_cfg": {**RESNET["vision_cfg"], "image_size": 32}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inverted")


@pytest.fixture(scope="module")
def colour_blind(folder: Path) -> Clip:
    """A network whose first convolution weighs colours as brightness does."""
    network = build(SMALL)
    with torch.no_grad():
        weight = network.visual.conv1.weight
        weight.copy_(weight.sum(1, keepdim=True) * BRIGHTNESS[:, None, None])
    return neurons.load(save_model(folder / "blind", SMALL, network), device="cpu")


@pytest.fixture(scope="module")
def seeing(folder: Path) -> Clip:
    return neurons.load(save_model(folder / "seeing", SMALL, build(SMALL)), device="cpu")


def pair() -> torch.Tensor:
    """Two images of equal brightness, (2, 3, 32, 32): blocks of grey, and the same in colour."""
    random = np.random.default_rng(3)
    grey = np.kron(random.integers(90, 160, (4, 4)), np.ones((8, 8)))
    shift = np.kron(random.integers(-35, 36, (4, 4)), np.ones((8, 8)))
    plain = np.stack([grey] * 3)
    coloured = plain + np.stack([2 * shift, -shift, 0 * shift])
    return torch.from_numpy(np.stack([plain, coloured]).clip(0, 255)).byte()


def test_images_of_equal_brightness_invert_alike_where_colour_is_not_seen(
    colour_blind: Clip, seeing: Clip
) -> None:
    both = pair()
    assert layer_errors(colour_blind, LAYER, both[1:], both[0])[0] < 1e-4
    alike = invert(colour_blind, LAYER, both, [0, 0], STEPS)
    unlike = invert(seeing, LAYER, both, [0, 0], STEPS)
    apart = [np.abs(a.pixels.astype(int) - b.pixels.astype(int)).mean()
             for a, b in (alike, unlike)]  # fmt: skip
    assert apart[0] < 1 and apart[1] > 8


def test_colour_is_claimed_where_it_is_seen_and_nowhere_else(
    colour_blind: Clip, seeing: Clip
) -> None:
    coloured = pair()[1:].expand(2, -1, -1, -1)
    image = coloured[0].permute(1, 2, 0).numpy()
    blind, sees = (
        [kept(each.pixels, image) for each in invert(clip, LAYER, coloured, [0, 1], STEPS)]
        for clip in (colour_blind, seeing)
    )
    assert all(each.has_form for each in (*blind, *sees))
    assert not all(each.has_colour for each in blind)
    assert all(each.has_colour for each in sees)
    told = [[round(each.colour, 2) for each in row] for row in (blind, sees)]
    assert max(told[0]) < 0.12 < min(told[1]), told


def test_an_inverse_comes_nearer_than_noise_and_than_another_image(seeing: Clip) -> None:
    both = pair()
    found = invert(seeing, LAYER, both, [0, 1], STEPS)
    beside = layer_errors(seeing, LAYER, both[1:], both[0])[0]
    for each in found:
        assert each.error < 0.5 * each.start and each.error < beside
    # as it is shown: measured anew on the rounded pixels
    shown = torch.from_numpy(found[0].pixels).permute(2, 0, 1)[None]
    assert layer_errors(seeing, LAYER, shown, both[0])[0] == pytest.approx(found[0].error, rel=1e-3)


def test_an_image_that_the_layer_takes_for_itself_has_no_error(seeing: Clip) -> None:
    image = pair()[1]
    assert layer_errors(seeing, LAYER, image[None], image)[0] < 1e-5


def test_what_has_no_inverse_is_told(folder: Path, seeing: Clip) -> None:
    network = build(SMALL)
    with torch.no_grad():
        block = network.visual.layer1[0]
        for tensor in (block.bn3.weight, block.bn3.bias, getattr(block.downsample, "0").weight):
            tensor.zero_()
    silent = neurons.load(save_model(folder / "silent", SMALL, network), device="cpu")
    with pytest.raises(OptionError, match="silent on one of the images"):
        invert(silent, LAYER, pair(), [0, 0], STEPS)
    with pytest.raises(OptionError, match="1 seeds for 2 images"):
        invert(seeing, LAYER, pair(), [0], STEPS)
