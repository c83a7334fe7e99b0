"""Controls are other units of the layer, as active as those that they stand beside."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.interventions.controls import activity_of, matched_draws

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


def test_no_control_is_drawn_twice_and_the_nearest_are_drawn() -> None:
    for n in (5, 60):
        draws = matched_draws([Neuron("a", 100)], ACTIVITY, n, seed=0)
        drawn = {each.unit for (each,) in draws}
        # so many different ones without a gap, but for the unit itself
        assert len(drawn) == n and max(drawn) - min(drawn) == n
    sets = matched_draws([Neuron("a", 100), Neuron("a", 101), Neuron("a", 102)], ACTIVITY, 20, 0)
    for place in range(3):
        assert len({draw[place] for draw in sets}) == 20
    assert all(len(set(draw)) == 3 for draw in sets)


def test_in_as_few_nulls_as_it_says_a_unit_beats_all_of_its_controls() -> None:
    rng, wins = np.random.default_rng(0), 0
    for seed in range(4000):
        # nothing is to be found: what silencing loses has nothing to do with the unit
        lost = rng.normal(size=41)
        draws = matched_draws([Neuron("a", 20)], ACTIVITY[:41], 20, seed)
        wins += lost[20] > max(lost[each.unit] for (each,) in draws)
    # drawn with replacement, 6.1 % did
    assert wins / 4000 == pytest.approx(1 / 21, abs=0.008)


def test_controls_that_do_not_match_say_so() -> None:
    activity = np.concatenate([np.linspace(0, 0.8, 60), [1.1]]).astype(np.float32)
    middle = [Neuron("a", 30)]
    found = activity_of(middle, matched_draws(middle, activity, 20, seed=0), activity)
    assert found.matched and found.own == pytest.approx(found.mean, rel=0.05)
    # the most active unit of a layer has no equals
    top = [Neuron("a", 60)]
    found = activity_of(top, matched_draws(top, activity, 20, seed=0), activity)
    assert not found.matched and found.own == pytest.approx(1.1) and found.mean < 0.8
    assert str(found) == "1.1; controls 0.671 (0.542 to 0.8)"
    assert found.values()[0] == found.own and len(found.values()) == 21


def test_a_layer_with_too_few_other_units_is_told() -> None:
    with pytest.raises(OptionError, match="has 9 other units: too few for 20 draws"):
        matched_draws([Neuron("a", 0)], ACTIVITY[:10], 20, seed=0)
    with pytest.raises(OptionError, match="has 0 other units"):
        matched_draws([Neuron("a", 0)], ACTIVITY[:2], 1, seed=0, never=[1])
