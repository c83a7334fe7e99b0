"""A probe whose every number is written down."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.readouts.probe import Probe
from neurons.sparse.path import PathStep


def step(strength: float, units_per_class: float) -> PathStep:
    return PathStep(strength, 1e-4, True, 9, units_per_class, 3, 0.5, 0.1, 0.75)


@pytest.fixture
def probe() -> Probe:
    """Three classes and four units; unit 3 never varied, unit 2 serves no class."""
    weights = np.array([[2.0, -1, 0, 0], [0, 3, 0, 0], [1, 1, 0, 0]], np.float32)
    return Probe(
        provenance={},
        layer="visual.layer4",
        pooling="peak",
        class_names=("ant", "bee", "cow"),
        rule="the smallest held-out loss",
        l1_ratio=1.0,
        steps=(step(1.0, 0.0), step(0.5, 1.0), step(0.1, 5 / 3)),
        chosen=2,
        split=np.array([1, 2, 3], np.uint8),
        weights=weights,
        intercepts=np.array([0.5, 0, -1], np.float32),
        means=np.zeros(4, np.float32),
        scales=np.array([0.5, 2, 1, 0], np.float32),
        confusion=np.array([[3, 1, 0], [0, 4, 0], [2, 1, 1]], np.int32),
        n_top5=12,
    )
