"""A channel surprises beside what it usually gives, and every image surprises some channel."""

from __future__ import annotations

import numpy as np

from neurons.activations.stage_reference import LayerReference
from neurons.activations.surprise import surprise


def reference(n: int = 120, units: int = 30, seed: int = 0) -> LayerReference:
    random = np.random.default_rng(seed)
    scale = np.geomspace(0.01, 100, units)
    peaks, means = (random.normal(5, 1, (n, units)) * scale for _ in range(2))
    return LayerReference(peaks.astype(np.float32), means.astype(np.float32))


def test_the_channel_that_stands_out_is_first_and_not_the_one_with_the_largest_peak() -> None:
    others = reference()
    peaks, means = others.peaks.mean(0), others.means.mean(0)
    peaks[4] += 9 * others.peaks.std(0)[4]
    means[11] += 7 * others.means.std(0)[11]
    found = surprise(others, peaks, means)
    assert found.first(2) == [4, 11] and peaks.argmax() == 29
    assert found.by_peak[4] and not found.by_peak[11]
    assert abs(found.z[4] - 9) < 1e-3 and found.p_value == 1 / 121


def test_an_image_like_the_others_surprises_no_more_than_they_do() -> None:
    others, new = reference(seed=1), reference(200, seed=2)
    found = [surprise(others, *each).p_value for each in zip(new.peaks, new.means, strict=True)]
    assert np.mean(np.array(found) <= 0.1) < 0.17 and np.mean(np.array(found) <= 0.5) < 0.62
    usual = surprise(others, new.peaks[0], new.means[0]).usual
    # the first of 60 numbers is seldom below two standard deviations
    assert 2 < usual < 3.5


def test_channels_that_never_change_or_are_not_finite_are_not_ranked() -> None:
    others = reference()
    others.peaks[:, 3] = others.pooled[:, 3] = 2
    others.peaks[0, 7] = others.pooled[0, 7] = np.nan
    peaks = others.peaks[1] + 1000
    found = surprise(others, peaks, others.means[1])
    assert found.alive == 28 and not {3, 7} & set(found.first(30))
    nothing = surprise(LayerReference(*[np.ones((50, 4), np.float32)] * 2), np.ones(4), np.ones(4))
    assert nothing.alive == 0 and nothing.first(3) == []
