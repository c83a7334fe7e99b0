"""Planted twins are found by their numbers; what is shared as a space alone is not called twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from experiments.alignment_truth_dimensions import planted_twins
from neurons import Twins
from neurons.alignment.assignment import rotation
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from tests.studies.alignment.planted import run_of
from tests.studies.probe.planted_run import PLANTED

UNITS = 16
first, second, TRUTH = planted_twins(160, UNITS, noise=0.4, alike=0.0)
# one unit of the second never changes: its twin has none to find
LOST = 3
second[:, TRUTH[LOST]] = 1.0


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    folder = tmp_path_factory.mktemp("twins")
    one, images = run_of(folder / "a", first, name="one")
    two, other_images = run_of(folder / "b", -second, name="two")
    return neurons.twins(one, two, PLANTED, images=images, other_images=other_images, count=2)


def test_planted_twins_pass_and_the_one_without_a_twin_does_not(found: Twins) -> None:
    assert len(found.pairs) == UNITS and found.n_fitting == found.n_testing == 80
    for each in found.pairs:
        i = int(each.neuron.rpartition(":")[2])
        assert each.passes is (i != LOST)
        if i != LOST:
            assert each.twin == f"{PLANTED}:{TRUTH[i]}"
            # twins that fall where the other rises are twins
            assert -1 < each.interval.low < each.correlation < each.interval.high < -0.7
            assert each.margin > 0.3 and each.rotated < 0.7
    assert found.twin_of(f"{PLANTED}:5").twin == f"{PLANTED}:{TRUTH[5]}"
    assert found.n_best == UNITS - 1 and found.p_axes == pytest.approx(1 / 21)
    assert found.mean > 0.75 > found.rotated > 0.15 and abs(found.permuted) < 0.05
    assert "15 of 16 units of one planted have a twin in two planted" in found.verdict()


def test_a_page_shows_both_units_strongest_common_images(found: Twins) -> None:
    assert len(found.shown) == 2
    for each in found.shown:
        i = int(each.neuron.rpartition(":")[2])
        own = [int(e.image_id.removesuffix(".png")) for e in each.first]
        other = [int(e.image_id.removesuffix(".png")) for e in each.second]
        assert own == np.argsort(-first[:, i])[:6].tolist()
        assert other == np.argsort(second[:, TRUTH[i]])[:6].tolist()
    assert len(found.rows()) == UNITS


def test_a_turned_copy_shares_a_space_and_no_units_and_this_is_said_first(tmp_path: Path) -> None:
    turned = first @ rotation(UNITS, np.random.default_rng(0))
    one, _ = run_of(tmp_path / "a", first, name="one")
    two, _ = run_of(tmp_path / "b", turned, name="two")
    found = neurons.twins(one, two, PLANTED)
    assert found.verdict().startswith("Units have no twins beyond what the layers share")
    # correlations are far above those with permuted images
    assert found.mean > 0.3 and found.p_axes > 0.05
    assert not found.passing() and dict(found.facts())["twins"] == "0 of 16 units"
    assert not any(row["passes"] for row in found.rows())
    assert sum(each.p_value <= 0.05 for each in found.pairs) > UNITS / 2


def test_different_sizes_are_matched_one_to_one_and_softly(tmp_path: Path) -> None:
    one, _ = run_of(tmp_path / "a", first[:, :6], name="one")
    two, _ = run_of(tmp_path / "b", second, name="two")
    found = neurons.twins(one, two, PLANTED)
    assert len(found.pairs) == 6 and len({each.twin for each in found.pairs}) == 6
    assert sum(each.passes for each in found.pairs) == 5
    # most units of the larger one have nothing to be matched with
    assert 0.2 < found.soft < found.mean - 0.2 and abs(found.soft_permuted) < 0.05
    other_way = neurons.twins(two, one, PLANTED)
    assert len(other_way.pairs) == UNITS and len(other_way.passing()) == 5
    assert other_way.soft == pytest.approx(found.soft, abs=0.02)


def test_answers_reload_and_wrong_asking_is_refused(found: Twins, tmp_path: Path) -> None:
    found.save(tmp_path / "kept")
    assert Twins.load(tmp_path / "kept").verdict() == found.verdict()
    one, _ = run_of(tmp_path / "a", first, name="one")
    with pytest.raises(MismatchError, match="what is compared with itself agrees"):
        neurons.twins(one, one, PLANTED)
    with pytest.raises(LayerNotFoundError, match="holds no layer 'visual'"):
        neurons.twins(one, one, "visual")
    with pytest.raises(OptionError, match="19 or more"):
        neurons.twins(one, one, PLANTED, n_rotations=5)
    with pytest.raises(OptionError, match="no unit planted:99 was matched"):
        found.twin_of("planted:99")
