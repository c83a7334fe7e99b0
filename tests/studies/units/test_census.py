"""A census finds the units that were planted, and nothing where nothing is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.errors import LabelsMissingError, OptionError
from neurons.studies.units.top_by_group import top_by
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE, picture

WAYS = ("faint", "middling", "strong")


def write_pictures(root: Path, *, labels: list[str] | None = None) -> ImageSet:
    """Three ways of showing plain, red and striped pictures, eight of each."""
    root.mkdir(parents=True)
    rows = []
    for kind in ("plain", "red", "stripe"):
        for way in WAYS:
            for i in range(8):
                seed = 1000 * WAYS.index(way) + 10 * i + len(kind)
                strength = 0.3 + 0.3 * WAYS.index(way)
                pixels = {
                    "plain": picture(seed=seed),
                    "red": picture(red=strength, seed=seed),
                    "stripe": picture(stripe_at=5 + 10 * i, seed=seed),
                }[kind]
                name = f"{kind}-{way}-{i}.png"
                Image.fromarray(pixels).save(root / name)
                rows.append({"file_name": name, "label": kind, "way": way})
    for row, label in zip(rows, labels or [], strict=False):
        row["label"] = label
    with (root / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["file_name", "label", "way"])
        table.writeheader()
        table.writerows(rows)
    return neurons.images(root)


@pytest.fixture(scope="module")
def scanned(
    planted: Clip, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Activations, ImageSet]:
    folder = tmp_path_factory.mktemp("census")
    images = write_pictures(folder / "pictures")
    neurons.scan(planted, images, [LAYER], folder / "run")
    return Activations.open(folder / "run"), images


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
    assert len(multimodal) + len(both) + counted.n_dead == counted.n_units


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
    with pytest.raises(OptionError, match="2 classes have no 'plain' image"):
        neurons.census(run, images, LAYER, by="label", among=("plain", "red"))
    with pytest.raises(OptionError, match="no class 'blue'"):
        neurons.census(run, images, LAYER, by="way", among=WAYS).units_of("blue")
    flat = tmp_path / "flat"
    flat.mkdir()
    Image.fromarray(picture()).save(flat / "a.png")
    with pytest.raises(LabelsMissingError, match="carries no labels"):
        neurons.census(run, neurons.images(flat), LAYER)


def test_the_top_of_each_group_is_the_groups_own(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    shown = top_by(run, images, neurons.Neuron(LAYER, RED), by="way", count=3)
    assert [group.name for group in shown.groups] == list(WAYS)
    ways = images.column("way")
    peaks = run.peak(neurons.Neuron(LAYER, RED))
    for group in shown.groups:
        rows = [i for i, way in enumerate(ways) if way == group.name]
        expected = sorted(rows, key=lambda i: -peaks[i])[:3]
        assert [example.index for example in group.top] == expected
        assert group.best_class == "red" and group.n == 24
        assert group.maximum == pytest.approx(peaks[rows].max())
    strip = shown.blocks()[0]
    assert [len(gallery.tiles) for gallery in strip.galleries] == [3, 3, 3]
    with pytest.raises(OptionError, match="has 72 values, too many"):
        top_by(run, images, neurons.Neuron(LAYER, RED), by="file_name")
    with pytest.raises(OptionError, match="count is 0"):
        top_by(run, images, neurons.Neuron(LAYER, RED), by="way", count=0)
