"""Where nobody says how, a word is written so that it can be read; if it cannot, that is said."""

from __future__ import annotations

import pytest

from neurons.lettering.default import (
    LEGIBLE_PX,
    chosen_writing,
    default_lettering,
    legibility,
    on_plain_ground,
)
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp


@pytest.mark.parametrize("side", [64, 96, 160, 224, 336])
def test_by_default_a_name_of_a_usual_length_can_be_read(side: int) -> None:
    lettering = default_lettering((side, side))
    assert fitted_stamp("guitar", lettering, (side, side)).size_px >= LEGIBLE_PX
    # as many copies as the article has wherever these can be read
    assert lettering.copies == (8 if side >= 224 else 1)


def test_which_lettering_was_chosen_is_said_with_its_reason() -> None:
    small, large = (chosen_writing(None, (side, side)) for side in (96, 224))
    assert small.told == "one copy at a random place, 7 % of the pixels"
    assert "eight copies as in Goh et al. 2021 would be 4.5 px high on 96 x 96 px" in small.why
    assert large.told == "8 copies at fixed places, 7 % of the pixels"
    assert "that can be read on 224 x 224 px" in large.why
    # eight copies do not even fit
    assert "would not fit on 48 x 48 px" in chosen_writing(None, (48, 48)).why
    asked = chosen_writing(Lettering(size_px=20, places=(0.5, 0.5)), (96, 96))
    assert (asked.told, asked.why) == ("one copy in the middle, letters of 20 px", "")


def test_letters_that_are_too_small_or_hide_the_picture_are_named() -> None:
    tiny = legibility(["guitar", "dog"], Lettering(size_px=6, places="random"), (96, 96))
    assert "2 of 2 texts have such ones (“guitar” 6 px, “dog” 6 px)" in tiny
    assert "96 x 96 px" in tiny
    huge = legibility(
        ["dog", "o"], Lettering(size_px=42, plate=(255, 255, 255), places=(0.5, 0.5)), (96, 96)
    )
    assert huge.startswith("The boxes of 1 of 2 texts cover more than half")
    assert legibility(["dog"], Lettering(places="random"), (96, 96)) == ""
    # height and width are not exchanged: eight copies fit on a wide input, not on a narrow one
    assert legibility(["dog"], Lettering(size_px=30, places="random"), (32, 200)) == ""


def test_on_a_plain_ground_no_place_is_drawn_at_random() -> None:
    for places in ("random", "least-salient"):
        assert on_plain_ground(Lettering(places=places)) == Lettering(places=(0.5, 0.5))
    for places in ("article", (0.2, 0.8)):
        assert on_plain_ground(Lettering(places=places)).places == places


@pytest.mark.parametrize(
    ("lettering", "told"),
    [
        (Lettering(), "8 copies at fixed places, 7 % of the pixels"),
        (
            Lettering(places="least-salient", colour=(212, 36, 36)),
            "one copy at the least salient place, 7 % of the pixels, #d42424",
        ),
        (
            Lettering(places=(0.5, 0.8), repeats=True, size_px=9.5, plate=(1, 2, 3)),
            "8 copies around 0.5, 0.8, letters of 9.5 px, on a plate",
        ),
        (
            Lettering(places="random", repeats=True, area=0.125, rotation_deg=30, opacity=0.5),
            "8 copies at random places, 12.5 % of the pixels, turned by 30 degrees, opacity 0.5",
        ),
        (
            Lettering(font="Intuitive", places=(0.5, 0.5)),
            "one copy in the middle, 7 % of the pixels, Intuitive",
        ),
    ],
)
def test_a_lettering_says_in_a_few_words_what_it_is(lettering: Lettering, told: str) -> None:
    assert lettering.told() == told
