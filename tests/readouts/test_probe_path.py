"""A path is shown as it was measured: the strengths that used no unit are on no curve."""

from __future__ import annotations

from dataclasses import replace

from neurons.readouts.probe import Probe
from neurons.readouts.probe_path import accuracy_curves, path_table


def test_the_curve_leaves_out_strengths_without_units(probe: Probe) -> None:
    (curve,) = accuracy_curves(probe.steps, probe.chosen)
    assert curve.x == (1.0, 5 / 3) and curve.y == (0.75, 0.75)
    assert "chosen: 1.7 units per class" in curve.note
    assert accuracy_curves(probe.steps[:2], 1) == ()


def test_the_chosen_strength_and_a_failed_one_are_marked(probe: Probe) -> None:
    failed = (*probe.steps[:1], replace(probe.steps[1], converged=False), *probe.steps[2:])
    rows = path_table(failed, probe.chosen).rows
    assert [row[0] for row in rows] == ["", "", "chosen"]
    assert ["not converged" in row[6] for row in rows] == [False, True, False]
