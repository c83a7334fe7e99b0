"""The mean is over the places that a readout takes, and images without a number are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations
from neurons.activations.mean_activations import mean_activations
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing


@pytest.fixture
def run(tmp_path: Path) -> Activations:
    """Two images, 300 units, a map of 2 x 3 and a class token."""
    (tmp_path / "set").mkdir()
    for i in range(2):
        Image.new("RGB", (4, 4), (i,) * 3).save(tmp_path / "set" / f"{i}.png")
    images = neurons.images(tmp_path / "set")
    layer = LayerSpec("layer", "Planted", 300, 2, 3, True, (0.0, 0.0, 1.0, 1.0))
    spec = RunSpec(2, (layer,), 0, 2, "float32", False, {"images": images.provenance()})
    means = np.stack([np.full(300, 1.0), np.arange(300.0)]).astype(np.float32)
    means[1, 1], means[:, 2] = np.nan, np.nan
    values, token = {"layer": means}, {"layer": 10 * means}
    where = {"layer": np.zeros((2, 300), np.int32)}
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        writer.commit(Shard(0, values, values, where, token, None, None, {}))
    return Activations.open(tmp_path / "run")


def test_the_mean_is_over_the_places_that_the_readout_takes(run: Activations) -> None:
    # unit 299: 1 and 299 on the map, ten times that in the class token
    for places, expected in ((0, 150), (6, 150), (1, 1500), (7, (1500 + 6 * 150) / 7)):
        assert mean_activations(run, "layer", places=places).mean[299] == pytest.approx(expected)


def test_units_that_do_not_differ_or_have_no_number_are_not_alive(run: Activations) -> None:
    found = mean_activations(run, "layer")
    # 1 on both images; nan on the second; nan on both
    assert not found.alive[[1, 2]].any() and found.mean[1] == 1 and np.isnan(found.mean[2])
    assert found.alive[0] and found.alive[3:].all()
