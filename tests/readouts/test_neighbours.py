"""Neighbours are the classes that are confused, with the units that speak for both."""

from __future__ import annotations

from neurons.readouts.neighbours import Neighbour, neighbours
from neurons.readouts.probe import Probe


def test_classes_are_listed_by_how_often_they_are_confused(probe: Probe) -> None:
    ant = neighbours(probe, 0)
    # two cows were taken for ants, one ant for a bee
    assert ant == (
        Neighbour("cow", 0, 2, ("visual.layer4:0",)),
        Neighbour("bee", 1, 0, ()),
    )
    assert neighbours(probe, 0, most=1) == ant[:1]


def test_a_unit_against_a_class_is_not_shared(probe: Probe) -> None:
    # unit 1 speaks for bee and against ant, and for cow
    cow = neighbours(probe, 2)
    assert {each.name: each.shared for each in cow} == {
        "ant": ("visual.layer4:0",),
        "bee": ("visual.layer4:1",),
    }
    assert probe.confusion.tolist() == [[3, 1, 0], [0, 4, 0], [2, 1, 1]]
