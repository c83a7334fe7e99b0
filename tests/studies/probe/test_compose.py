"""A class is composed of its planted unit, in shares that anyone can recompute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurons import Activations, ImageSet
from neurons.data.split import TEST
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.results.blocks import Strip
from neurons.studies.probe.compose import Composition, compose
from tests.conftest import LAYER, RED, STRIPE

Scanned = tuple[Activations, ImageSet]


def test_a_class_is_composed_of_its_unit_and_told_from_its_neighbours(
    scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    confused = replace(fitted, confusion=np.array([[2, 1, 0], [0, 3, 0], [0, 2, 1]], np.int32))
    found = compose(confused, run, images, "red")
    first = found.ingredients[0]
    assert first.neuron == f"{LAYER}:{RED}" and first.share > 0.5
    assert first.on_class > first.on_all
    assert sum(each.share for each in found.ingredients) == pytest.approx(1)
    assert [example.label for example in first.examples] == ["red"] * 6
    assert [(n.name, n.taken_for_it, n.taken_for_this) for n in found.neighbours] == [
        ("stripe", 0, 2),
        ("plain", 0, 1),
    ]
    assert any(isinstance(block, Strip) for block in found.blocks())


@pytest.mark.parametrize("name", ["plain", "red", "stripe"])
def test_shares_are_of_the_logit_above_the_average_image(
    scanned: Scanned, fitted: Probe, name: str
) -> None:
    run, images = scanned
    # each class weighs both planted units, so that neither share is all of it
    weights = fitted.weights.copy()
    weights[:, RED], weights[:, STRIPE] = 0.7, -0.4
    fitted = replace(fitted, weights=weights)
    found = compose(fitted, run, images, name, count=0)
    assert len(found.ingredients) >= 2
    peaks = np.asarray(run.array(LAYER, "peak")[:], np.float64)
    tested = fitted.split == TEST
    mine = tested & (fitted.labels_of(images) == fitted.index_of(name))
    own = fitted.weights[fitted.index_of(name)].astype(np.float64)
    # by the probe's own logits: what the class's images have more than all
    above = (peaks[mine] @ own).mean() - (peaks[tested] @ own).mean()
    for each in found.ingredients:
        unit = int(each.neuron.rpartition(":")[2])
        on_class, on_all = peaks[mine, unit].mean(), peaks[tested, unit].mean()
        assert each.on_class == pytest.approx(on_class, rel=1e-5)
        assert each.on_all == pytest.approx(on_all, rel=1e-5)
        assert each.share == pytest.approx(own[unit] * (on_class - on_all) / above, rel=1e-3)
        assert each.examples == ()


def test_only_the_units_that_speak_for_it_show_images(scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    found = compose(fitted, run, images, "plain", n_units=1, count=2)
    shown = [each for each in found.ingredients if each.examples]
    assert len(shown) <= 1 and all(each.weight > 0 for each in shown)
    assert {len(each.examples) for each in shown} <= {2}


def test_it_says_how_many_units_and_how_well(scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    found = compose(fitted, run, images, "red", count=0)
    n_for = sum(part.weight > 0 for part in fitted.units_of("red"))
    assert found.title == "red" and found.verdict().startswith(f"{n_for} units speak for 'red'")
    assert dict(found.facts())["right"] == f"{found.n_right / found.n_test:.1%}"
    assert found.to_pandas()["neuron"].tolist() == [each.neuron for each in found.ingredients]
    # a class without a test image has no share of them
    assert dict(replace(found, n_test=0, n_right=0).facts())["right"] == "-"
    with pytest.raises(OptionError, match="no class 'blue'"):
        compose(fitted, run, images, "blue")


def test_composition_reloads(scanned: Scanned, fitted: Probe, tmp_path: Path) -> None:
    run, images = scanned
    found = compose(fitted, run, images, "stripe")
    found.save(tmp_path)
    assert Composition.load(tmp_path) == found
