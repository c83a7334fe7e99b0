"""Top-k, buckets and lift are what brute force finds, ties, gaps and all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurons
from neurons import Activations, Clip, Neuron, spectrum, top_examples
from neurons.errors import OptionError, StaleActivationsError
from neurons.stats import wilson
from neurons.studies.units.examples import TopExamples, class_lifts, extremes
from neurons.studies.units.spectrum import Spectrum, bucket_members
from tests.conftest import LAYER, RED


@st.composite
def scans(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """Peaks with many ties, some rows skipped, ids in no order, labels with gaps."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    levels = draw(st.sampled_from([2, 5, 1000]))
    peaks = np.maximum(rng.integers(-levels, levels, n), 0).astype(np.float32)
    skipped = rng.random(n) < draw(st.sampled_from([0.0, 0.3]))
    peaks[skipped] = np.nan
    ids = [f"{i:03}" for i in rng.permutation(n)]
    labels = rng.integers(-1, 4, n).astype(np.int32)
    return peaks, np.flatnonzero(~skipped), ids, labels


@settings(max_examples=200)
@given(scans(), st.integers(1, 70), st.booleans())
def test_extremes_are_what_sorting_everything_gives(scan, count: int, largest: bool) -> None:
    peaks, good, ids, _ = scan
    sign = -1 if largest else 1
    expected = sorted(good.tolist(), key=lambda row: (sign * peaks[row], ids[row]))[:count]
    assert extremes(peaks, good, ids, count, largest=largest) == expected


@settings(max_examples=200)
@given(scans(), st.integers(1, 12))
def test_buckets_are_numpys_and_hold_every_value_once(scan, n: int) -> None:
    peaks, good, _, _ = scan
    values = peaks[good].astype(np.float64)
    if len(values) == 0 or np.ptp(values) == 0:
        return
    edges = np.linspace(values.min(), values.max(), n + 1)
    members = bucket_members(values, edges)
    assert [len(rows) for rows in members] == np.histogram(values, edges)[0].tolist()
    assert sorted(np.concatenate(members).tolist()) == list(range(len(values)))


@settings(max_examples=200)
@given(scans(), st.integers(1, 30))
def test_lifts_are_what_counting_by_hand_gives(scan, n_top: int) -> None:
    peaks, good, ids, labels = scan
    names = ["ant", "bee", "cow", "dog"]
    top = extremes(peaks, good, ids, n_top, largest=True)
    found = {lift.name: lift for lift in class_lifts(labels, names, top, good)}
    known = [row for row in good.tolist() if labels[row] >= 0]
    known_top = [row for row in top if labels[row] >= 0]
    for label, name in enumerate(names):
        k = sum(labels[row] == label for row in known_top)
        if k < 2:
            assert name not in found
            continue
        share = sum(labels[row] == label for row in known) / len(known)
        assert found[name].n_top == k
        assert found[name].lift == pytest.approx(k / len(known_top) / share)
        low = wilson(k, len(known_top)).low / share
        assert found[name].interval.low == pytest.approx(low)
    lows = [lift.interval.low for lift in class_lifts(labels, names, top, good)]
    assert lows == sorted(lows, reverse=True)


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("examples") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return Activations.open(out)


def test_the_planted_class_is_over_represented_at_the_top(run: Activations, pictures: Path) -> None:
    images = neurons.images(pictures)
    found = top_examples(run, images, Neuron(LAYER, RED))
    # "the top" is at least 50 images: here all, and no class is more frequent there than anywhere
    assert (found.n_top, found.lifts) == (40, ())
    # by the mean over the map, noise falls behind: what is left at the top is what was planted
    means = run.mean(Neuron(LAYER, RED))
    top = extremes(means, run.good_rows(), images.ids, 8, largest=True)
    (lift,) = class_lifts(images.require_labels(), images.class_names, top, run.good_rows())
    assert (lift.name, lift.n_top, lift.lift) == ("red", 8, 4.0)
    assert lift.interval.low > 1
    for example in found.top:
        assert example.label in example.image_id
        assert example.thumbnail


def test_the_spectrum_covers_the_range_and_samples_by_its_seed(
    run: Activations, pictures: Path
) -> None:
    images, red = neurons.images(pictures), Neuron(LAYER, RED)
    one = spectrum(run, images, red, per_bucket=2)
    assert one == spectrum(run, images, red, per_bucket=2)
    other = spectrum(run, images, red, per_bucket=2, seed=1)
    assert [b.n for b in one.buckets] == [b.n for b in other.buckets]
    assert one.buckets != other.buckets
    assert sum(bucket.n for bucket in one.buckets) == one.n == 40
    assert one.buckets[0].low == one.minimum
    assert one.buckets[-1].high == one.maximum
    for bucket in one.buckets:
        assert len(bucket.sampled) == min(2, bucket.n)
        for example in bucket.sampled:
            assert bucket.low <= example.peak <= bucket.high
    width = one.density_x[1] - one.density_x[0]
    assert sum(one.density) * width == pytest.approx(1, rel=1e-6)
    peaks = run.peak(red)
    assert one.sparsity == pytest.approx(float((peaks == 0).mean()))


def test_results_reload_equal(run: Activations, pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(pictures)
    top = top_examples(run, images, Neuron(LAYER, RED), count=3)
    whole = spectrum(run, images, Neuron(LAYER, RED), per_bucket=1)
    top.save(tmp_path / "top")
    whole.save(tmp_path / "whole")
    assert TopExamples.load(tmp_path / "top") == top
    assert Spectrum.load(tmp_path / "whole") == whole


def test_other_images_and_odd_numbers_are_refused(run: Activations, pictures: Path) -> None:
    fewer = neurons.images(sorted(pictures.rglob("*.png"))[:7])
    with pytest.raises(StaleActivationsError, match="the run has 40, asked is 7"):
        top_examples(run, fewer, Neuron(LAYER, 0))
    images = neurons.images(pictures)
    with pytest.raises(OptionError, match="^count is 0"):
        top_examples(run, images, Neuron(LAYER, 0), count=0)
    with pytest.raises(OptionError, match="top_share is 0"):
        top_examples(run, images, Neuron(LAYER, 0), top_share=0)
    with pytest.raises(OptionError, match="no spectrum"):
        spectrum(run, images, Neuron(LAYER, 0), n_buckets=0)


def test_without_labels_there_are_no_lifts(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(sorted(pictures.rglob("*.png")))
    neurons.scan(planted, images, [LAYER], tmp_path / "run")
    found = top_examples(Activations.open(tmp_path / "run"), images, Neuron(LAYER, RED))
    assert found.lifts == ()
    assert all(example.label == "" for example in found.top)
