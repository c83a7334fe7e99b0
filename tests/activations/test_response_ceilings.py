"""Ceilings stand on trials that were there, wherever they stand in the array."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.activations.aligned_layers import aligned_layers, tables_of
from neurons.activations.common_images import common_images
from neurons.activations.response_ceilings import response_ceilings
from neurons.alignment.measures import EVERY_MEASURE
from neurons.data.responses import responses

N = 150


def test_trials_that_lack_are_no_trials() -> None:
    random = np.random.default_rng(0)
    model = random.normal(size=(N, 6))
    trials = model[:, None] + random.normal(size=(N, 4, 6))
    # every image has three of four trials, another one lacks each time; some have one only
    trials[np.arange(N), np.arange(N) % 4] = np.nan
    trials[:20] = np.where(np.arange(4)[:, None] == (np.arange(20) % 4 + 1)[:, None, None] % 4,
                           trials[:20], np.nan)  # fmt: skip
    ids = [str(i) for i in range(N)]
    common = common_images(responses({"m": model}, ids=ids), responses({"v": trials}, ids=ids))
    xs, ys = (tables_of(side, side.system.layers) for side in common.sides)
    rsa = [each for each in EVERY_MEASURE if each.name == "rsa"]
    measured = aligned_layers(xs, ys, rsa, n_permutations=19, n_resamples=20)
    (found,) = response_ceilings(common.sides[1], ys, xs, measured)
    assert (found.n_repeats, found.n) == (3, N - 20)
    # variance of the signal 1, of the noise of a mean of three 1 / 3
    assert found.r == pytest.approx(np.sqrt(0.75), abs=0.04)
    assert found.predicted_by == "" and np.isnan(found.corrected)
    assert response_ceilings(common.sides[0], xs, ys, measured) == ()


def test_responses_that_stand_first_are_predicted_by_ridge_that_goes_back() -> None:
    random = np.random.default_rng(0)
    sign = random.normal(size=(N, 1))
    # "many" tells all eight units, "one" is told by them best, and tells a single one of them
    truth = np.hstack([sign, random.normal(size=(N, 7))])
    many = truth @ np.linalg.qr(random.normal(size=(8, 8)))[0]
    trials = truth[:, None] + 0.5 * random.normal(size=(N, 2, 8))
    ids = [str(i) for i in range(N)]
    model = responses({"one": sign, "many": many + 0.5 * random.normal(size=(N, 8))}, ids=ids)
    common = common_images(responses({"v": trials}, ids=ids), model)
    xs, ys = (tables_of(side, side.system.layers) for side in common.sides)
    ridge = [each for each in EVERY_MEASURE if each.name == "ridge"]
    measured = aligned_layers(xs, ys, ridge, n_permutations=19, n_resamples=20)
    (found,) = response_ceilings(common.sides[0], xs, ys, measured, first=True)
    assert measured[0].matches[0].other == "one"
    assert (found.predicted_by, found.n_units, found.n) == ("many", 8, N)
    assert response_ceilings(common.sides[1], ys, xs, measured) == ()
