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
from neurons.readouts.probe import Probe
from neurons.studies.probe.causal import CausalCheck, causal_check
from tests.conftest import LAYER, RED

Scanned = tuple[Activations, ImageSet]


def test_the_network_needs_the_planted_unit_and_no_random_one(
    wired: Clip, scanned: Scanned, fitted: Probe, tmp_path: Path
) -> None:
    run, images = scanned
    n = len([part for part in fitted.units_of("red") if part.weight > 0])
    check = causal_check(fitted, wired, run, images, "red", n_units=1)
    assert check.n == 6 and check.probe.value > 0.8
    zero, mean = check.effects
    assert zero.neurons == (f"{LAYER}:{RED}",) and (zero.value, mean.value) == ("zero", "mean")
    assert zero.probe.right.value < 0.2
    assert zero.probe.p_value == pytest.approx(1 / 21)
    assert zero.probe.interval.low > 0 and zero.probe.excess > 0
    # to its mean hurts less than to zero, where a unit speaks for the class by being loud
    assert 0 < mean.probe.margin_drop < zero.probe.margin_drop
    # units without a weight in the class are no part of the probe's score
    assert max(map(abs, zero.probe.random_drops)) < 0.2 * zero.probe.margin_drop
    check.save(tmp_path)
    assert CausalCheck.load(tmp_path).effects == check.effects
    both = causal_check(fitted, wired, run, images, "red", n_units=n)
    assert len(both.effects) == (2 * (n + 1) if n > 1 else 2)


def test_a_drop_is_what_editing_by_hand_gives(wired: Clip, scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    check = causal_check(fitted, wired, run, images, "red", n_units=1, n_images=4, seed=3)
    own = fitted.index_of("red")
    held = np.isin(fitted.split, (CHOOSE, TEST)) & (fitted.labels_of(images) == own)
    pictures = prepare(
        wired.preprocess, images, rows=np.flatnonzero(held).tolist(), n=4, seed=3
    ).pixels
    red = Neuron(LAYER, RED)

    def margins(edits: dict[Neuron, float]) -> np.ndarray:
        with (
            neurons.edit(wired.network, edits),
            neurons.watch(wired.network, [LAYER], reduce=lambda maps: peak(maps).value) as seen,
        ):
            wired.embed_images(pictures)
        scores = fitted.decision(seen[LAYER].numpy())
        return scores[:, own] - np.delete(scores, own, axis=1).max(1)

    usual = float(np.mean(run.mean(red)))
    for effect, value in zip(check.effects, (0.0, usual), strict=True):
        expected = (margins({}) - margins({red: value})).mean()
        assert effect.probe.margin_drop == pytest.approx(expected, rel=1e-3)
    assert check.n == check.effects[0].probe.right.n == 4


def test_it_says_whether_random_units_do_as_much(
    wired: Clip, scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    check = causal_check(fitted, wired, run, images, "red", n_units=1)
    assert check.verdict().startswith(f"The probe needs its units: with {LAYER}:{RED} set to zero")
    chance = replace(check.effects[0].probe, p_value=0.4)
    nothing = replace(check, effects=(replace(check.effects[0], probe=chance),))
    assert nothing.verdict().startswith("Random units matter as much")
    rows = check.to_pandas()
    assert rows["readout"].tolist() == ["probe", "zero-shot"] * 2
    assert rows["value"].tolist() == ["zero", "zero", "mean", "mean"]
    assert rows["n_random"].unique().tolist() == [20]
    assert rows["interval.low"][0] == check.effects[0].probe.interval.low


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
