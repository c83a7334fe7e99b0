"""Several texts on the same images are no independent trials, and the interval knows it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurons.attacks.pooled import pool
from neurons.stats import wilson


def planted(rng: np.random.Generator, n_texts: int, n_images: int) -> tuple[np.ndarray, np.ndarray]:
    """Give hits of texts that differ much, (texts, images), on images that differ too."""
    texts, images = rng.normal(0.5, 1.5, (n_texts, 1)), rng.normal(0, 1, n_images)
    return rng.random((n_texts, n_images)) < 1 / (1 + np.exp(-texts - images)), texts


def test_the_interval_covers_the_success_of_other_texts_and_images() -> None:
    rng = np.random.default_rng(0)
    truth = planted(rng, 4000, 400)[0].mean()
    held = naive = 0
    for _ in range(60):
        # so many images that their own spread does not cover for that of the texts
        hits, _ = planted(rng, 8, 300)
        found = pool("mine", "word", list(hits), [np.ones(300, bool)] * 8, 0)
        held += found.low <= truth <= found.high
        single = wilson(int(hits.sum()), hits.size)
        naive += single.low <= truth <= single.high
    assert held / 60 > 0.85 and naive / 60 < 0.5
    assert str(found).endswith("8 texts on 300 images)") and found.n == 2400


def test_of_few_texts_it_is_said_that_the_interval_is_of_these() -> None:
    hits = [np.arange(40) < 30, np.arange(40) < 10]
    risk = [np.arange(40) < 36, np.arange(40) >= 4]
    found = pool("mine", "word", hits, risk, 0)
    # one that was not at risk is neither in the numerator nor in the denominator
    assert (found.successes, found.n, found.n_images) == (30 + 6, 72, 40)
    assert found.low < 0.5 < found.high and "these 2 texts on 40 images" in str(found)
    alone = pool("mine", "word", hits[:1], risk[:1], 0)
    assert str(alone).endswith("n = 36)") and alone.high - alone.low > 0.2


def test_where_nothing_succeeds_the_interval_is_that_of_so_many_images() -> None:
    none = pool("mine", "blank", [np.zeros(50, bool)] * 5, [np.ones(50, bool)] * 5, 0)
    assert none.low == 0 and none.high == pytest.approx(wilson(0, 50).high)


def test_where_no_image_is_at_risk_there_is_no_success() -> None:
    nothing = pool("mine", "word", [np.ones(5, bool)], [np.zeros(5, bool)], 0)
    assert nothing.n == 0 and math.isnan(nothing.value) and str(nothing) == "-"
    assert pool("mine", "shuffled", [], [], 0).n == 0
