"""A unit's roles are the probe's column, and what is lost is counted without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurons import Activations, ImageSet, Neuron
from neurons.data.split import TEST
from neurons.errors import AddressError, NeuronNotFoundError, OptionError
from neurons.readouts.probe import Probe
from neurons.studies.probe.roles import Roles, roles
from tests.conftest import DEAD, LAYER, RED

Scanned = tuple[Activations, ImageSet]


def test_roles_are_the_probes_column(scanned: Scanned, fitted: Probe, tmp_path: Path) -> None:
    run, images = scanned
    found = roles(fitted, run, images, Neuron(LAYER, RED))
    assert found.roles[0].name == "red" and found.roles[0].weight > 0
    assert found.roles[0].n_without < found.roles[0].n_right
    found.save(tmp_path)
    assert Roles.load(tmp_path) == found
    nothing = roles(fitted, run, images, Neuron(LAYER, DEAD))
    assert not nothing.roles and "serves no class" in nothing.verdict()
    assert nothing.blocks() == () and nothing.rows() == []
    with pytest.raises(OptionError, match="reads visual.layer4"):
        roles(fitted, run, images, Neuron("visual.layer3", 1))


def test_what_is_lost_is_what_a_probe_without_the_unit_loses(
    scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    found = roles(fitted, run, images, f"{LAYER}:{RED}")
    tested = fitted.split == TEST
    units = np.asarray(run.array(LAYER, "peak")[:], np.float32)[tested]
    truth = fitted.labels_of(images)[tested]
    silenced = units.copy()
    silenced[:, RED] = 0
    with_it = fitted.decision(units).argmax(1) == truth
    without = fitted.decision(silenced).argmax(1) == truth
    assert (found.n_right, found.n_without, found.n_test) == (
        with_it.sum(), without.sum(), len(truth),
    )  # fmt: skip
    for role in found.roles:
        mine = truth == fitted.index_of(role.name)
        assert (role.n_test, role.n_right) == (mine.sum(), with_it[mine].sum())
        assert role.n_without == without[mine].sum()
        assert role.weight == fitted.standardised[fitted.index_of(role.name), RED]
    weights = [role.weight for role in found.roles]
    assert weights == sorted(weights, reverse=True)


def test_it_says_for_how_many_classes_it_speaks(scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    found = roles(fitted, run, images, Neuron(LAYER, RED))
    column = fitted.weights[:, RED]
    said = f"speaks for {(column > 0).sum()} classes and against {(column < 0).sum()}"
    assert found.title == f"{LAYER}:{RED}" and said in found.verdict()
    assert found.to_pandas()["class"].tolist() == [role.name for role in found.roles]
    # of many classes, those at both ends are shown
    many = replace(found, roles=tuple(replace(found.roles[0], name=str(i)) for i in range(40)))
    shown = many.blocks()[0].labels
    assert shown == (*map(str, range(12)), *map(str, range(36, 40)))


def test_wrong_addresses_are_told(scanned: Scanned, fitted: Probe) -> None:
    run, images = scanned
    with pytest.raises(NeuronNotFoundError, match="999"):
        roles(fitted, run, images, f"{LAYER}:999")
    with pytest.raises(AddressError, match="no neuron's address"):
        roles(fitted, run, images, "the red one")


def test_a_unit_is_taken_away_once(scanned: Scanned, fitted: Probe) -> None:
    """At zero, the class loses images by a little; taken away twice it would lose more."""
    run, images = scanned
    peaks = np.asarray(run.array(LAYER, "peak")[:], np.float32)
    tested = np.flatnonzero(fitted.split == TEST)
    truth = fitted.labels_of(images)[tested]
    own = fitted.index_of("red")
    red = peaks[tested[truth == own], RED]
    # without the unit every image is still given to the class, by half of the smallest of what it
    # adds: once is not enough to lose any, and twice is
    weights, intercepts = np.zeros_like(fitted.weights), np.zeros_like(fitted.intercepts)
    weights[own, RED], intercepts[own] = 1.0, 0.5 * red.min()
    level = replace(fitted, weights=weights, intercepts=intercepts)
    found = roles(level, run, images, f"{LAYER}:{RED}").roles[0]
    assert red.min() > 0 and found.name == "red"
    assert (found.n_test, found.n_right, found.n_without) == (len(red), len(red), len(red))
