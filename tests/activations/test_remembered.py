"""A remembered run gives every unit what the run gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons import Activations
from neurons.activations.remembered import RememberedActivations
from neurons.errors import NeuronNotFoundError
from tests.activations.stores import UNITS, write_run


def test_units_of_every_block_are_those_of_the_run(pictures: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "run", neurons.images(pictures))
    run = Activations.open(tmp_path / "run")
    remembered = RememberedActivations.of(run)
    for unit in (0, 127, 128, 700, UNITS - 1, 3):
        address = f"layer:{unit}"
        assert remembered.peak(address).tobytes() == run.peak(address).tobytes()
        assert remembered.mean(address).tobytes() == run.mean(address).tobytes()
        assert remembered.position(address).tobytes() == run.position(address).tobytes()
    assert remembered.good_rows().tolist() == run.good_rows().tolist()
    with pytest.raises(NeuronNotFoundError):
        remembered.peak(f"layer:{UNITS}")
