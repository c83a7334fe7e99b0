"""A probe answers what its numbers say: logits, accuracy, the units of a class and their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons.errors import LabelsMissingError, OptionError
from neurons.readouts.probe import Probe, UnitWeight


def test_logits_are_weights_times_units_plus_intercepts(probe: Probe) -> None:
    units = np.array([[1, 2, 3, 4]], np.float32)
    assert probe.decision(units).tolist() == [[0.5, 6, 2]]


def test_accuracy_is_counted_from_the_test_images(probe: Probe) -> None:
    assert (probe.top1.successes, probe.top1.n) == (8, 12)
    assert (probe.top5.successes, probe.top5.n) == (12, 12)
    assert probe.step.strength == 0.1


def test_units_are_ordered_by_weight_per_standard_deviation(probe: Probe) -> None:
    # raw, unit 0 and unit 1 weigh the same in cow; per standard deviation unit 1 weighs more
    assert probe.units_of("cow") == (UnitWeight(1, 2.0), UnitWeight(0, 0.5))
    assert probe.units_of("ant") == (UnitWeight(0, 1.0), UnitWeight(1, -2.0))
    assert probe.unit_counts().tolist() == [2, 1, 2]
    # a unit that speaks against a class does not serve it
    assert probe.class_counts().tolist() == [2, 2, 0, 0]


def test_labels_are_the_probes_own_numbers(probe: Probe, pictures: Path) -> None:
    shown = neurons.images(pictures)
    named = replace(probe, class_names=("stripe", "red", "cow"))
    labels = named.labels_of(shown)
    names = [shown.class_names[label] for label in shown.require_labels()]
    expected = [{"stripe": 0, "red": 1}.get(name, -1) for name in names]
    assert labels.tolist() == expected
    with pytest.raises(LabelsMissingError):
        probe.labels_of(neurons.images(sorted(pictures.rglob("*.png"))))
    with pytest.raises(OptionError, match=r"no class 'cov' .* nearest: cow"):
        probe.index_of("cov")


def test_rows_have_each_weight_with_its_classs_accuracy(probe: Probe) -> None:
    rows = probe.to_pandas()
    assert rows["class"].tolist() == ["ant", "ant", "bee", "cow", "cow"]
    assert rows["weight"].tolist() == [1, -2, 6, 2, 0.5]
    assert rows["raw_weight"].tolist() == [2, -1, 3, 1, 1]
    assert rows["right.value"].tolist() == [0.75, 0.75, 1, 0.25, 0.25]
    assert rows["right.n"].unique().tolist() == [4]


def test_it_says_how_well_it_does_and_how_many_units_serve_none(probe: Probe) -> None:
    assert probe.verdict().startswith("1.7 units per class on average (of 4; 2 serve none): top-1")
    titles = [block.title for block in probe.blocks()]
    assert titles[0] == "Accuracy over units per class" and titles[-1] == "The path"
    assert dict(probe.facts())["top-1"] == "0.667"
    served = next(b for b in probe.blocks() if b.title == "Units that serve most classes")
    assert served.rows == (
        ("visual.layer4:0", "2", "ant, cow"),
        ("visual.layer4:1", "2", "bee, cow"),
    )
