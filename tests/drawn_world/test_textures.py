from __future__ import annotations

import numpy as np
import pytest

from neurons.drawn_world.textures import (
    HELD_OUT_TEXTURES,
    SIZE_PX,
    TRAINING_TEXTURES,
    noise,
    texture,
)


def test_held_out_patterns_are_of_kinds_that_training_never_has() -> None:
    kinds = [
        {name.partition("-")[0] for name in names}
        for names in (TRAINING_TEXTURES, HELD_OUT_TEXTURES)
    ]
    assert not kinds[0] & kinds[1] and kinds[1] == {"checks", "bricks"}


@pytest.mark.parametrize("i", [0, 3, 7])
def test_regular_patterns_have_the_period_of_their_number(i: int) -> None:
    period = 4 + 2 * i
    stripes = texture(f"stripes-{i}")[..., 0]
    # horizontal: light for half of a period, then dark
    for row in range(SIZE_PX):
        assert (stripes[row] == (240 if row % period < period // 2 else 40)).all()
    checks = texture(f"checks-{i}")[..., 0]
    for row, column in ((0, 0), (0, period), (period, 0), (period, period), (1, 2 * period)):
        if max(row, column) < SIZE_PX:
            light = (row // period + column // period) % 2 == 0
            assert checks[row, column] == (240 if light else 40)


def test_every_texture_is_opaque_grey_and_unlike_every_other() -> None:
    names = TRAINING_TEXTURES + HELD_OUT_TEXTURES
    seen = set()
    for name in names:
        pixels = texture(name)
        assert pixels.shape == (SIZE_PX, SIZE_PX, 4) and (pixels[..., 3] == 255).all()
        assert (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
        assert np.ptp(pixels[..., 0]) > 60, name
        seen.add(pixels.tobytes())
    assert len(seen) == len(names)


def test_noise_passes_through_its_grids_greys_and_is_straight_between_them() -> None:
    # one cell of 8 px: the corner is the grid's own grey, and rows change by even steps
    found = noise(8, (1,), seed=5)
    grid = np.random.Generator(np.random.PCG64(5)).integers(0, 256, (2, 2), dtype=np.int64)
    assert found[0, 0] == grid[0, 0]
    for x in range(8):
        between = (grid[0, 0] * (8 - x) + grid[0, 1] * x) / 8
        assert abs(found[0, x] - between) <= 1
