"""A class's mean is over its own images."""

from __future__ import annotations

import numpy as np

from neurons.activations.class_means import class_means


def test_means_are_per_class_and_unit() -> None:
    peaks = np.array([[1, 10], [3, 30], [5, 50]], np.float32)
    found = class_means(peaks, np.array([1, 0, 1], np.int32), 2)
    assert found.tolist() == [[3, 30], [3, 30]]
    assert class_means(peaks, np.array([0, 1, 1], np.int32), 2).tolist() == [[1, 10], [4, 40]]
