"""What an edit costs is the fall of the class's lead, and is compared with what controls cost."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.readouts.margins import change, margins, share_ahead


def test_a_margin_is_the_lead_over_the_best_other_class() -> None:
    scores = np.array([[1, 5, 3], [4, 2, 2], [0, 0, 0]], np.float32)
    assert margins(scores, 0).tolist() == [-4, 2, 0]
    assert margins(scores, 1).tolist() == [2, -2, 0]
    # a tie is not given to the class
    share = share_ahead(margins(scores, 0))
    assert (share.successes, share.n) == (1, 3)


def test_a_drop_beyond_all_controls_has_the_smallest_p() -> None:
    random = np.random.default_rng(0)
    intact = random.normal(5, 1, 30)
    controls = intact - random.normal(0.1, 0.05, (20, 30))
    found = change(intact, np.concatenate([intact - 6, controls.ravel()]))
    assert found.p_value == pytest.approx(1 / 21)
    assert found.margin_drop == pytest.approx(6)
    assert np.allclose(found.random_drops, (intact - controls).mean(1))
    assert found.excess == pytest.approx(6 - np.mean(found.random_drops))
    assert found.interval.low < found.excess < found.interval.high
    assert found.right.n == 30 and found.right.successes == (intact > 6).sum()


def test_an_edit_that_costs_what_controls_cost_stands_out_in_nothing() -> None:
    values, covered = [], 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        intact = random.normal(5, 1, 20)
        edits = intact - random.normal(0.5, 0.2, (21, 20))
        found = change(intact, edits.ravel())
        values.append(found.p_value)
        covered += found.interval.low <= 0 <= found.interval.high
    # uniform where nothing is to be found, and the interval holds 0 about 95 times of 100
    assert 0.35 < np.mean(values) < 0.65
    assert covered >= 34
