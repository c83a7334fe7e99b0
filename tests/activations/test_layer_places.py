"""Points that lie on a plane are laid out with the distances that they have."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.activations.layer_places import layer_places, scaled
from neurons.alignment.responses import Responses


def test_distances_on_a_plane_are_kept() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    placed = scaled(distances)
    np.testing.assert_allclose(np.linalg.norm(placed[:, None] - placed, axis=2), distances)


def test_one_layer_or_none_alike_can_be_placed() -> None:
    random = np.random.default_rng(0)
    table = Responses("a", random.normal(size=(30, 4)))
    one = layer_places([("one", [table])])
    assert one.places.shape == (1, 2) and np.isnan(one.kept)
    turned = table.values @ np.linalg.qr(random.normal(size=(4, 4)))[0]
    two = layer_places([("one", [table]), ("two", [Responses("b", turned)])])
    assert two.distances[0, 1] == pytest.approx(0, abs=1e-6)
