from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurons.lettering.lettering import ARTICLE, Lettering
from neurons.lettering.places import Corner, block_at, corners_at, has_room, random_corners
from neurons.lettering.saliency import least_salient_corners

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


@pytest.mark.parametrize("places", ["article", "random", "least-salient", (0.5, 0.5)])
def test_there_is_room_exactly_as_long_as_the_copies_fit_by_count(
    places: str | tuple[float, float],
) -> None:
    lettering = Lettering(places=places, repeats=True)
    # 2 x 4 cells of 50 x 25 fill 100 x 100 to the last pixel; the article's rows are shifted by
    # four hundredths, so that two words beside each other may be 46 px wide
    widest = 46 if places == "article" else 50
    assert has_room(lettering, (widest, 25), (100, 100))
    assert not has_room(lettering, (51, 25), (100, 100))
    assert not has_room(lettering, (widest, 26), (100, 100))


def test_a_block_is_as_near_to_a_square_as_its_stamps_go() -> None:
    corners = block_at((0.5, 0.5), 8, (20, 10), (200, 200))
    # two beside each other and four below: 40 x 40 px around the middle
    assert corners == tuple((80 + 20 * (i % 2), 80 + 10 * (i // 2)) for i in range(8))
