from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurons.lettering.saliency import least_salient_corners, saliency_maps


def scene(x: int, y: int, *, seed: int = 0) -> Tensor:
    """Faint noise with one bright patterned square of 24 px."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(90, 110, (1, 3, 96, 96), generator=generator, dtype=torch.uint8)
    pixels[:, :, y : y + 24, x : x + 24] = 250
    pixels[:, :, y + 8 : y + 16, x + 8 : x + 16] = 10
    return pixels


@pytest.mark.parametrize(("x", "y"), [(5, 5), (60, 8), (36, 36), (10, 66), (66, 62)])
def test_the_object_is_what_stands_out_and_the_word_avoids_it(x: int, y: int) -> None:
    (saliency,) = saliency_maps(scene(x, y))
    assert float(saliency.sum()) == pytest.approx(1)
    inside = float(saliency[y : y + 24, x : x + 24].sum())
    # a sixteenth of the image; without saliency the share would be 0.06
    assert inside > 0.3
    for n, stamp in ((1, (40, 16)), (8, (16, 8))):
        corners = least_salient_corners(n, stamp, saliency)
        assert corners is not None
        for left, top in corners:
            across = min(left + stamp[0], x + 24) - max(left, x)
            down = min(top + stamp[1], y + 24) - max(top, y)
            assert across <= 0 or down <= 0


def test_the_least_salient_place_is_the_smallest_sum_by_brute_force() -> None:
    saliency = torch.rand(30, 40, generator=torch.Generator().manual_seed(1)).double()
    sums = {
        (left, top): float(saliency[top : top + 7, left : left + 11].sum())
        for top in range(24)
        for left in range(30)
    }
    assert least_salient_corners(1, (11, 7), saliency) == (min(sums, key=lambda c: sums[c]),)


def test_maps_of_a_batch_are_those_of_its_images() -> None:
    pixels = torch.cat([scene(5, 5), scene(60, 60, seed=2)])
    together = saliency_maps(pixels)
    assert together.shape == (2, 96, 96)
    for i in range(2):
        torch.testing.assert_close(saliency_maps(pixels[i : i + 1])[0], together[i])


def test_an_image_of_one_colour_has_a_map_too() -> None:
    flat = saliency_maps(torch.full((1, 3, 50, 80), 128, dtype=torch.uint8))
    assert torch.isfinite(flat).all()


def test_the_word_avoids_the_object_however_bright_the_image_is() -> None:
    bright, dark = scene(60, 8), (scene(60, 8).float() * 0.7).to(torch.uint8)
    places = [least_salient_corners(8, (16, 8), saliency_maps(p)[0]) for p in (bright, dark)]
    for left, top in (corner for found in places if found for corner in found):
        assert left + 16 <= 60 or left >= 84 or top + 8 <= 8 or top >= 32
