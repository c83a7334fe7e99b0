"""An image that two systems place differently comes first; unrelated systems give one half."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.activations.differing_neighbours import CHANCE, differing_images
from neurons.alignment.responses import Responses


def test_the_image_that_moved_comes_first_with_its_nearest_in_either_system() -> None:
    random = np.random.default_rng(0)
    centres = np.repeat(np.eye(5) * 20, 12, axis=0)
    values = centres + random.normal(size=(60, 5))
    moved = values.copy()
    moved[3] = values[50] + 0.01
    found, median = differing_images(Responses("x", values), Responses("y", moved), k=5, count=3)
    assert found[0].image == 3 and found[0].difference > 0.3 > median
    assert all(i < 12 for i in found[0].nearest) and found[0].nearest_other[0] == 50
    # it is nobody's own neighbour
    assert all(each.image not in (*each.nearest, *each.nearest_other) for each in found)


def test_the_same_system_differs_nowhere_and_unrelated_ones_by_one_half() -> None:
    random = np.random.default_rng(0)
    x, y = (Responses("x", random.normal(size=(200, 30))) for _ in range(2))
    found, median = differing_images(x, Responses("x", 2 * x.values + 1), count=1)
    assert found[0].difference == pytest.approx(0) and median == pytest.approx(0)
    assert differing_images(x, y)[1] == pytest.approx(CHANCE, abs=0.03)
