"""Lifts of a sparse unit come from what it fires on, never from file names."""

from __future__ import annotations

import numpy as np

from neurons.activations.class_lifts import (
    class_lifts,
    leaders,
    leading_class,
    n_of_top,
    top_mask,
)

NAMES = ("aardvark", "dog", "giraffe")


def test_equal_peaks_are_never_parted() -> None:
    # 300 images: ten giraffes fire, all others are exactly 0; dogs stand first by name
    labels = np.repeat([0, 1, 2], 100).astype(np.int32)
    peaks = np.zeros((300, 1), np.float32)
    peaks[200:210, 0] = np.arange(1, 11)
    top = np.flatnonzero(top_mask(peaks, n_of_top(300))[:, 0])
    assert top.tolist() == list(range(200, 210))
    (lift,) = class_lifts(labels, NAMES, top, np.arange(300))
    assert (lift.name, lift.n_top, lift.lift) == ("giraffe", 10, 3.0)


def test_the_top_is_so_many_where_no_peaks_are_equal_and_whole_where_they_are() -> None:
    peaks = np.stack([np.arange(100.0), np.minimum(np.arange(100.0), 40), np.zeros(100)], axis=1)
    mask = top_mask(peaks, 50)
    # 60 images share the largest peak of the second unit; of the third unit all are equal
    assert mask.sum(0).tolist() == [50, 60, 0]
    assert top_mask(peaks, 200).sum(0).tolist() == [100, 100, 0]
    assert not top_mask(peaks, 0).any()


def test_all_units_at_once_give_what_each_gives_alone() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400).astype(np.int32)
    peaks = random.normal(size=(400, 40)) + (labels == 2)[:, None] * np.linspace(0, 2, 40)
    mask, every = top_mask(peaks, 50), np.arange(400)
    found = leaders(labels, 3, mask)
    for unit in range(40):
        lifts = class_lifts(labels, NAMES, np.flatnonzero(mask[:, unit]), every)
        alone = leading_class(lifts, n_top=50, n=400, n_classes=3)
        k = int(found.classes[unit])
        assert (NAMES[k] if k >= 0 else None) == (alone.name if alone else None)
        if alone:
            together = (found.lift[unit], found.low[unit], found.high[unit])
            one = (alone.lift, alone.interval.low, alone.interval.high)
            np.testing.assert_allclose(together, one, rtol=1e-9)
    assert found.classes[-1] == 2


def test_random_units_get_a_class_in_about_one_case_of_a_hundred() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 400).astype(np.int32)
    mask = top_mask(random.normal(size=(400, 2000)), 50)
    assert 0 < (leaders(labels, 3, mask).classes >= 0).mean() <= 0.015
