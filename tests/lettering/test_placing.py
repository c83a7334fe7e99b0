from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neurons.lettering.placing import (
    ARTICLE,
    Corner,
    block_at,
    corners_at,
    least_salient_corners,
    random_corners,
    saliency_maps,
)

sizes = st.integers(5, 60)
images = st.integers(64, 300)


def inside_and_apart(
    corners: tuple[Corner, ...], stamp: tuple[int, int], image: tuple[int, int]
) -> bool:
    counts = torch.zeros(image[1], image[0], dtype=torch.int64)
    for left, top in corners:
        if left < 0 or top < 0 or left + stamp[0] > image[0] or top + stamp[1] > image[1]:
            return False
        counts[top : top + stamp[1], left : left + stamp[0]] += 1
    return int(counts.max()) == 1


@given(st.tuples(sizes, sizes), st.tuples(images, images), st.integers(0, 99))
def test_copies_lie_inside_the_image_and_never_overlap(
    stamp: tuple[int, int], image: tuple[int, int], seed: int
) -> None:
    found = [
        corners_at(ARTICLE, stamp, image),
        block_at((0.9, 0.2), 8, stamp, image),
        random_corners(8, stamp, image, seed=seed),
        random_corners(1, stamp, image, seed=seed),
        least_salient_corners(8, stamp, torch.rand(image[1], image[0]).double()),
    ]
    for corners in found:
        assert corners is None or inside_and_apart(corners, stamp, image)
    assert found[3] is not None


def test_the_articles_eight_places_are_eight() -> None:
    corners = corners_at(ARTICLE, (60, 24), (288, 288))
    assert corners is not None and len(set(corners)) == 8
    # each word lies around its place
    for (x, y), (left, top) in zip(ARTICLE, corners, strict=True):
        assert abs(left + 30 - x * 288) <= 1 and abs(top + 12 - y * 288) <= 1


def test_a_word_is_pushed_inside_where_it_would_reach_over_the_edge() -> None:
    assert corners_at([(1.0, 0.0)], (40, 20), (100, 90)) == ((60, 0),)


def test_what_does_not_fit_has_no_place() -> None:
    assert corners_at([(0.5, 0.5)], (101, 20), (100, 90)) is None
    assert corners_at(ARTICLE, (60, 24), (96, 96)) is None
    assert random_corners(8, (60, 24), (96, 96), seed=0) is None
    assert least_salient_corners(2, (60, 60), torch.ones(96, 96).double()) is None
    assert block_at((0.5, 0.5), 8, (60, 24), (96, 96)) is None


def test_random_places_depend_on_the_seed_alone_and_reach_everywhere() -> None:
    places = [random_corners(1, (20, 10), (96, 64), seed=seed) for seed in range(400)]
    assert places == [random_corners(1, (20, 10), (96, 64), seed=seed) for seed in range(400)]
    lefts = [place[0][0] for place in places if place]
    tops = [place[0][1] for place in places if place]
    assert min(lefts) <= 2 and max(lefts) >= 74 and min(tops) <= 2 and max(tops) >= 52
    assert sum(lefts) / 400 == pytest.approx(38, abs=4)


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
