"""Planted units get their names and verdicts; random labels give none, and that is said first."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet, UnitLabels
from neurons.activations.halves import halves
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing
from neurons.data.concepts import Concept, concepts_of, kinds_of
from neurons.errors import LabelsMissingError, OptionError, StaleActivationsError
from tests.activations.test_naming import CLASSES, LABELS, SYNTHETIC, WORD, N, columns

ONE, TWO_FAMILIES, ONE_FAMILY, BOTH, WRITTEN, NOTHING, DEAD = range(7)
LAYER = "layer"


def pictures(folder: Path, labels: np.ndarray | None) -> ImageSet:
    folder.mkdir()
    rows = []
    for i in range(N):
        name = f"{i:03}.png"
        Image.fromarray(np.full((4, 4, 3), i, np.uint8)).save(folder / name)
        row = {"file_name": name, "way": "word" if WORD[i] else "photo"}
        if labels is not None:
            row |= {"label": f"c{labels[i]}", "family": f"f{labels[i] // 2}"}
        rows.append(row)
    with (folder / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return neurons.images(folder)


def run_of(path: Path, images: ImageSet, peaks: np.ndarray, clip: Clip) -> Activations:
    layer = LayerSpec(LAYER, "Planted", peaks.shape[1], 1, 1, False, (-0.1, -0.1, 0.1, 0.1))
    made_of = {"model": clip.provenance(), "images": images.provenance()}
    spec = RunSpec(N, (layer,), 0, N, "float32", False, made_of)
    with open_for_writing(path, spec, images) as writer:
        places = np.zeros(peaks.shape, np.int32)
        writer.commit(Shard(0, {LAYER: peaks}, {LAYER: peaks}, {LAYER: places}, {}, None, None, {}))
    return Activations.open(path)


@pytest.fixture(scope="module")
def peaks() -> np.ndarray:
    # the planted ones, a dead one, and a few hundred that know nothing
    dead, nothing = np.zeros((N, 1), np.float32), columns(*np.zeros((300, N), bool))
    return np.concatenate([SYNTHETIC, dead, nothing[:, 20:]], axis=1)


@pytest.fixture(scope="module")
def ours(
    planted: Clip, peaks: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Activations, ImageSet]:
    folder = tmp_path_factory.mktemp("labels")
    images = pictures(folder / "pictures", LABELS)
    return run_of(folder / "run", images, peaks, planted), images


@pytest.fixture(scope="module")
def found(ours: tuple[Activations, ImageSet]) -> UnitLabels:
    return neurons.label_units(*ours, LAYER, within=("way",))


def test_planted_units_get_their_verdicts(found: UnitLabels) -> None:
    units = found.units
    assert [units[i].verdict for i in range(7)] == [
        "named", "polysemantic", "named", "named", "named", "no name", "no name",
    ]  # fmt: skip
    one = units[ONE]
    assert (one.name, one.family, one.source, one.n) == ("c3", "f1", "class", 10)
    assert one.prevalence == pytest.approx(1 / CLASSES)
    assert one.interval.low < one.auprc <= one.interval.high
    assert one.score == pytest.approx((one.auprc - 1 / CLASSES) / (1 - 1 / CLASSES))
    two = units[TWO_FAMILIES]
    assert {two.name, two.second} == {"c0", "c7"} and two.second_score > 0.5
    assert units[ONE_FAMILY].name in ("c4", "c5", "f2") and units[ONE_FAMILY].second == ""
    assert units[BOTH].name == "c9, word" and units[WRITTEN].name == "word"
    assert units[DEAD].why == "says the same of every image" and units[DEAD].name == ""
    assert found.named("c3") == (f"{LAYER}:{ONE}",) and found.named("c11") == ()


def test_of_units_that_know_nothing_hardly_one_is_named(found: UnitLabels) -> None:
    others = found.units[DEAD + 1 :]
    assert sum(each.passed for each in others) <= 0.02 * len(others)
    assert all(each.passing.value <= 0.05 for each in found.decoys)
    assert [each.kind for each in found.decoys] == [
        "random directions", "units with shuffled images", "noise",
    ]  # fmt: skip


def test_random_labels_name_nothing_and_that_comes_first(
    planted: Clip, peaks: np.ndarray, tmp_path: Path
) -> None:
    images = pictures(tmp_path / "pictures", np.random.default_rng(3).permutation(LABELS))
    run = run_of(tmp_path / "run", images, peaks, planted)
    # the way of showing is still known: only classes are shuffled
    labels = neurons.label_units(run, images, LAYER, columns=())
    assert labels.passing.successes <= 0.02 * len(peaks.T)
    assert labels.verdict().startswith("Names here mean nothing: ")


def test_an_untrained_network_that_does_as_well_takes_the_names_away(
    ours: tuple[Activations, ImageSet],
) -> None:
    run, images = ours
    labels = neurons.label_units(run, images, LAYER, untrained=run, at_least=0.0)
    twin = labels.decoys[-1]
    assert twin.kind == "units of an untrained network"
    assert twin.passing.value <= 0.05


def test_a_unit_that_the_two_halves_call_otherwise_has_no_name(
    planted: Clip, ours: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    run, images = ours
    rows = np.arange(N)
    kinds = kinds_of(concepts_of(images, rows, columns=()), rows)
    first, _ = halves(run, images.ids, rows, kinds)
    proposing = np.isin(rows, first)
    two_faced = columns(np.where(proposing, LABELS == 2, LABELS == 8), *np.zeros((60, N), bool))
    other = run_of(tmp_path / "run", images, two_faced, planted)
    unit = neurons.label_units(other, images, LAYER, columns=()).units[0]
    assert (unit.verdict, unit.name) == ("no name", "c2") and unit.score < 0.1


def test_a_unit_that_is_not_finite_is_not_named_and_that_comes_first(
    planted: Clip, ours: tuple[Activations, ImageSet], peaks: np.ndarray, tmp_path: Path
) -> None:
    broken = peaks.copy()
    broken[5, ONE] = np.nan
    run = run_of(tmp_path / "run", ours[1], broken, planted)
    labels = neurons.label_units(run, ours[1], LAYER, columns=())
    assert labels.units[ONE].why == "not finite on some images" and not labels.units[ONE].passed
    assert labels.verdict().startswith("1 unit is not finite")


def test_rows_and_facts_hold_every_unit(found: UnitLabels, tmp_path: Path) -> None:
    table = found.to_pandas().set_index("neuron")
    assert len(table) == len(found.units)
    assert table.loc[f"{LAYER}:{ONE}", "name"] == "c3"
    # what did not pass is no name, but its best candidate is told
    none = table[table.verdict == "no name"]
    assert (none.name == "").all() and none.best_candidate.str.len().max() > 0
    assert dict(found.facts())["with a name"] == str(found.passing.successes)
    found.save(tmp_path / "saved")
    again = UnitLabels.load(tmp_path / "saved")
    assert again.rows() == found.rows() and again.verdict() == found.verdict()


def test_words_of_a_model_are_circular_and_need_no_labels(
    planted: Clip, peaks: np.ndarray, tmp_path: Path
) -> None:
    images = pictures(tmp_path / "pictures", None)
    run = run_of(tmp_path / "run", images, peaks, planted)
    with pytest.raises(LabelsMissingError, match="give words instead"):
        neurons.label_units(run, images, LAYER)
    words = [Concept(f"w{k}", f"w{k}", "zero-shot", np.flatnonzero(k == LABELS)) for k in range(12)]
    labels = neurons.label_units(run, images, LAYER, further=words)
    assert labels.units[ONE].name == "w3" and labels.sources[0].circular
    assert "circular" in labels.verdict()


def test_what_cannot_be_is_refused(
    planted: Clip, ours: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    run, images = ours
    with pytest.raises(OptionError, match="between 0 and 1"):
        neurons.label_units(run, images, LAYER, at_least=1.5)
    with pytest.raises(LabelsMissingError, match="no column 'colour'"):
        neurons.label_units(run, images, LAYER, columns=("colour",))
    rare = pictures(tmp_path / "rare", np.arange(N))
    with pytest.raises(OptionError, match="none of 240 concepts has 4 images"):
        neurons.label_units(
            run_of(tmp_path / "run", rare, SYNTHETIC, planted), rare, LAYER, columns=()
        )
    with pytest.raises(StaleActivationsError):
        neurons.label_units(run, rare, LAYER)
