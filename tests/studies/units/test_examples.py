"""Top-k and lift are what brute force finds, ties, gaps and all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurons
from neurons import Activations, Clip, Neuron, top_examples
from neurons.activations.class_lifts import ClassLift, class_lifts
from neurons.errors import AddressError, OptionError, StaleActivationsError
from neurons.results.blocks import Note
from neurons.stats import Interval, wilson
from neurons.studies.units.examples import TopExamples, extremes
from tests.conftest import DEAD, LAYER, RED


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
    # of a small set "the top" is a quarter: the ten red images
    (lift,) = found.lifts
    assert (found.n_top, lift.name, lift.n_top, lift.lift) == (10, "red", 10, 4.0)
    # by the mean over the map, noise falls behind: what is left at the top is what was planted
    means = run.mean(Neuron(LAYER, RED))
    top = extremes(means, run.good_rows(), images.ids, 8, largest=True)
    (lift,) = class_lifts(images.require_labels(), images.class_names, top, run.good_rows())
    assert (lift.name, lift.n_top, lift.lift) == ("red", 8, 4.0)
    assert lift.interval.low > 1
    for example in found.top:
        assert example.label in example.image_id
        assert example.thumbnail


def test_results_reload_equal(run: Activations, pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(pictures)
    top = top_examples(run, images, Neuron(LAYER, RED), count=3)
    top.save(tmp_path / "top")
    assert TopExamples.load(tmp_path / "top") == top


def test_other_images_and_odd_numbers_are_refused(run: Activations, pictures: Path) -> None:
    fewer = neurons.images(sorted(pictures.rglob("*.png"))[:7])
    with pytest.raises(StaleActivationsError, match="the run has 40, asked is 7"):
        top_examples(run, fewer, Neuron(LAYER, 0))
    images = neurons.images(pictures)
    with pytest.raises(OptionError, match="^count is 0"):
        top_examples(run, images, Neuron(LAYER, 0), count=0)
    with pytest.raises(OptionError, match="top_share is 0"):
        top_examples(run, images, Neuron(LAYER, 0), top_share=0)
    with pytest.raises(AddressError, match="no neuron's address"):
        top_examples(run, images, "layer4")


def test_without_labels_there_are_no_lifts(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(sorted(pictures.rglob("*.png")))
    neurons.scan(planted, images, [LAYER], tmp_path / "run")
    found = top_examples(Activations.open(tmp_path / "run"), images, Neuron(LAYER, RED))
    assert found.lifts == ()
    assert all(example.label == "" for example in found.top)


def test_it_says_how_far_the_ends_lie_apart(run: Activations, pictures: Path) -> None:
    images = neurons.images(pictures)
    found = top_examples(run, images, f"{LAYER}:{RED}", count=3)
    peaks = np.sort(run.peak(Neuron(LAYER, RED)))
    assert found.title == f"{LAYER}:{RED}"
    assert found.facts() == (("images", "40"), ("maximum", f"{peaks[-1]:.3g}"))
    assert f"by {peaks[-1]:.3g} and the last by {peaks[0]:.3g}. Among" in found.verdict()
    rows = found.to_pandas()
    assert rows["kind"].tolist() == ["top"] * 3 + ["bottom"] * 3 + ["class"]
    assert rows["peak"].dropna().tolist() == pytest.approx([*peaks[::-1][:3], *peaks[:3]])
    lift = ClassLift("red", 8, 10, 4.0, Interval(2.5, 4.0))
    lifted = replace(found, lifts=(lift,))
    assert "'red' is 4.0 times as frequent as in the whole set (2.5 to 4.0)" in lifted.verdict()
    assert lifted.to_pandas()["interval.low"].dropna().tolist() == [2.5]
    # a unit that is the same everywhere has no top
    dead = top_examples(run, images, Neuron(LAYER, DEAD), count=3)
    assert dead.verdict().startswith("Nothing here says what excites")


def test_equal_lowest_images_are_a_sentence_and_others_a_gallery(
    run: Activations, pictures: Path
) -> None:
    found = top_examples(run, neurons.images(pictures), Neuron(LAYER, RED), count=3)
    assert getattr(found.blocks()[-1], "title", "") == "Images that excite it least"
    silent = tuple(replace(example, peak=0.0) for example in found.bottom)
    last = replace(found, bottom=silent).blocks()[-1]
    assert isinstance(last, Note)
    assert last.text.startswith("The lowest 3 images are all 0:")
