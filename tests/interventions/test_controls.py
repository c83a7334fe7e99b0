"""Controls are other units of the layer, as active as those that they stand beside."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.interventions.controls import matched_draws

ACTIVITY = np.linspace(0, 1, 201).astype(np.float32)


def test_random_units_are_matched_by_their_activity() -> None:
    units = [Neuron("a", 20), Neuron("a", 180)]
    draws = matched_draws(units, ACTIVITY, 20, seed=0)
    assert len(draws) == 20
    for low, high in draws:
        assert abs(ACTIVITY[low.unit] - 0.1) < 0.12 and abs(ACTIVITY[high.unit] - 0.9) < 0.12
        assert len({low, high, *units}) == 4
    assert len({pair[0] for pair in draws}) > 5
    assert matched_draws(units, ACTIVITY, 20, seed=0) == draws
    assert matched_draws(units, ACTIVITY, 20, seed=1) != draws


def test_no_unit_is_drawn_that_must_never_be_a_control() -> None:
    # the nearest ten on either side of the unit would be the likeliest controls
    near = [unit for unit in range(90, 111) if unit != 100]
    free = matched_draws([Neuron("a", 100)], ACTIVITY, 20, seed=0)
    kept = matched_draws([Neuron("a", 100)], ACTIVITY, 20, seed=0, never=near)
    assert {each.unit for (each,) in free} & set(near)
    assert not {each.unit for (each,) in kept} & {*near, 100}


def test_the_window_widens_with_the_number_of_draws() -> None:
    spread = [
        np.ptp([each.unit for (each,) in matched_draws([Neuron("a", 100)], ACTIVITY, n, seed=0)])
        for n in (5, 60)
    ]
    assert spread[0] <= 11 and 60 < spread[1] <= 121


def test_a_layer_with_too_few_other_units_is_told() -> None:
    with pytest.raises(OptionError, match="has 9 other units: too few for 20 draws"):
        matched_draws([Neuron("a", 0)], ACTIVITY[:10], 20, seed=0)
    with pytest.raises(OptionError, match="has 0 other units"):
        matched_draws([Neuron("a", 0)], ACTIVITY[:2], 1, seed=0, never=[1])
