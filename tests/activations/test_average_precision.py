"""Average precision of many units is what scikit-learn gives of each, ties and all."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from neurons.activations.average_precision import (
    average_precision,
    average_precision_interval,
    places,
)


@pytest.mark.parametrize("levels", [3, 40, 10_000])
def test_it_is_scikit_learns(levels: int) -> None:
    random = np.random.default_rng(levels)
    peaks = random.integers(0, levels, (60, 12)).astype(np.float32)
    mine = random.random(60) < 0.2
    found = average_precision(places(peaks)[mine])
    expected = [average_precision_score(mine, peaks[:, i]) for i in range(12)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_interval_is_that_of_resampled_positives_and_holds_the_value() -> None:
    random = np.random.default_rng(0)
    scores = np.concatenate([random.normal(1.5, 1, 30), random.normal(0, 1, 970)])
    place = places(scores[:, None])[:30, 0]
    value = float(average_precision(place[:, None])[0])
    found = average_precision_interval(place)
    assert found.low < value < found.high
    # by hand: positives drawn anew, the negatives kept
    drawn = []
    for _ in range(300):
        rows = random.integers(0, 30, 30)
        all_scores = np.concatenate([scores[rows], scores[30:]])
        drawn.append(average_precision_score([1] * 30 + [0] * 970, all_scores))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)


def test_a_perfect_unit_has_no_spread() -> None:
    found = average_precision_interval(np.array([1, 2, 3, 4], np.int32))
    assert (found.low, found.high) == (1.0, 1.0)
