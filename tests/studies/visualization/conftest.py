"""The miniature, and a run of its pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip
from tests.conftest import LAYER


def pixels(image: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image)))


@pytest.fixture(scope="session")
def miniature() -> Clip:
    return neurons.load("miniature", device="cpu")


@pytest.fixture(scope="session")
def scan_run(miniature: Clip, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("scanned") / "run"
    neurons.scan(miniature, neurons.images("miniature"), [LAYER], out)
    return Activations.open(out)
