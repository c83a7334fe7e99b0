"""Form is told from colour, and both from what shifted copies share by chance."""

from __future__ import annotations

import numpy as np

from neurons.visualization.inversion_kept import kept


def smooth(seed: int, side: int = 48) -> np.ndarray:
    """An image of a few coloured blobs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    found = np.full((side, side, 3), 120.0)
    for _ in range(8):
        a, b = random.random(2)
        blob = np.exp(-((y - a) ** 2 + (x - b) ** 2) / 0.01)
        found += blob[..., None] * random.uniform(-90, 90, 3)
    return found.clip(0, 255).astype(np.uint8)


def grey_of(image: np.ndarray) -> np.ndarray:
    light = image @ np.array([0.299, 0.587, 0.114])
    return np.repeat(light[..., None], 3, 2).round().astype(np.uint8)


def test_an_image_keeps_itself_and_its_grey_copy_keeps_its_form_only() -> None:
    image = smooth(0)
    same, grey = kept(image, image), kept(grey_of(image), image)
    assert same.form > 0.999 and same.colour > 0.999 and same.has_form and same.has_colour
    assert grey.form > 0.99 and grey.has_form
    assert not grey.has_colour


def test_a_tint_that_follows_brightness_is_no_colour() -> None:
    light = grey_of(smooth(1))[..., 0].astype(float)
    tinted = np.stack([0.9 * light, 0.5 * light + 40, 0.2 * light + 90], 2)
    # the image has the same tint, and some colour of its own
    own = (smooth(9)[..., 0].astype(float) - 120)[..., None] / 8 * np.array([2, -1, 0])
    picture, image = (each.clip(0, 255).astype(np.uint8) for each in (tinted, tinted + own))
    found = kept(picture, image)
    assert found.has_form and not found.has_colour
    assert kept(image, image).has_colour


def test_other_images_seldom_pass_for_this_one() -> None:
    image = smooth(2)
    found = [kept(smooth(seed), image) for seed in range(10, 40)]
    # one in twenty by the control, and shifts of few blobs are few draws
    assert sum(each.has_form for each in found) <= 5
    assert sum(each.has_colour for each in found) <= 5


def test_a_blank_image_has_neither() -> None:
    blank = np.full((32, 32, 3), 77, np.uint8)
    found = kept(smooth(3, 32), blank)
    assert np.isnan([found.form, found.colour]).all()
    assert not found.has_form and not found.has_colour
