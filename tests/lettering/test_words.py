from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.errors import OptionError
from neurons.lettering.lettering import Colour, Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.typefaces import BUNDLED, TypefaceWarning
from neurons.lettering.words import blank_on, shuffled, write_on
from tests.lettering.pixels import WORD, by_pillow, noise

channel = st.integers(0, 255)
colours = st.tuples(channel, channel, channel)


@settings(max_examples=150)
@given(
    font=st.sampled_from(sorted(BUNDLED)),
    size=st.integers(16, 140).map(lambda quarters: quarters / 4),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    colour=colours,
    stroke=st.integers(0, 3),
    stroke_colour=st.none() | colours,
    text=st.sampled_from(["iPod", "$$$", "fjÅgq", "pizza pie", "W", "."]),
    seed=st.integers(0, 9),
    planar=st.booleans(),
)
def test_writing_is_pillows_to_the_bit(
    font: str,
    size: float,
    place: tuple[float, float],
    colour: Colour,
    stroke: int,
    stroke_colour: Colour | None,
    text: str,
    seed: int,
    planar: bool,
) -> None:
    lettering = Lettering(
        font, size, colour=colour, stroke_px=stroke, stroke_colour=stroke_colour, places=place
    )
    pixels = noise(2, (190, 64), seed=seed)
    pixels = pixels.contiguous() if planar else pixels
    before = pixels.clone()
    written = write_on(pixels, [text, text], lettering, seeds=[0, 1])
    assert torch.equal(pixels, before)
    for made, plain, box in zip(written.pixels, pixels, written.boxes, strict=True):
        assert torch.equal(made, by_pillow(plain, text, lettering, box))


@pytest.mark.parametrize("places", ["article", "random", "least-salient", (0.2, 0.9)])
@pytest.mark.parametrize("repeats", [False, True])
def test_coverage_is_a_count_of_changed_pixels_and_boxes_hold_them_all(
    places: str | tuple[float, float], repeats: bool
) -> None:
    pixels = noise(3, (160, 120))
    lettering = Lettering(places=places, repeats=repeats)
    written = write_on(pixels, ["iPod", "$$$", "iPod"], lettering, seeds=[1, 2, 3])
    changed = (written.pixels != pixels).any(1)
    assert torch.equal(written.coverage, changed.flatten(1).sum(1).float() / (160 * 120))
    for plane, (left, top, right, bottom) in zip(changed, written.boxes.tolist(), strict=True):
        assert plane[top:bottom, left:right].sum() == plane.sum() > 0
        assert plane[top].any() or plane[top + 1].any()


def test_a_word_of_the_grounds_own_colour_changes_nothing() -> None:
    black = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)
    written = write_on(black, ["iPod"], dataclasses.replace(WORD, stroke_px=0), seeds=[0])
    assert written.coverage.tolist() == [0.0]
    assert torch.equal(written.pixels, black)


def test_eight_copies_share_the_area() -> None:
    grey = torch.full((1, 3, 288, 288), 128, dtype=torch.uint8)
    for lettering in (Lettering(), Lettering(places="random", repeats=True)):
        coverage = float(write_on(grey, ["pizza"], lettering, seeds=[0]).coverage[0])
        assert coverage == pytest.approx(0.07, rel=0.06)


def test_what_does_not_fit_is_told() -> None:
    pixels = noise(1)
    with pytest.raises(OptionError, match=r"'iPod' cannot cover 0\.8 .* largest size.* ask for l"):
        write_on(pixels, ["iPod"], dataclasses.replace(WORD, area=0.8), seeds=[0])
    with pytest.raises(OptionError, match=r"cannot cover 0\.001 .* smallest size.* ask for more"):
        write_on(pixels, ["iPod"], dataclasses.replace(WORD, area=0.001), seeds=[0])
    with pytest.raises(OptionError, match=r"too long: even at 4 px .* one copy on 96 x 96 px"):
        write_on(pixels, ["notwithstanding " * 5], WORD, seeds=[0])
    with pytest.raises(OptionError, match=r"at 90 px is \d+ x \d+ px: no room for one copy"):
        write_on(pixels, ["iPod"], dataclasses.replace(WORD, size_px=90), seeds=[0])
    with pytest.raises(OptionError, match=r"no room for 8 copies"):
        write_on(pixels, ["library"], Lettering(size_px=30), seeds=[0])


