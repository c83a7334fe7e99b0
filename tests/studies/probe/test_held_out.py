"""What a probe reports was never fitted to: random labels are told by chance, and copies too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from neurons.data.split import CHOOSE, FIT, TEST
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.sparse.path import PathStep, Strengths, UnitsPerClass, best
from neurons.studies.probe.compose import compose
from neurons.studies.probe.fit import probe
from neurons.studies.probe.roles import roles
from neurons.studies.probe.stability import stability
from tests.studies.probe.planted_run import PLANTED, planted_run

# so many units for so few images that a probe fits random labels; how closely does not matter
DEEP = Strengths(4, 0.05)
DEEPER, COARSE = Strengths(3, 0.03), 0.2
NAMES = ("ant", "bee", "cow", "dog")


def values_of(n: int, units: int, seed: int) -> np.ndarray:
    return np.maximum(np.random.default_rng(seed).normal(size=(n, units)), 0)


def test_copies_of_an_image_do_not_tell_random_labels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    once, labels = values_of(160, 100, 1), random.integers(0, 4, 160)
    twice = np.concatenate([once, once])
    run, images = planted_run(tmp_path, twice, np.concatenate([labels, labels]).tolist(), NAMES)
    found = probe(run, images, PLANTED, strengths=DEEPER, tolerance=COARSE, choose=best)
    # 0.78 where each copy falls where it likes
    assert found.top1.interval.low <= 0.25
    assert np.array_equal(found.split[:160], found.split[160:])
    assert all(step.accuracy < 0.45 for step in found.steps)
    assert found.n_copies == 320 and "320 images have a copy" in found.verdict()
    assert found.provenance["split"]["copies_of_another_class"] == 0


def test_near_copies_and_groups_stay_together_if_asked_for(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    once, labels = values_of(100, 80, 1), random.integers(0, 4, 100)
    # stored again by another encoder: nearly equal
    twice = np.concatenate([once, once + random.normal(0, 0.01, once.shape)])
    film = [f"film {i % 100}" for i in range(200)]
    run, images = planted_run(
        tmp_path, twice, np.concatenate([labels, labels]).tolist(), NAMES, columns={"film": film}
    )
    apart = probe(run, images, PLANTED, strengths=DEEPER, tolerance=COARSE, choose=best)
    assert apart.top1.value > 0.5 and apart.n_copies == 0
    for together in (
        probe(run, images, PLANTED, strengths=DEEPER, tolerance=COARSE, near_copies=0.98),
        probe(run, images, PLANTED, strengths=DEEPER, tolerance=COARSE, group_by="film"),
    ):
        assert np.array_equal(together.split[:100], together.split[100:])
        assert together.top1.interval.low <= 0.25 and together.n_copies == 200


def last(steps: Sequence[PathStep]) -> int:
    return len(steps) - 1


@pytest.fixture(scope="module")
def guesses(tmp_path_factory: pytest.TempPathFactory) -> list[Probe]:
    """Probes of labels that have nothing to do with the units, each deep down its path."""
    made = []
    for seed in range(4):
        labels = np.random.default_rng(seed).integers(0, 4, 400)
        run, images = planted_run(
            tmp_path_factory.mktemp("guess"), values_of(400, 60, 9 + seed), labels.tolist(), NAMES
        )
        made.append(probe(run, images, PLANTED, strengths=DEEP, tolerance=COARSE, choose=last))
    return made


def test_random_labels_are_told_by_chance_at_every_strength(guesses: list[Probe]) -> None:
    right = sum(found.top1.successes for found in guesses)
    n = sum(found.top1.n for found in guesses)
    n_choose = sum(int((found.split == CHOOSE).sum()) for found in guesses)
    # the images fitted to would be told nearly all right
    reach = 3 * np.sqrt(0.25 * 0.75 / n)
    assert abs(right / n - 0.25) < reach
    for i in range(DEEP.count):
        accuracy = np.mean([found.steps[i].accuracy for found in guesses])
        assert abs(accuracy - 0.25) < 3 * np.sqrt(0.25 * 0.75 / n_choose), i
    # and the loss on images that choose does not fall with the strength
    assert all(np.argmin([step.loss for step in found.steps]) < 2 for found in guesses)
    told = [found.verdict() for found in guesses]
    assert all(text.startswith(("Near chance", "No better than one answer")) for text in told)


def test_what_fits_chooses_and_tests_are_three_parts(tmp_path: Path) -> None:
    """In each part another unit tells the classes; only that of the part fitted to is used."""
    n, random = 600, np.random.default_rng(0)
    labels = np.repeat([0, 1], n // 2)
    values = np.maximum(random.normal(size=(n, 30)), 0)
    run, images = planted_run(tmp_path / "a", values, labels.tolist(), NAMES[:2])
    split = probe(run, images, PLANTED, strengths=Strengths(2, 0.5)).split
    for unit, part in ((0, FIT), (1, CHOOSE), (2, TEST)):
        mine = split == part
        values[mine, unit] = 3.0 * labels[mine]
    run, images = planted_run(tmp_path / "b", values, labels.tolist(), NAMES[:2])
    found = probe(run, images, PLANTED, strengths=Strengths(4, 0.05), choose=last)
    assert np.array_equal(found.split, split)
    # unit 0 tells nothing where it chooses and tests, and units 1 and 2 were never seen to tell
    size = np.abs(found.standardised).sum(0)
    assert size.argmax() == 0 and max(size[1], size[2]) < 0.2 * size[0]
    assert found.top1.interval.low <= 0.5 and found.steps[-1].accuracy < 0.65


def test_the_strength_is_chosen_by_images_that_choose_and_not_by_those_that_test(
    tmp_path: Path,
) -> None:
    """Where it chooses the unit tells the classes; where it tests it tells the opposite."""
    n, random = 600, np.random.default_rng(0)
    labels = np.repeat([0, 1], n // 2)
    values = np.maximum(random.normal(size=(n, 10)), 0)
    run, images = planted_run(tmp_path / "a", values, labels.tolist(), NAMES[:2])
    split = probe(run, images, PLANTED, strengths=Strengths(2, 0.5)).split
    opposite = split == TEST
    values[:, 0] = np.where(opposite, 1 - labels, labels) + random.normal(0, 0.3, n)
    run, images = planted_run(tmp_path / "b", values, labels.tolist(), NAMES[:2])
    found = probe(run, images, PLANTED, strengths=Strengths(6, 0.05), choose=best)
    assert found.step.accuracy > 0.9 and found.top1.value < 0.2
    assert found.chosen == int(np.argmin([step.loss for step in found.steps])) > 0


def test_two_classes_of_one_name_stay_two(tmp_path: Path) -> None:
    n, random = 240, np.random.default_rng(0)
    labels = np.arange(n) % 4
    values = np.maximum(random.normal(0, 0.2, (n, 12)), 0)
    # each class has its own unit: 0, 1, 2, 3
    values[np.arange(n), labels] += 2
    names = ("crane", "dog", "crane", "maillot")
    run, images = planted_run(tmp_path, values, labels.tolist(), names)
    found = probe(run, images, PLANTED, strengths=Strengths(5, 0.1), choose=best)
    assert found.class_names == ("crane (#0)", "dog", "crane (#2)", "maillot")
    assert np.array_equal(found.labels_of(images), labels)
    for k, name in enumerate(found.class_names):
        assert found.units_of(name)[0].unit == k
        composed = compose(found, run, images, name, count=0)
        first = composed.ingredients[0]
        assert first.neuron == f"{PLANTED}:{k}"
        assert first.on_class > 1.5 and first.on_all == pytest.approx(0.55, abs=0.15)
        assert np.isfinite([each.share for each in composed.ingredients]).all()
        lost = roles(found, run, images, f"{PLANTED}:{k}").roles[0]
        assert (lost.name, lost.n_test) == (name, int(found.confusion[k].sum()))
        assert lost.n_right == found.confusion[k, k] > lost.n_without
    again = stability(found, run, images, n_resamples=10)
    assert (again.frequency[np.arange(4), np.arange(4)] == 1).all()
    with pytest.raises(OptionError, match=r"crane' is the name of 2 classes.*crane \(#0\)"):
        found.index_of("crane")


def test_small_classes_are_named_and_left_out_if_asked_for(tmp_path: Path) -> None:
    labels = [0] * 20 + [1] * 20 + [2] * 20 + [3] + [4] * 3
    names = ("ant", "bee", "cow", "lonely", "few")
    values = np.maximum(np.random.default_rng(0).normal(0, 0.3, (64, 8)), 0)
    values[np.arange(64), labels] += 2
    run, images = planted_run(tmp_path, values, labels, names)
    short = Strengths(3, 0.2)
    with pytest.raises(OptionError, match=r"1 of 5 classes .*'lonely'.*min images") as raised:
        probe(run, images, PLANTED, strengths=short)
    assert "--" not in str(raised.value)
    two = probe(run, images, PLANTED, strengths=short, min_images=2)
    assert two.class_names == ("ant", "bee", "cow", "few")
    assert [(each.name, each.n) for each in two.left_out] == [("lonely", 1)]
    assert (two.split[np.array(labels) == 3] == 0).all()
    found = probe(run, images, PLANTED, strengths=short, min_images=5)
    assert "2 of 5 classes are left out, with too few images: lonely (1), few (3)." in (
        found.verdict()
    )
    found.save(tmp_path / "kept")
    assert Probe.load(tmp_path / "kept").left_out == found.left_out
    with pytest.raises(
        OptionError, match=r"0 of 5 classes have 21 images or more .*largest has 20"
    ):
        probe(run, images, PLANTED, strengths=short, min_images=21)
    for wrong in (1, -3):
        with pytest.raises(OptionError, match="2 or more"):
            probe(run, images, PLANTED, min_images=wrong)


def test_a_path_that_comes_nowhere_near_what_was_asked_says_so_first(tmp_path: Path) -> None:
    labels = np.arange(120) % 3
    values = np.maximum(np.random.default_rng(0).normal(0, 0.3, (120, 20)), 0)
    values[np.arange(120), labels] += 2
    run, images = planted_run(tmp_path, values, labels.tolist(), NAMES[:3])
    near = UnitsPerClass(1)
    found = probe(run, images, PLANTED, strengths=Strengths(4, 0.3), choose=near)
    assert found.verdict()[0].isdigit()
    far = probe(run, images, PLANTED, strengths=Strengths(4, 0.3), choose=UnitsPerClass(15))
    assert far.verdict().startswith("Not the 15 units per class that were asked for: the nearest")
    assert f"has {far.step.units_per_class:.1f}" in far.verdict()
    assert "smaller span" in far.verdict()
