"""A unit of an early layer points where its slopes do, and most others are not asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import neurons
from neurons import Activations, Clip
from neurons.activations.gradient_directions import gradient_directions
from neurons.activations.unit_slope_directions import unit_slope_directions

EARLY = "visual.layer3"


def test_the_unit_points_where_its_slopes_do_and_few_others_point_anywhere(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    neurons.scan(planted, images, [EARLY], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    found = unit_slope_directions(run, images, planted, f"{EARLY}:5", n_others=3)
    own = gradient_directions(run, images, planted, EARLY, [5])
    assert found.vectors.shape[0] == run.layer(EARLY).units
    assert np.allclose(found.of(5), own.of(5))
    assert np.flatnonzero(found.vectors.any(1)).size == 4 and found.of(5).any()
    assert (found.level, found.holds) == ("gradient", own.holds(5))