@pytest.mark.parametrize("plate", [None, (250, 250, 240)])
@pytest.mark.parametrize("places", ["article", "random", (0.4, 0.6)])
def test_a_blank_covers_as_much_in_the_same_place_and_has_no_letters(
    plate: Colour | None, places: str | tuple[float, float]
) -> None:
    grey = torch.full((2, 3, 224, 224), 128, dtype=torch.uint8)
    lettering = Lettering(places=places, plate=plate, area=0.1)
    written = write_on(grey, ["iPod", "pizza"], lettering, seeds=[5, 6])
    blank = blank_on(grey, ["iPod", "pizza"], lettering, seeds=[5, 6])
    assert torch.equal(written.boxes, blank.boxes)
    # masks of 1 in 255 do not show on mid-grey
    torch.testing.assert_close(written.coverage, blank.coverage, rtol=0.005, atol=0)
    colours = blank.pixels.permute(0, 2, 3, 1).reshape(-1, 3).unique(dim=0).tolist()
    assert sorted(colours) == sorted([[128, 128, 128], list(plate or lettering.colour)])


def test_a_plate_lies_behind_the_whole_word() -> None:
    black = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)
    paper = dataclasses.replace(WORD, plate=(255, 255, 255), stroke_px=0, size_px=20)
    written = write_on(black, ["iPod"], paper, seeds=[0])
    left, top, right, bottom = written.boxes[0].tolist()
    inside = written.pixels[0, :, top:bottom, left:right]
    assert (written.pixels > 0).sum() == (inside > 0).sum()
    # the paper's rim is bare, and black letters stand inside it
    assert (inside[:, 0] == 255).all() and (inside[:, :, -1] == 255).all() and (inside == 0).any()


def test_each_image_has_its_own_word_whoever_stands_beside_it() -> None:
    pixels = noise(4, seed=3)
    texts = ["iPod", "$$$", "iPod", "meow"]
    for places in ("article", "random", "least-salient"):
        lettering = Lettering(places=places)
        together = write_on(pixels, texts, lettering, seeds=[7, 8, 9, 10])
        for i, text in enumerate(texts):
            alone = write_on(pixels[i : i + 1], [text], lettering, seeds=[7 + i])
            assert torch.equal(alone.pixels[0], together.pixels[i])
            assert alone.coverage[0] == together.coverage[i]
            assert torch.equal(alone.boxes[0], together.boxes[i])


@given(text=st.text("abc$ ", min_size=1, max_size=12), seed=st.integers(0, 99))
def test_shuffled_letters_are_the_same_in_another_order(text: str, seed: int) -> None:
    text = text.strip()
    found = shuffled(text, seed)
    assert sorted(found) == sorted(text) and found == found.strip()
    if len(set(text.replace(" ", ""))) > 1:
        assert found != text
    assert found == shuffled(text, seed)


def test_a_text_that_cannot_be_shuffled_stays() -> None:
    assert shuffled("$$$", 3) == "$$$" and shuffled("a", 0) == "a" and shuffled("", 0) == ""
    assert shuffled("a a", 0) == "a a"


def test_a_missing_letter_is_written_by_another_typeface_with_a_warning() -> None:
    fitted_stamp.cache_clear()
    with pytest.warns(TypefaceWarning, match="AmaticSC-Bold"):
        written = write_on(noise(1), ["שלום"], WORD, seeds=[0])
    assert written.coverage[0] > 0.05


def test_right_to_left_is_pillows_too() -> None:
    hebrew = Lettering("AmaticSC-Bold", 40, places=(0.3, 0.4))
    pixels = noise(1)
    written = write_on(pixels, ["שלום"], hebrew, seeds=[0])
    assert torch.equal(written.pixels[0], by_pillow(pixels[0], "שלום", hebrew, written.boxes[0]))


def test_no_images_are_written_on_without_complaint() -> None:
    for places in ("article", "random", "least-salient"):
        written = write_on(noise(0), [], Lettering(places=places), seeds=[])
        assert written.pixels.shape == (0, 3, 96, 96)
        assert written.coverage.shape == (0,) and written.boxes.shape == (0, 4)


def test_pixels_and_texts_of_the_wrong_kind_are_told() -> None:
    with pytest.raises(OptionError, match="float32"):
        write_on(noise(1).float(), ["iPod"], WORD, seeds=[0])
    with pytest.raises(OptionError, match="2 images, 1 texts and 2 seeds"):
        write_on(noise(2), ["iPod"], WORD, seeds=[0, 1])
