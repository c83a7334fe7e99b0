"""Where nothing is to be found every p is as likely, and a probe's own fall has no p at all."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy import stats

from neurons.address import Neuron
from neurons.interventions.class_effects import (
    Effect,
    effect_rows,
    effects_chart,
    effects_table,
)
from neurons.interventions.controls import ControlActivity, activity_of, matched_draws
from neurons.readouts.margins import Change, Fall, change, margins
from neurons.results.table import as_arrow
from neurons.stats import Interval, Share

N_UNITS, N_IMAGES, N_CLASSES = 240, 30, 4


def p_values(seed: int) -> tuple[float, float]:
    """Take the unit that shuffled labels like best; give p by zero-shot, and by that probe."""
    random = np.random.default_rng(seed)
    level = np.sort(random.gamma(2, 1, N_UNITS))
    values = np.maximum(level * (1 + random.normal(size=(4 * N_IMAGES, N_UNITS))), 0)
    shuffled = random.permutation(np.repeat([0, 1], 2 * N_IMAGES))
    tested, fitted = np.arange(0, 4 * N_IMAGES, 4), np.arange(4 * N_IMAGES) % 4 > 0
    # units that are quite active, but have equals
    lean = np.zeros(N_UNITS)
    for unit in range(140, 210):
        lean[unit] = np.corrcoef(values[fitted, unit], shuffled[fitted])[0, 1]
    unit, weights = int(lean.argmax()), np.zeros((2, N_UNITS))
    weights[0] = lean
    names = random.normal(size=(N_CLASSES, N_UNITS)) / np.sqrt(N_UNITS)
    pixels = values[tested]
    activity = pixels.mean(0).astype(np.float32)
    draws = matched_draws([Neuron("layer", unit)], activity, 20, seed)
    compared = activity_of([Neuron("layer", unit)], draws, activity)
    variants = []
    for group in ([Neuron("layer", unit)], *draws):
        edited = pixels.copy()
        edited[:, [each.unit for each in group]] = 0
        variants.append(edited)
    edited, found = np.concatenate(variants), []
    for readout in (names, weights):
        before = margins((pixels @ readout.T).astype(np.float32), 0)
        after = margins((edited @ readout.T).astype(np.float32), 0)
        told = change(before, after, None if compared.matched else compared.values())
        found.append(told.p_value - random.uniform(0, 1 / 21))
    return found[0], found[1]


def test_with_shuffled_labels_zero_shot_p_is_uniform_and_the_probes_would_be_small() -> None:
    drawn = np.array([p_values(seed) for seed in range(150)])
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 0.01
    # by the readout that chose the unit nothing else can come out: no p is given for it
    assert np.mean(drawn[:, 1] < 0.05) > 0.8
    assert "p_value" not in {field.name for field in fields(Fall)}


def effect(matched: bool) -> Effect:
    fall, changed = Fall(Share(1, 9), 7.5), 0.5
    return Effect(
        ("layer:3", "layer:5"),
        "zero",
        ControlActivity(1.0, (0.98, 1.0) if matched else (0.5, 0.6)),
        fall,
        Change(Share(8, 9), changed, (0.1, 0.3), 0.3, Interval(-0.2, 0.8), 0.4),
    )


def test_the_probes_row_has_no_controls_and_a_bad_match_is_marked() -> None:
    rows = as_arrow(effect_rows([effect(True)], "red", Share(9, 9), Share(7, 9))).to_pandas()
    assert rows["readout"].tolist() == ["zero-shot", "probe"]
    assert rows["margin_drop"].tolist() == [0.5, 7.5]
    assert rows["right_intact.successes"].tolist() == [7, 9]
    for column in ("p_value", "excess", "random_drop", "interval.low"):
        assert rows[column].isna().tolist() == [False, True]
    marked = [cell for cell in effects_table([effect(False)]).rows[0] if cell.endswith("*")]
    assert marked == ["1; controls 0.55 (0.5 to 0.6) *"]
    assert not any(cell.endswith("*") for cell in effects_table([effect(True)]).rows[0])
    chart = effects_chart([effect(True)])
    assert chart.labels == ("layer:3 and 1 more to zero",)
    assert [panel.values for panel in chart.panels] == [(0.5,), (0.3,), (7.5,)]
    assert chart.panels[0].controls == ((0.1, 0.3),) and not chart.panels[2].controls
