"""The table of a layer finds the planted units, and gives no class to those that know none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.errors import LabelsMissingError, LayerNotFoundError
from neurons.results.choosing import Condition
from neurons.studies.units.unit_table import COLUMNS, UnitTable
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE
from tests.studies.units.conftest import WAYS, write_pictures


@pytest.fixture(scope="module")
def table(scanned: tuple[Activations, ImageSet]) -> UnitTable:
    return neurons.unit_table(*scanned, LAYER, by="way", among=WAYS, written="strong")


def test_planted_units_have_their_class(table: UnitTable) -> None:
    red, stripe = table.units[RED], table.units[STRIPE]
    assert (red.top_class, red.multimodal, stripe.top_class) == ("red", "red", "stripe")
    # 24 of 72 images are red, and they fill the unit's top, a quarter of so small a set
    assert (red.n, red.n_top, red.top) == (24, 18, 18)
    assert red.lift == pytest.approx(3.0)
    assert 2 < red.interval.low < red.lift == pytest.approx(red.interval.high)
    assert red.auprc == pytest.approx(1.0)
    assert (table.units[DEAD].state, table.units[CONSTANT].state) == ("dead", "constant")
    for unit in (DEAD, CONSTANT):
        assert table.units[unit].top_class == table.units[unit].multimodal == ""


def test_columns_are_what_is_chosen_and_sorted_by(table: UnitTable) -> None:
    assert tuple(table.to_pandas().columns) == COLUMNS
    red = table.chosen(where=[Condition("class", "=", "RED")], sort="auprc")
    assert {each.top_class for each in red.units} == {"red"}
    assert red.units[0].auprc == max(each.auprc for each in red.units) == 1.0
    assert f"{LAYER}:{RED}" in red.neurons()
    found = table.chosen(sort="auprc", top=2)
    assert len(found.units) == 2 and "sorted by auprc" in found.verdict()
    none = table.chosen(where=[Condition("lift", ">", "1000")])
    assert none.verdict().startswith("No unit") and none.neurons() == ()


def test_random_labels_give_hardly_a_class_and_say_so(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    _, images = scanned
    names = [images.class_names[label] for label in images.require_labels()]
    shuffled = np.random.default_rng(5).permutation(names).tolist()
    set_ = write_pictures(tmp_path / "pictures", labels=shuffled)
    neurons.scan(planted, set_, [LAYER], tmp_path / "run")
    found = neurons.unit_table(Activations.open(tmp_path / "run"), set_, LAYER)
    named = sum(bool(unit.top_class) for unit in found.units)
    # units of one network are alike, so that more or fewer than 1 % have one
    assert named <= 0.1 * len(found.units)
    assert named > 5 or found.verdict().startswith("Hardly more than chance gives")


def test_images_without_labels_are_told_first(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    flat = neurons.images(sorted(pictures.glob("red/*.png")))
    neurons.scan(planted, flat, [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    found = neurons.unit_table(run, flat, LAYER)
    assert "no labels" in found.verdict()
    with pytest.raises(LabelsMissingError):
        neurons.unit_table(run, flat, LAYER, by="way")
    with pytest.raises(LayerNotFoundError):
        neurons.unit_table(run, flat, "visual.layer9")


def test_a_table_reloads_as_it_was(table: UnitTable, tmp_path: Path) -> None:
    table.save(tmp_path)
    again = UnitTable.load(tmp_path)
    assert again.verdict() == table.verdict()
    assert again.units[RED] == table.units[RED]
