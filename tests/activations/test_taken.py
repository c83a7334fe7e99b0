"""A run of a part of a set finds the same images again, and no other part goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons import Activations, Clip
from neurons.activations.run import images_of
from neurons.errors import NeuronsError
from tests.conftest import LAYER


def test_a_run_of_a_sample_reopens_the_same_images(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    drawn = neurons.images(pictures).sample(7, seed=3)
    neurons.scan(planted, drawn, [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run", images=drawn)
    assert run.spec.n_images == 7
    again = images_of(run)
    assert list(again.ids) == list(drawn.ids)
    assert neurons.top_examples(run, again, f"{LAYER}:3", count=1).n == 7
    other = neurons.images(pictures).sample(7, seed=4)
    with pytest.raises(NeuronsError, match="other settings"):
        neurons.scan(planted, other, [LAYER], tmp_path / "run")
