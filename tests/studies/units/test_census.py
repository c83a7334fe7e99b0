"""A census finds the units that were planted, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.errors import LabelsMissingError, OptionError
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE, picture
from tests.studies.units.conftest import WAYS, write_pictures


def test_census_finds_the_planted_units(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    counted = neurons.census(run, images, LAYER, by="way", among=WAYS)
    assert RED in counted.units_of("red")
    assert STRIPE in counted.units_of("stripe")
    # a unit that says the same of everything says nothing
    for unit in (DEAD, CONSTANT):
        assert set(counted.tops[:, unit]) == {-1}
    assert counted.n_dead >= 2 and counted.n_images == 72
    assert counted.n_multimodal > counted.chance_largest
    assert counted.p_value == pytest.approx(1 / 201)
    assert f"{LAYER}:{RED}" in str(counted.blocks())
    assert counted.verdict().startswith(f"{counted.n_multimodal} of 256 units")


def test_census_on_shuffled_labels_finds_nothing(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    _, images = scanned
    names = [images.class_names[label] for label in images.require_labels()]
    ways = np.array(images.column("way"))
    values = []
    for seed in range(8):
        shuffled = np.array(names)
        for way in WAYS:
            rows = np.flatnonzero(ways == way)
            shuffled[rows] = random.permutation(shuffled[rows])
        set_ = write_pictures(tmp_path / f"pictures-{seed}", labels=shuffled.tolist())
        neurons.scan(planted, set_, [LAYER], tmp_path / f"run-{seed}")
        run = Activations.open(tmp_path / f"run-{seed}")
        values.append(neurons.census(run, set_, LAYER, by="way", among=WAYS).p_value)
    # uniform under the null: eight values all below 0.05 happen once in 10^10
    assert max(values) > 0.05, values
    assert np.mean(values) > 0.2, values


def test_a_census_reloads_as_it_was(scanned: tuple[Activations, ImageSet], tmp_path: Path) -> None:
    run, images = scanned
    counted = neurons.census(run, images, LAYER, by="way", among=WAYS, n_permutations=20)
    counted.save(tmp_path)
    again = neurons.Census.load(tmp_path)
    assert again.n_multimodal == counted.n_multimodal
    assert np.array_equal(again.tops, counted.tops)
    assert again.units_of("red") == counted.units_of("red")


def test_polysemantic_units_are_not_multimodal(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    counted = neurons.census(run, images, LAYER, by="way", among=WAYS, n_permutations=20)
    multimodal = {u for name in counted.class_names for u in counted.units_of(name)}
    assert len(multimodal) == counted.n_multimodal
    both = set(counted.polysemantic_units())
    assert not both & multimodal and not both & {DEAD, CONSTANT}
    # a unit that is silent in one of the groups is neither
    silent = set(np.flatnonzero((counted.tops == -1).any(0)).tolist())
    assert not silent & (multimodal | both)
    assert len(multimodal) + len(both) + len(silent) == counted.n_units
    assert counted.n_dead <= len(silent)


def test_what_a_census_cannot_do_is_said(
    scanned: tuple[Activations, ImageSet], pictures: Path, planted: Clip, tmp_path: Path
) -> None:
    run, images = scanned
    with pytest.raises(LabelsMissingError, match="no column 'rendition'; it has: file_name"):
        neurons.census(run, images, LAYER)
    with pytest.raises(OptionError, match="no image has 'loud' in column 'way'"):
        neurons.census(run, images, LAYER, by="way", among=("faint", "loud"))
    with pytest.raises(OptionError, match="compares two groups or more"):
        neurons.census(run, images, LAYER, by="way", among=("faint",))
    with pytest.raises(OptionError, match="'label' holds the classes.*: file_name, way"):
        neurons.census(run, images, LAYER, by="label", among=("plain", "red"))
    with pytest.raises(OptionError, match="nothing is left to shuffle"):
        neurons.census(run, images, LAYER, by="way", among=WAYS, together=WAYS)
    with pytest.raises(OptionError, match="no class 'blue'"):
        neurons.census(run, images, LAYER, by="way", among=WAYS).units_of("blue")
    flat = tmp_path / "flat"
    flat.mkdir()
    Image.fromarray(picture()).save(flat / "a.png")
    with pytest.raises(LabelsMissingError, match="carries no labels"):
        neurons.census(run, neurons.images(flat), LAYER)


def test_it_says_whether_chance_gives_as_many(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    counted = neurons.census(run, images, LAYER, by="way", among=WAYS, n_permutations=20)
    assert counted.title == f"Census of {LAYER}"
    assert dict(counted.facts())["multimodal"] == str(counted.n_multimodal)
    chance = replace(counted, p_value=0.3)
    assert chance.verdict().startswith("No more than chance gives: ")
    rows = counted.to_pandas()
    assert len(rows) == 256 and rows["multimodal"].sum() == counted.n_multimodal
    assert rows["dead"].sum() == counted.n_dead
    red = rows.iloc[RED]
    assert (red["neuron"], red["faint.class"], red["strong.class"]) == (
        f"{LAYER}:{RED}",
        "red",
        "red",
    )
    # a lead is in standard deviations over classes, of the class's mean peak
    peaks, ways = run.peak(neurons.Neuron(LAYER, RED)), np.array(images.column("way"))
    labels = images.require_labels()
    means = [peaks[(ways == "strong") & (labels == k)].mean() for k in range(3)]
    lead = (max(means) - np.mean(means)) / np.std(means)
    assert red["strong.lead"] == pytest.approx(lead, rel=1e-4)


def test_what_belongs_together_is_not_shuffled_apart(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    asked = {"by": "way", "among": WAYS, "n_permutations": 40, "n_resamples": 20}
    apart = neurons.census(run, images, LAYER, **asked)
    paired = neurons.census(run, images, LAYER, together=WAYS[:2], **asked)
    # two of three groups agree anyway: chance is larger, the count the same
    assert paired.n_multimodal == apart.n_multimodal and paired.chance > 1.5 * apart.chance


def test_units_that_are_sure_are_those_that_resamples_keep(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    counted = neurons.census(run, images, LAYER, by="way", among=WAYS, n_resamples=40)
    assert counted.certainty[RED] == 1.0
    assert 0 < counted.n_sure < counted.n_multimodal
    multimodal = {u for name in counted.class_names for u in counted.units_of(name)}
    assert set(np.flatnonzero(counted.certainty)) <= multimodal
