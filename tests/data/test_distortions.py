"""Does a distortion take away what it says, and nothing else?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons.data.distortions import (
    grey,
    high_pass,
    low_pass,
    scramble_phases,
    shuffle_patches,
    standard_distortions,
)
from neurons.errors import OptionError


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    """Soft noise in the middle of the range, which no distortion drives out of it."""
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(100, 156, (3, 3, 32, 32), dtype=np.uint8))


def test_grey_has_no_colour_and_the_same_brightness(pixels: torch.Tensor) -> None:
    found = grey(pixels)
    assert bool((found[:, 0] == found[:, 2]).all())
    luma = (pixels.float() * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)
    assert float((found[:, 0].float() - luma).abs().max()) <= 0.5


def test_what_low_pass_takes_high_pass_keeps(pixels: torch.Tensor) -> None:
    low, high = low_pass(pixels, 2.0).float(), high_pass(pixels, 2.0).float()
    assert float((low + high - 128 - pixels.float()).abs().max()) <= 1
    assert low.std() < 0.3 * pixels.float().std() and abs(float(high.mean()) - 128) < 0.5


def test_phases_go_and_amplitudes_stay(pixels: torch.Tensor) -> None:
    found = scramble_phases(pixels, 180, [1, 2, 3])
    before, after = (np.fft.fft2(each.numpy().astype(float)) for each in (pixels, found))
    strong = np.abs(before) > 500
    # rounding to bytes adds noise of about 9 to each frequency
    assert np.allclose(np.abs(before)[strong], np.abs(after)[strong], atol=60)
    turned = np.angle(after / np.where(before == 0, 1, before))[strong & (np.abs(before) < 1e5)]
    assert np.abs(np.exp(1j * turned).mean()) < 0.2
    # channels are turned alike: colours stay together
    assert np.array_equal(scramble_phases(pixels, 0, [1, 2, 3]).numpy(), pixels.numpy())
    grey_one = pixels[:, :1].expand(-1, 3, -1, -1)
    turned_grey = scramble_phases(grey_one, 180, [1, 2, 3])
    assert bool((turned_grey[:, 0] == turned_grey[:, 1]).all())


def test_patches_move_and_no_pixel_is_lost(pixels: torch.Tensor) -> None:
    found = shuffle_patches(pixels, 4, [1, 2, 3])
    assert torch.equal(found.flatten().sort().values, pixels.flatten().sort().values)
    assert not torch.equal(found, pixels)
    patches = {found[0, :, r : r + 8, c : c + 8].numpy().tobytes()
               for r in range(0, 32, 8) for c in range(0, 32, 8)}  # fmt: skip
    assert pixels[0, :, 8:16, 24:32].numpy().tobytes() in patches
    with pytest.raises(OptionError, match="64 x 64"):
        shuffle_patches(pixels, 64, [1, 2, 3])


def test_an_image_is_distorted_alike_whatever_is_beside_it(pixels: torch.Tensor) -> None:
    for each in standard_distortions((32, 32)):
        together = each.change(pixels, [7, 8, 9])
        assert torch.equal(together[1:2], each.change(pixels[1:2], [8])), each.name
        assert together.dtype == torch.uint8 and together.shape == pixels.shape
