"""Planted units are chosen on every resample; overlap and frequency are what counting gives."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from neurons import Activations, ImageSet
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.sparse.path import Strengths, UnitsPerClass
from neurons.studies.probe.fit import probe
from neurons.studies.probe.stability import Stability, _overlap, _resample, stability
from tests.conftest import LAYER, RED, STRIPE
from tests.studies.probe.conftest import SHORT
from tests.studies.probe.planted_run import PLANTED, planted_run

Scanned = tuple[Activations, ImageSet]


@pytest.fixture(scope="module")
def found(scanned: Scanned, fitted: Probe) -> Stability:
    run, images = scanned
    return stability(fitted, run, images, n_resamples=12)


def test_planted_units_are_stable_and_chance_units_are_not(
    scanned: Scanned, fitted: Probe, found: Stability, tmp_path: Path
) -> None:
    run, images = scanned
    red, stripe = fitted.index_of("red"), fitted.index_of("stripe")
    assert found.frequency[red, RED] == found.frequency[stripe, STRIPE] == 1
    assert found.low[red, RED] > 0
    assert (found.low <= found.high).all()
    unused = fitted.weights == 0
    assert found.frequency[unused].mean() < 0.2
    found.save(tmp_path)
    assert np.array_equal(Stability.load(tmp_path).frequency, found.frequency)
    with pytest.raises(OptionError, match="10 resamples or more"):
        stability(fitted, run, images, n_resamples=3)


def test_overlap_is_jaccards_mean_over_pairs() -> None:
    random = np.random.default_rng(0)
    chosen = random.random((5, 3, 20)) < 0.3
    chosen[:, 2] = False
    chosen[0, 1] = False
    for k in range(2):
        shares = [
            len(a & b) / len(a | b)
            for a, b in combinations([set(np.flatnonzero(row)) for row in chosen[:, k]], 2)
            if a | b
        ]
        assert _overlap(chosen)[k] == pytest.approx(np.mean(shares))
    # nothing was chosen: there is nothing to share
    assert np.isnan(_overlap(chosen)[2])
    assert _overlap(np.ones((4, 1, 6), bool))[0] == 1


def test_a_resample_draws_each_class_as_often_as_it_has_images() -> None:
    labels = np.array([0] * 5 + [1] * 9 + [2] * 2)
    drawn = np.stack([_resample(np.random.default_rng(seed), labels) for seed in range(400)])
    for k in range(3):
        assert set(drawn[:, labels == k].sum(1)) == {(labels == k).sum()}
    # with replacement: of n images (1 - 1 / n)^n are left out
    missed = (drawn[:, labels == 1] == 0).mean()
    assert missed == pytest.approx((8 / 9) ** 9, abs=0.03)


def test_it_says_how_many_weights_stay(found: Stability, fitted: Probe) -> None:
    used = fitted.weights != 0
    assert found.n_weights == used.sum()
    assert found.n_sure == (found.frequency[used] >= 0.9).sum() > 0
    assert found.mean_overlap == pytest.approx(np.nanmean(found.overlap))
    assert f"share {found.mean_overlap:.0%}" in found.verdict()
    rows = found.to_pandas()
    assert len(rows) == (used | (found.frequency > 0)).sum()
    surest = rows[(rows["class"] == "red") & (rows["neuron"] == f"{LAYER}:{RED}")].iloc[0]
    assert (surest["frequency"], surest["n_resamples"]) == (1, 12)
    assert 0 < surest["interval.low"] <= surest["interval.high"]
    nothing = replace(found, overlap=np.full_like(found.overlap, np.nan))
    assert nothing.verdict().startswith("Nothing can be said") and np.isnan(nothing.mean_overlap)


def test_what_was_left_out_of_the_probe_is_left_out_of_every_resample(scanned: Scanned) -> None:
    run, images = scanned
    bare = probe(run, images, LAYER, strengths=SHORT, without=[f"{LAYER}:{RED}"])
    found = stability(bare, run, images, n_resamples=10)
    assert not found.frequency[:, RED].any() and not found.high[:, RED].any()
    assert found.frequency[:, STRIPE].any()


def test_units_that_stand_for_each_other_come_and_go_with_the_images(tmp_path: Path) -> None:
    """Two noisy copies of what tells the classes: which of them is taken depends on the images."""
    random, labels = np.random.default_rng(0), np.arange(120) % 2
    values = np.maximum(random.normal(size=(120, 6)), 0)
    values[:, :2] += 2 * labels[:, None] + random.normal(0, 1, (120, 2))
    run, images = planted_run(tmp_path, values, labels.tolist(), ("ant", "bee"))
    sparse = probe(run, images, PLANTED, strengths=Strengths(8, 0.3), choose=UnitsPerClass(1))
    found = stability(sparse, run, images, n_resamples=16)
    often = found.frequency[found.weights != 0]
    # of the images as they are, every fit would be the same one
    assert ((found.frequency > 0) & (found.frequency < 1)).any()
    assert found.mean_overlap < 1 and (found.high > found.low).any() and len(often)
