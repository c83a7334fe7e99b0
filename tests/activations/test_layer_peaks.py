"""A layer is read in blocks that hold every unit once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import neurons
from neurons import Activations, Clip
from neurons.activations.layer_peaks import peak_blocks
from tests.conftest import LAYER


def test_blocks_are_the_columns_in_order(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    neurons.scan(planted, neurons.images(pictures), [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    rows = np.array([3, 1, 30])
    blocks = list(peak_blocks(run, LAYER, rows))
    assert [start for start, _ in blocks] == [0, 128]
    whole = np.concatenate([block for _, block in blocks], axis=1)
    assert whole.shape == (3, 256)
    for unit in (0, 3, 200):
        np.testing.assert_array_equal(whole[:, unit], run.peak(f"{LAYER}:{unit}")[rows])
