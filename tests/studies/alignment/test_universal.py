"""Shared dimensions are counted in every system, and none where nothing is shared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from experiments.alignment_truth_dimensions import planted_shared
from neurons import Universal
from neurons.errors import LayerNotFoundError, MismatchError, OptionError, StaleActivationsError
from tests.studies.alignment.planted import run_of
from tests.studies.probe.planted_run import PLANTED

SYSTEMS = planted_shared(240, 12, 3, noise=0.2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("universal")
    return [run_of(folder / str(i), each, name=f"net {i}") for i, each in enumerate(SYSTEMS)]


@pytest.fixture(scope="module")
def found(runs) -> Universal:
    return neurons.universal(
        [run for run, _ in runs], PLANTED, images=runs[0][1], n_components=12, n_permutations=20
    )


def test_every_system_has_the_three_that_are_shared(found: Universal) -> None:
    assert [each.n_shared for each in found.systems] == [3, 3, 3]
    for each in found.systems:
        assert [one.number for one in each.basis if one.shared] == [1, 2, 3]
        assert all(one.correlation > 0.8 for one in each.basis[:3])
        assert each.n_shared_components > 6
        # three of twelve of one variance
        assert each.variance == pytest.approx(0.25, abs=0.05)
        assert len(each.basis[0].by_each) == 2
    assert "net 0: 3 of 12 (2" in found.verdict() and "the median of 2 others" in found.verdict()
    assert len(found.rows()) == 3 * 2 * 12


def test_axes_give_the_scores_of_new_rows(found: Universal) -> None:
    scores = [(SYSTEMS[i] - each.mean) @ each.axes for i, each in enumerate(found.systems)]
    # the space of the three first is one of the same three in every system
    shared = [each[:, :3] for each in scores]
    ones = np.column_stack([shared[0], np.ones(240)])
    left = shared[1] - ones @ np.linalg.lstsq(ones, shared[1], rcond=None)[0]
    assert 1 - left.var() / shared[1].var() > 0.8


def test_pages_show_the_images_at_both_ends(found: Universal) -> None:
    ends = found.systems[0].ends
    assert [each.number for each in ends] == [1, 2, 3]
    values = [float(each.value) for each in ends[0].high]
    assert values == sorted(values, reverse=True) and float(ends[0].low[0].value) < 0
    assert not set(t.detail for t in ends[0].low) & set(t.detail for t in ends[0].high)


def test_nothing_shared_is_said_first(tmp_path: Path) -> None:
    own = planted_shared(160, 8, 0, systems=2)
    runs = [run_of(tmp_path / str(i), each, name=f"net {i}")[0] for i, each in enumerate(own)]
    found = neurons.universal(runs, PLANTED, n_permutations=20, n_components=8)
    assert found.verdict().startswith("No dimension is shared. Predicted by the one other system")
    assert [each.variance for each in found.systems] == [0, 0]
    # of 20 draws p is 0.05 above the largest alone
    part = neurons.universal(runs, PLANTED, n_permutations=20, n_components=8, n_images=40)
    assert part.verdict().startswith("No dimension is shared") and "were drawn" in part.verdict()


def test_it_reloads_and_wrong_asking_is_refused(found: Universal, runs, tmp_path: Path) -> None:
    found.save(tmp_path)
    again = Universal.load(tmp_path)
    assert again.verdict() == found.verdict()
    assert np.allclose(again.system("net 1").axes, found.system("net 1").axes)
    one, two = runs[0][0], runs[1][0]
    with pytest.raises(MismatchError, match="what is compared with itself agrees"):
        neurons.universal([one, two, one], PLANTED)
    with pytest.raises(OptionError, match="give 1 to 12 components"):
        neurons.universal([one, two], PLANTED, n_components=13)
    with pytest.raises(OptionError, match="give 1 to 7 components"):
        neurons.universal([one, two], PLANTED, n_components=8, n_images=16)
    brain = neurons.responses({PLANTED: SYSTEMS[1]}, ids=one.ids(), name="brain")
    with pytest.raises(OptionError, match="the first system is responses: give a run first"):
        neurons.universal([brain, one], PLANTED, images=runs[0][1])
    with pytest.raises(StaleActivationsError):
        neurons.universal([one, two], PLANTED, images=runs[0][1].sample(5))
    with pytest.raises(OptionError, match="2 systems or more"):
        neurons.universal([one], PLANTED)


def test_one_layer_that_an_array_lacks_says_to_give_one_for_each(runs) -> None:
    one = runs[0][0]
    brain = neurons.responses({"area": SYSTEMS[1]}, ids=one.ids(), name="brain")
    told = "'brain' hold no layer .*; they hold: area; give one layer for each system$"
    with pytest.raises(LayerNotFoundError, match=told):
        neurons.universal([one, brain], PLANTED)
    with pytest.raises(LayerNotFoundError, match="they hold: area$"):
        neurons.universal([one, brain], (PLANTED, PLANTED))
    found = neurons.universal([one, brain], (PLANTED, "area"), n_components=2, n_permutations=20)
    assert [each.layer for each in found.systems] == [PLANTED, "area"]
