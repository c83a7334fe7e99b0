"""A box is a plain value: equal by its sides, and never changed."""

from __future__ import annotations

import dataclasses

import pytest

from neurons.geometry import Box


def test_a_box_is_its_four_sides_in_order() -> None:
    box = Box(0.1, 0.2, 0.7, 0.9)
    assert (box.left, box.top, box.right, box.bottom) == (0.1, 0.2, 0.7, 0.9)
    assert len({box, Box(0.1, 0.2, 0.7, 0.9), Box(0.1, 0.2, 0.7, 1.0)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        box.left = 0.0  # type: ignore[misc]
