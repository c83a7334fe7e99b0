"""Images are shaken as asked, each by its own draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons.visualization.transforms import (
    GOH2021,
    LUCENT,
    NONE,
    Draws,
    Move,
    chain,
    jitter,
    pad,
    rotate,
    scale,
    warp,
)


def draws(*seeds: int) -> Draws:
    made = [torch.Generator().manual_seed(seed) for seed in seeds]
    return Draws(made, torch.device("cpu"))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(0))


def test_no_move_is_no_change(images: torch.Tensor) -> None:
    assert torch.allclose(
        warp(scale([1.0]), rotate([0.0]))(images, draws(*range(4))), images, atol=1e-5
    )
    assert NONE(images, draws(*range(4))) is images


def test_a_quarter_turn_is_a_quarter_turn(images: torch.Tensor) -> None:
    turned = warp(rotate([90]))(images, draws(*range(4)))
    assert torch.allclose(turned, images.rot90(-1, (2, 3)), atol=1e-4)


def test_enlarging_twice_shows_the_middle(images: torch.Tensor) -> None:
    larger = warp(scale([2.0]))(images, draws(*range(4)))
    middle = torch.nn.functional.interpolate(
        images, scale_factor=2, mode="bilinear", align_corners=False
    )[:, :, 12:36, 12:36]
    assert torch.allclose(larger, middle, atol=1e-4)


def test_a_shift_moves_by_the_pixels_drawn_and_shows_the_filling(images: torch.Tensor) -> None:
    right = Move("right 5", lambda draws: torch.tensor([[[1.0, 0, 5], [0, 1, 0], [0, 0, 1]]] * 4))
    moved = warp(right, fill=0.25)(images, draws(*range(4)))
    assert torch.allclose(moved[..., 5:], images[..., :-5], atol=1e-5)
    assert torch.allclose(moved[..., :5], torch.tensor(0.25))


def test_jitter_covers_its_range_and_no_more() -> None:
    where = torch.cat([jitter(8).matrices(draws(i))[:, :2, 2] for i in range(300)])
    assert -4 <= where.min() < -3.7 and 3.7 < where.max() < 4


def test_moves_are_made_in_order() -> None:
    image = torch.zeros(1, 1, 25, 25)
    image[..., 12, 17] = 1
    right = Move("right 3", lambda draws: torch.tensor([[[1.0, 0, 3], [0, 1, 0], [0, 0, 1]]]))
    for moves, place in (((right, rotate([90])), (20, 12)), ((rotate([90]), right), (17, 15))):
        moved = warp(*moves, fill=0.0)(image, draws(0))
        assert np.unravel_index(int(moved.argmax()), (25, 25)) == place


@pytest.mark.parametrize("transform", [GOH2021, LUCENT, chain(pad(3), GOH2021)])
def test_an_image_is_shaken_by_its_own_draws(transform, images: torch.Tensor) -> None:
    together = transform(images, draws(5, 6, 7, 8))
    alone = transform(images[2:3], draws(7))
    assert torch.equal(together[2:3], alone)
    assert not torch.equal(together[2:3], transform(images[2:3], draws(9)))
    assert together.shape[2] == (30 if transform.name.startswith("pad") else 24)
