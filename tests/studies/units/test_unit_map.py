"""Units that are alike lie together on the map, and it says how much of that it keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations
from neurons.activations.similar_units import nearest_units
from neurons.errors import LayerNotFoundError
from neurons.studies.units import unit_map as module
from tests.activations.stores import run_of

GROUPS, EACH = 4, 15


def planted() -> np.ndarray:
    """Four groups of fifteen units that answer alike, in random order, and a dead one, the last."""
    random = np.random.default_rng(0)
    themes = random.normal(size=(40, GROUPS))
    units = themes[:, group_of()] + 0.3 * random.normal(size=(40, GROUPS * EACH))
    return np.concatenate([units, np.zeros((40, 1))], axis=1)


def group_of() -> np.ndarray:
    return np.random.default_rng(1).permutation(np.arange(GROUPS * EACH) % GROUPS)


@pytest.fixture
def kept(pictures: Path, tmp_path: Path) -> Callable[[np.ndarray], Activations]:
    images = neurons.images(pictures)
    return lambda peaks: run_of(tmp_path / f"run{peaks.shape[1]}", images, peaks)


def together(places: np.ndarray) -> float:
    """Share of units whose nearest one on the map is of their group."""
    groups = group_of()
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return float((groups[apart.argmin(1)] == groups).mean())


@pytest.mark.parametrize("landmarks", [5000, 30])
def test_units_of_a_group_lie_together_also_those_that_are_no_landmark(
    kept: Callable[[np.ndarray], Activations], landmarks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LANDMARKS", landmarks)
    run = kept(planted())
    found = neurons.unit_map(run, "layer")
    assert together(found.places[:-1]) == 1
    assert np.isnan(found.places[-1]).all()
    assert (found.n_placed, found.n_landmarks) == (60, min(landmarks, 60))
    assert found.by_chance == pytest.approx(10 / 59) and found.kept > 3 * found.by_chance
    assert found.verdict().startswith("Units that lie together are alike: it keeps ")
    assert found.rows()[7]["neuron"] == "layer:7" and len(found.rows()) == 61
    # the same bytes again
    assert neurons.unit_map(run, "layer").places.tobytes() == found.places.tobytes()


def test_a_map_that_keeps_what_a_random_one_keeps_says_so_first(
    kept: Callable[[np.ndarray], Activations],
) -> None:
    run = kept(planted())
    known = nearest_units(run, "layer", count=10)
    order = np.random.default_rng(3).permutation(60)
    # those who are alike are others than the map was made of
    renamed = np.append(order, -1).astype(np.int32)[known.units]
    others = dataclasses.replace(known, units=renamed)
    found = neurons.unit_map(run, "layer", nearest=others)
    assert found.verdict().startswith("This map says nothing of which units are alike: it keeps ")


def test_too_few_units_stand_on_a_line(
    kept: Callable[[np.ndarray], Activations], tmp_path: Path
) -> None:
    whole = planted()
    for n in (1, 2, 3):
        found = neurons.unit_map(kept(whole[:, :n]), "layer")
        assert found.places.tolist() == [[i, 0] for i in range(n)]
        assert found.verdict().startswith(
            f"This map says nothing: {n} of {n} units of layer differ"
        )
    dead = neurons.unit_map(kept(np.zeros((40, 7))), "layer")
    assert np.isnan(dead.places).all() and np.isnan(dead.kept) and dead.n_placed == 0
    assert dead.verdict().startswith("This map says nothing: 0 of 7")
    dead.save(tmp_path / "saved")
    assert type(dead).load(tmp_path / "saved").facts() == dead.facts()
    with pytest.raises(LayerNotFoundError):
        neurons.unit_map(kept(whole[:, :4]), "layer3")
