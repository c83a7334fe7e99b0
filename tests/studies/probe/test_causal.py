"""The network needs the planted unit, and no random one; a drop is what editing by hand gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip, ImageSet, Neuron
from neurons.data.prepared import prepare
from neurons.data.split import CHOOSE, TEST
from neurons.errors import OptionError, StaleActivationsError
from neurons.network.pooling import peak
from neurons.readouts.class_names import shown_names
from neurons.readouts.margins import margins
from neurons.readouts.probe import Probe
from neurons.readouts.readout import zero_shot
from neurons.stats import Share
from neurons.studies.probe.causal import CausalCheck, causal_check
from tests.conftest import LAYER, RED

Scanned = tuple[Activations, ImageSet]


def prepared_rows(fitted: Probe, images: ImageSet, name: str) -> list[int]:
    held = np.isin(fitted.split, (CHOOSE, TEST))
    return np.flatnonzero(held & (fitted.labels_of(images) == fitted.index_of(name))).tolist()


def test_a_classs_unit_is_set_to_zero_and_to_its_mean_beside_units_as_active(
    wired: Clip, scanned: Scanned, fitted: Probe, tmp_path: Path
) -> None:
    run, images = scanned
    n = len([part for part in fitted.units_of("red") if part.weight > 0])
    check = causal_check(fitted, wired, run, images, "red", n_units=1)
    assert check.n == 6 and check.probe.value > 0.8
    zero, mean = check.effects
    assert zero.neurons == (f"{LAYER}:{RED}",) and (zero.value, mean.value) == ("zero", "mean")
    assert zero.probe.right.value < 0.2
    # to its mean hurts less than to zero, where a unit speaks for the class by being loud
    assert 0 < mean.probe.margin_drop < zero.probe.margin_drop
    check.save(tmp_path)
    assert CausalCheck.load(tmp_path).effects == check.effects
    both = causal_check(fitted, wired, run, images, "red", n_units=n)
    assert len(both.effects) == (2 * (n + 1) if n > 1 else 2)


def test_controls_are_those_nearest_in_activity_that_have_no_weight(
    wired: Clip, scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    weights = fitted.weights.copy()
    # a unit that is as active as the planted one has a weight in the class, and is no control
    rows = prepared_rows(fitted, images, "red")
    activity = np.asarray(run.array(LAYER, "peak")[:], np.float64)[rows].mean(0)
    nearest = np.argsort(np.abs(activity - activity[RED]), kind="stable")
    twin = int(next(unit for unit in nearest if unit != RED))
    weights[fitted.index_of("red"), twin] = 1e-6
    other = replace(fitted, weights=weights)
    check = causal_check(other, wired, run, images, "red", n_units=1)
    free = [u for u in nearest if not weights[fitted.index_of("red"), u]][:20]
    told = check.effects[0].activity
    assert told.own == pytest.approx(activity[RED], rel=1e-4)
    assert sorted(told.controls) == pytest.approx(sorted(activity[free]), rel=1e-3, abs=1e-5)


def test_a_drop_is_what_editing_by_hand_gives(wired: Clip, scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    check = causal_check(fitted, wired, run, images, "red", n_units=1, n_images=4, seed=3)
    own, red = fitted.index_of("red"), Neuron(LAYER, RED)
    rows = prepared_rows(fitted, images, "red")
    pictures = prepare(wired.preprocess, images, rows=rows, n=4, seed=3).pixels
    by_name = zero_shot(wired, fitted.class_names)
    assert check.words == by_name.class_names

    def both(edits: dict[Neuron, float]) -> tuple[np.ndarray, np.ndarray]:
        with (
            neurons.edit(wired.network, edits),
            neurons.watch(wired.network, [LAYER], reduce=lambda maps: peak(maps).value) as seen,
        ):
            embedded = wired.embed_images(pictures).float().numpy()
        return (
            margins(fitted.decision(seen[LAYER].numpy()), own),
            margins(by_name.decision(embedded), own),
        )

    usual = float(np.mean(run.mean(red)))
    intact = both({})
    for effect, value in zip(check.effects, (0.0, usual), strict=True):
        edited = both({red: value})
        probe, named = ((a - b).mean() for a, b in zip(intact, edited, strict=True))
        assert effect.probe.margin_drop == pytest.approx(probe, rel=1e-3)
        assert effect.zero_shot.margin_drop == pytest.approx(named, rel=1e-3, abs=1e-4)
        assert effect.zero_shot.right.successes == (edited[1] > 0).sum()
    assert check.n == check.effects[0].probe.right.n == 4


def test_it_says_first_what_is_in_doubt_and_whether_others_do_as_much(
    wired: Clip, scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    found = causal_check(fitted, wired, run, images, "red", n_units=1)
    first = found.effects[0]

    def told(p: float, **changed: object) -> str:
        effect = replace(first, zero_shot=replace(first.zero_shot, p_value=p))
        return replace(found, effects=(effect,), **changed).verdict()

    known = {"zero_shot": Share(6, 6)}
    assert told(0.01, **known).startswith(
        f"Zero-shot answers need its units: with {LAYER}:{RED} set to zero"
    )
    assert told(0.4, **known).startswith("Zero-shot answers lose no more without its units")
    # the probe's fall is told as what it is
    assert "it must, since these units have its largest weights" in told(0.4, **known)
    # a class that zero-shot does not know has no margin to lose
    assert told(0.01, zero_shot=Share(1, 6)).startswith("Zero-shot does not know this class")
    assert told(0.01, words=("n01443537", "n01629819"), **known).startswith("2 of 2 class names")
    rows = found.to_pandas()
    assert rows["readout"].tolist() == ["zero-shot", "probe"] * 2
    assert rows["value"].tolist() == ["zero", "zero", "mean", "mean"]
    assert rows["n_random"].dropna().unique().tolist() == [20]


def test_two_classes_of_one_name_are_one_to_zero_shot(
    wired: Clip, scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    # stripe is called red as well: its images carry the name, and nothing else changes
    source = replace(images.source, class_names=("plain", "red", "red"))
    twice = replace(images, source=source)
    provenance = {**run.spec.provenance, "images": twice.provenance()}
    again = replace(run, spec=replace(run.spec, provenance=provenance))
    named = replace(fitted, class_names=shown_names(twice))
    assert named.class_names == ("plain", "red (#1)", "red (#2)")
    found = causal_check(named, wired, again, twice, "red (#1)", n_units=1, n_images=2)
    assert found.words == ("plain", "red")
    assert found.effects[0].neurons == (f"{LAYER}:{RED}",)


def test_what_cannot_be_checked_is_said(
    wired: Clip, planted: Clip, scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    with pytest.raises(OptionError, match="20 random draws or more"):
        causal_check(fitted, wired, run, images, "red", n_random=5)
    with pytest.raises(OptionError, match="no units to edit"):
        causal_check(replace(fitted, layer="embedding"), wired, run, images, "red")
    empty = replace(fitted, weights=np.zeros_like(fitted.weights))
    with pytest.raises(OptionError, match="no unit speaks for 'red'"):
        causal_check(empty, wired, run, images, "red")
    with pytest.raises(StaleActivationsError, match="model"):
        causal_check(fitted, planted, run, images, "red")
