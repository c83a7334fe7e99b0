"""A place of a map lies where it lies on the image, and its sign is seen."""

from __future__ import annotations

import numpy as np

from neurons.data.overlay import overlaid


def test_a_map_that_is_not_square_is_not_turned_and_the_signs_have_their_colours() -> None:
    values = np.zeros((2, 4))
    values[0, 3], values[1, 0] = 2.0, -1.0
    found = overlaid(np.full((40, 80, 3), 128, np.uint8), values).astype(int)
    assert found.shape == (120, 240, 3)
    colour = found[..., 0] - found[..., 2]
    warm, cool = np.argwhere(colour > 20), np.argwhere(colour < -20)
    assert warm.min(0).tolist() == [0, 180] and warm.max(0).tolist() == [59, 239]
    assert cool.min(0).tolist() == [60, 0] and cool.max(0).tolist() == [119, 59]
    # half as strong is half as opaque
    assert colour[0, 239] > -colour[119, 0] > 0
    untouched = found[0, 0]
    assert untouched.tolist() == [128, 128, 128]


def test_maps_that_share_a_scale_can_be_compared() -> None:
    grey, one = np.full((10, 10, 3), 100, np.uint8), np.ones((1, 1))
    weak = overlaid(grey, one, largest=10.0).astype(int)
    assert weak[0, 0, 0] - 100 < (overlaid(grey, one).astype(int)[0, 0, 0] - 100) / 5
    assert (overlaid(grey, 0 * one) == 100).all()
