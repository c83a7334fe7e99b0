"""A concept finds its unit on images that did not choose it; random labels find none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.activations.halves import halves
from neurons.errors import OptionError
from neurons.studies.units.find_units import FoundUnits
from tests.conftest import LAYER, RED, STRIPE
from tests.studies.probe.planted_run import planted_run
from tests.studies.units.conftest import write_pictures


def test_the_planted_units_are_found(scanned: tuple[Activations, ImageSet]) -> None:
    for concept, unit in (("Red", RED), ("stripe", STRIPE)):
        found = neurons.find_units(*scanned, concept, count=256, n_permutations=40)
        planted = next(each for each in found.units if each.neuron == f"{LAYER}:{unit}")
        # untrained units see colour and stripes, too: the planted one is among the best
        assert planted.passes and planted.chosen_by == found.units[0].chosen_by == 1.0
        assert planted.auprc > 0.9 and planted.auc > 0.9
        assert planted.p_value == pytest.approx(1 / 41)
        assert planted.neuron in found.neurons()
        assert found.verdict().startswith(f"{found.neurons()[0]} answers to '{concept}'")
        assert found.chance == pytest.approx(1 / 3) and found.control < planted.chosen_by
        assert (planted.n, planted.n_others) == (12, 24)


def test_random_labels_find_no_unit_and_say_so_first(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    _, images = scanned
    names = [images.class_names[label] for label in images.require_labels()]
    shuffled = np.random.default_rng(1).permutation(names).tolist()
    set_ = write_pictures(tmp_path / "pictures", labels=shuffled)
    neurons.scan(planted, set_, [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    p_values = []
    for concept in set_.class_names:
        found = neurons.find_units(run, set_, concept, n_permutations=40)
        p_values.append(found.units[0].p_value)
        best = max(found.units, key=lambda each: each.chosen_by)
        # chosen by the first half, it falls back in the other
        assert best.auprc < best.chosen_by
    assert max(p_values) > 0.05, p_values


def test_p_values_of_classes_that_no_unit_knows_are_uniform(tmp_path: Path) -> None:
    random, n_draws = np.random.default_rng(0), 20
    labels = random.permutation(np.repeat(np.arange(40), 8))
    values = np.maximum(random.normal(size=(320, 25)), 0)
    names = [f"class {k}" for k in range(40)]
    run, images = planted_run(tmp_path, values, labels.tolist(), names)
    found = [
        neurons.find_units(run, images, name, count=1, n_permutations=n_draws, seed=k)
        for k, name in enumerate(names)
    ]
    p_values = np.array([each.units[0].p_value for each in found])
    # a p value is one of 1/21, 2/21 ...: where it lies between two of these is drawn
    spread = p_values - random.uniform(size=40) / (n_draws + 1)
    assert kstest(spread, "uniform").pvalue > 0.01, sorted(p_values)
    assert sum(each.units[0].passes for each in found) <= 2


def test_what_the_choosing_half_says_is_not_believed_where_the_other_says_the_opposite(
    tmp_path: Path,
) -> None:
    random, labels = np.random.default_rng(0), np.repeat([0, 1], 40)
    values = random.uniform(0, 1, (80, 12))
    run, images = planted_run(tmp_path / "a", values, labels.tolist(), ("ant", "bee"))
    first, second = halves(run, images.ids, np.arange(80), (labels == 0).astype(np.intp), anew=True)
    # unit 0 knows ants on the half that chooses, and everything but ants on the other
    values[first, 0] += 2.0 * (labels[first] == 0)
    values[second, 0] += 2.0 * (labels[second] == 1)
    # the same embeddings, the same halves
    run, images = planted_run(
        tmp_path / "b", values, labels.tolist(), ("ant", "bee"), embeddings=np.arange(80)[:, None]
    )
    found = neurons.find_units(run, images, "ant", count=1, n_permutations=20)
    (best,) = found.units
    assert best.neuron.endswith(":0") and best.chosen_by == 1.0 and best.p_value < 0.05
    assert best.auc == 0.0 and not best.passes
    # a third of average precision is less than chance gives where half of the images are ants
    assert best.auprc > 0.3 and found.chance == 0.5
    assert found.verdict().startswith("No unit answers to 'ant'. The first, planted:0, finds it no")


def test_what_half_of_the_images_say_is_not_believed(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    run, images = scanned
    found = neurons.find_units(run, images, "red", count=1, n_permutations=20)
    again = neurons.find_units(run, images, "red", count=1, n_permutations=20, seed=1)
    # other halves, other numbers, the same unit
    assert found.units[0].neuron == again.units[0].neuron
    assert found.units[0].n + found.units[0].n_others == 36


def test_a_unit_for_one_class_is_none_for_a_group_of_three(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    pair = neurons.find_units(run, images, ["red", "stripe"], name="marked", n_permutations=20)
    red = next((each for each in pair.units if each.neuron == f"{LAYER}:{RED}"), None)
    assert red is None or "red" in red.finds
    assert pair.n_concept == 48 and pair.chance == pytest.approx(2 / 3)


def test_too_few_images_are_refused(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    with pytest.raises(OptionError, match="nothing to tell it from"):
        neurons.find_units(run, images, ["red", "stripe", "plain"])
    with pytest.raises(OptionError, match="20 or more"):
        neurons.find_units(run, images, "red", n_permutations=3)


def test_an_answer_reloads_as_it_was(scanned: tuple[Activations, ImageSet], tmp_path: Path) -> None:
    found = neurons.find_units(*scanned, "red", n_permutations=20)
    found.save(tmp_path)
    again = FoundUnits.load(tmp_path)
    assert again.verdict() == found.verdict() and again.neurons() == found.neurons()
    assert len(found.units[0].top) == 6
