from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.stamps import Stamp, blank_stamp, word_stamp
from neurons.lettering.typefaces import typeface_for
from tests.lettering.pixels import WORD


def test_a_turned_word_is_pillows_rotation_of_the_mask() -> None:
    flat = dataclasses.replace(WORD, size_px=24, stroke_px=0)
    turned = fitted_stamp("iPod", dataclasses.replace(flat, rotation_deg=90), (96, 96))
    upright = fitted_stamp("iPod", flat, (96, 96))
    assert (turned.letters[0].mask == np.rot90(upright.letters[0].mask)).all()
    slanted = fitted_stamp("iPod", dataclasses.replace(flat, rotation_deg=30), (96, 96))
    assert slanted.height > upright.height
    assert slanted.ink == pytest.approx(upright.ink, rel=0.35)
    assert fitted_stamp("iPod", dataclasses.replace(flat, rotation_deg=360), (96, 96)).anchor


def stamp_of(text: str = "iPod", **options: object) -> Stamp:
    lettering = dataclasses.replace(WORD, **options)  # type: ignore[arg-type]
    return word_stamp(text, typeface_for(lettering.font, text, 24), lettering)


def test_a_stroke_of_the_letters_own_colour_makes_one_mask_of_another_two() -> None:
    own = stamp_of(stroke_px=2, stroke_colour=None)
    other = stamp_of(stroke_px=2, stroke_colour=(255, 0, 0))
    assert [mask.colour for mask in own.masks] == [(0, 0, 0)]
    # the stroke lies below the letters and reaches further
    assert [mask.colour for mask in other.masks] == [(255, 0, 0), (0, 0, 0)]
    stroke, letters = (mask.mask for mask in other.masks)
    assert (stroke[letters > 0] > 0).all() and (stroke > 0).sum() > (letters > 0).sum()
    assert own.ink == other.ink == (stroke > 0).sum()


def test_a_plate_is_a_quarter_of_an_em_larger_each_way() -> None:
    bare, plated = stamp_of(), stamp_of(plate=(250, 250, 240))
    assert (plated.width, plated.height) == (bare.width + 2 * 6, bare.height + 2 * 6)
    assert plated.plate is not None and (plated.plate.mask == 255).all()
    assert plated.anchor == (bare.anchor[0] + 6, bare.anchor[1] + 6)
    assert plated.masks[0] is plated.plate and plated.ink == plated.width * plated.height


def test_a_blank_has_as_much_ink_in_the_middle_of_the_letters_box() -> None:
    stamp = stamp_of(stroke_px=1)
    blank = blank_stamp(stamp)
    assert (blank.width, blank.height, blank.ink) == (stamp.width, stamp.height, stamp.ink)
    rows, columns = np.nonzero(blank.letters[0].mask)
    assert abs((rows.min() + rows.max()) / 2 - (stamp.height - 1) / 2) <= 1
    assert abs((columns.min() + columns.max()) / 2 - (stamp.width - 1) / 2) <= 1
    # a filled patch of the letters' colour: only its last row may be unfinished
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert height * width - width < blank.ink <= height * width
    assert blank.letters[0].colour == stamp.letters[-1].colour


def test_a_blank_of_a_plate_is_the_bare_plate() -> None:
    blank = blank_stamp(stamp_of(plate=(250, 250, 240)))
    assert blank.letters == () and blank.plate is not None
    assert blank.ink == blank.width * blank.height
