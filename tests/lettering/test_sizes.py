from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from neurons.errors import OptionError
from neurons.lettering.sizes import fitted_stamp, size_for_area, writable
from neurons.lettering.stamps import ColouredMask, Stamp
from neurons.lettering.words import write_on
from tests.lettering.pixels import WORD


@pytest.mark.parametrize("area", [0.02, 0.1])
@pytest.mark.parametrize("stroke", [0, 1])
@pytest.mark.parametrize("text", ["iPod", "$$$", "trash"])
def test_the_size_is_the_one_whose_changed_share_is_nearest_to_the_asked_area(
    area: float, stroke: int, text: str
) -> None:
    grey = torch.full((1, 3, 224, 224), 128, dtype=torch.uint8)
    lettering = dataclasses.replace(WORD, area=area, stroke_px=stroke)
    found = fitted_stamp(text, lettering, (224, 224))
    n_pixels = 224 * 224
    for quarters in range(16, 320):
        beside = dataclasses.replace(lettering, size_px=quarters / 4)
        try:
            other = fitted_stamp(text, beside, (224, 224))
        except OptionError:
            break
        assert abs(other.ink / n_pixels - area) >= abs(found.ink / n_pixels - area)
    # on mid-grey all ink shows, but for masks of 1 in 255
    coverage = float(write_on(grey, [text], lettering, seeds=[0]).coverage[0])
    assert coverage == pytest.approx(found.ink / n_pixels, rel=0.01)
    assert coverage == pytest.approx(area, rel=0.07)


def square(size_px: float) -> Stamp:
    """A stamp whose ink is known: a full square of the size."""
    side = round(4 * size_px)
    return Stamp(
        (ColouredMask(np.full((side, side), 255, np.uint8), (0, 0, 0)),), None, (0, 0), "", size_px
    )


def test_the_size_of_a_square_is_the_root_of_its_area() -> None:
    # its side is four times its size: at 10 px it has 1,600 pixels of ink
    found = size_for_area(
        "square", 0.16, square, lambda s: s.width <= 100, lambda s: s.ink / 10_000, room="one copy"
    )
    assert found == 10


def test_an_area_beyond_the_room_names_the_largest_size() -> None:
    with pytest.raises(OptionError, match=r"near the largest size, 10 px, cover 0\.16; ask for le"):
        size_for_area(
            "square", 0.5, square, lambda s: s.width <= 40, lambda s: s.ink / 10_000, room="a copy"
        )


def test_a_given_size_is_taken_and_the_area_is_not_looked_at() -> None:
    asked = dataclasses.replace(WORD, size_px=17.25, area=0.9)
    assert fitted_stamp("iPod", asked, (96, 96)).size_px == 17.25


def test_strings_are_split_into_those_that_fit_and_those_that_do_not() -> None:
    narrow = dataclasses.replace(WORD, size_px=20, area=None)
    # height x width: there is room below and none beside
    good, bad = writable(["i", "notwithstanding", "i", "a\nb"], narrow, (96, 48))
    assert (good, bad) == (["i"], ["notwithstanding", "a\nb"])
    assert writable(["notwithstanding"], narrow, (48, 400))[0] == ["notwithstanding"]
    with pytest.raises(OptionError, match="'notwithstanding' at 20 px"):
        writable(["notwithstanding", "a\nb"], narrow, (96, 48))
