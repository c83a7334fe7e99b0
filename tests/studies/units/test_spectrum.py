"""Buckets hold every image once, and a unit that never changes is said to be dead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurons
from neurons import Activations, Clip, Neuron, spectrum
from neurons.errors import OptionError
from neurons.studies.units.spectrum import Spectrum, bucket_members
from tests.conftest import CONSTANT, DEAD, LAYER, RED
from tests.studies.probe.planted_run import PLANTED, planted_run


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("spectrum") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return Activations.open(out)


@settings(max_examples=200)
@given(st.integers(0, 2**31), st.integers(1, 60), st.sampled_from([2, 5, 1000]), st.integers(1, 12))
def test_buckets_are_numpys_and_hold_every_value_once(
    seed: int, size: int, levels: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    values = np.maximum(rng.integers(-levels, levels, size), 0).astype(np.float64)
    if np.ptp(values) == 0:
        return
    edges = np.linspace(values.min(), values.max(), n + 1)
    members = bucket_members(values, edges)
    assert [len(rows) for rows in members] == np.histogram(values, edges)[0].tolist()
    assert sorted(np.concatenate(members).tolist()) == list(range(len(values)))


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


def test_a_spectrum_reloads_equal(run: Activations, pictures: Path, tmp_path: Path) -> None:
    whole = spectrum(run, neurons.images(pictures), Neuron(LAYER, RED), per_bucket=1)
    whole.save(tmp_path)
    assert Spectrum.load(tmp_path) == whole


def test_moments_are_those_of_the_peaks(run: Activations, pictures: Path) -> None:
    found = spectrum(run, neurons.images(pictures), f"{LAYER}:{RED}", per_bucket=0)
    peaks = run.peak(Neuron(LAYER, RED)).astype(np.float64)
    assert (found.mean, found.std) == (pytest.approx(peaks.mean()), pytest.approx(peaks.std()))
    standardised = (peaks - peaks.mean()) / peaks.std()
    assert found.skewness == pytest.approx((standardised**3).mean())
    assert dict(found.facts())["maximum"] == f"{peaks.max():.3g}"
    rows = found.to_pandas()
    assert rows["n"].sum() == 40 and rows["share"].sum() == pytest.approx(1)
    assert rows["low"].iloc[0] == peaks.min() and rows["high"].iloc[-1] == peaks.max()


def test_a_unit_that_never_changes_gets_words_and_no_picture(
    run: Activations, pictures: Path
) -> None:
    images = neurons.images(pictures)
    for unit, state in ((DEAD, "dead"), (CONSTANT, "constant")):
        found = spectrum(run, images, Neuron(LAYER, unit))
        assert found.state == state and np.isnan(found.skewness)
        assert found.verdict().startswith(f"{LAYER}:{unit} is {state}: its peak is")
        assert found.blocks() == () and len(found.buckets) == 1
        assert [name for name, _ in found.facts()] == ["state", "images", "maximum"]


def test_sparsity_counts_peaks_of_0_and_none_below(tmp_path: Path) -> None:
    # before a ReLU, or after a GELU, a peak may be negative: that is no silence
    values = np.array([[0.0], [-1.0], [2.0], [-0.5]])
    planted, images = planted_run(tmp_path, values, [0, 0, 1, 1], ("ant", "bee"))
    found = spectrum(planted, images, f"{PLANTED}:0", per_bucket=0)
    assert found.sparsity == 0.25 and found.minimum == -1
    (row,) = neurons.unit_table(planted, images, PLANTED).units
    assert row.sparsity == 0.25 and row.state == "alive"


def test_odd_numbers_are_refused(run: Activations, pictures: Path) -> None:
    images = neurons.images(pictures)
    with pytest.raises(OptionError, match="no spectrum"):
        spectrum(run, images, Neuron(LAYER, 0), n_buckets=0)
    with pytest.raises(OptionError, match="no spectrum"):
        spectrum(run, images, Neuron(LAYER, 0), per_bucket=-1)
