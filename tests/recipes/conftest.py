"""A run and a probe of the planted pictures, made once for all recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.readouts.probe import Probe
from neurons.sparse.path import Strengths
from tests.conftest import LAYER


@pytest.fixture(scope="package")
def image_set(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


@pytest.fixture(scope="package")
def run(
    planted: Clip, image_set: ImageSet, tmp_path_factory: pytest.TempPathFactory
) -> Activations:
    folder = tmp_path_factory.mktemp("recipes") / "run"
    neurons.scan(planted, image_set, [LAYER], folder)
    return Activations.open(folder)


@pytest.fixture(scope="package")
def probe(run: Activations, image_set: ImageSet) -> Probe:
    return neurons.probe(run, image_set, LAYER, strengths=Strengths(3, 0.3), tolerance=0.01)
