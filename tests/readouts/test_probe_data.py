"""A probe is fitted to, chosen by and tested on its own parts of the images."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.data.split import CHOOSE, FIT, TEST, UNUSED
from neurons.readouts.probe_data import ProbeData

SPLIT = np.array([FIT, TEST, FIT, CHOOSE, TEST, UNUSED, TEST, FIT], np.uint8)
LABELS = np.array([0, 1, 1, 2, 6, -1, 0, 2], np.int64)


@pytest.fixture
def data() -> ProbeData:
    values = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    return ProbeData(values, LABELS, tuple("abcdefg"), SPLIT)


def test_labels_and_logits_are_those_of_the_part(data: ProbeData) -> None:
    assert data.of(FIT).tolist() == [0, 1, 2] and data.of(CHOOSE).tolist() == [2]
    weights = np.random.default_rng(1).normal(size=(7, 5))
    intercepts = np.arange(7.0)
    found = data.logits(TEST, weights, intercepts)
    assert found.dtype == np.float64
    assert np.allclose(found, data.values[SPLIT == TEST] @ weights.T + intercepts, atol=1e-6)
    nothing = ProbeData(data.values, LABELS, data.names, np.full(8, UNUSED, np.uint8))
    assert nothing.logits(TEST, weights, intercepts).shape == (0, 7)


def test_the_fit_sees_no_image_that_chooses_or_tests(data: ProbeData) -> None:
    features = data.features("cpu", [4])
    fitted = data.values[SPLIT == FIT]
    assert np.allclose(features.mean.numpy()[:4], fitted.mean(0)[:4], atol=1e-6)


def test_answers_are_counted_by_class_and_answer(data: ProbeData) -> None:
    # every image is told to be of class c, then g, f, e, d, b, a
    order = np.array([0.0, 1, 9, 3, 4, 5, 6])
    confusion, n_top5 = data.judged(np.zeros((7, 5)), order)
    expected = np.zeros((7, 7), int)
    expected[[1, 6, 0], 2] = 1
    assert confusion.tolist() == expected.tolist()
    # g is the second; b and a are the sixth and the seventh
    assert n_top5 == 1
