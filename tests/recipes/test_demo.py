"""The demonstration shows the most decided units of telling concepts, and a polysemantic one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurons import Neuron
from neurons.recipes.demo import telling


@dataclass(frozen=True)
class PlantedCensus:
    """As much of a census as the choice looks at, with units whose class is known."""

    layer: str
    class_names: tuple[str, ...]
    among: tuple[str, ...]
    leads: np.ndarray
    tops: np.ndarray
    of: dict[str, tuple[int, ...]]
    polysemantic: tuple[int, ...]

    def units_of(self, name: str) -> tuple[int, ...]:
        return self.of.get(name, ())

    def polysemantic_units(self) -> tuple[int, ...]:
        return self.polysemantic


def census(**changed: object) -> PlantedCensus:
    leads = np.array([[0.1, 0.9, 0.4, 0.0], [0.2, 0.8, 0.6, 0.0]])
    tops = np.array([[0, 1, 2, 0], [0, 1, 2, 1]])
    values = {
        "layer": "visual.layer4",
        "class_names": ("finance", "spider", "happy"),
        "among": ("flat", "word"),
        "leads": leads,
        "tops": tops,
        "of": {"finance": (0,), "spider": (1,), "happy": (2,)},
        "polysemantic": (3,),
    }
    return PlantedCensus(**{**values, **changed})


def test_the_most_decided_comes_first_and_the_polysemantic_last() -> None:
    shown = telling(census())
    units = [neuron.unit for neuron in shown]
    # by the smaller of a unit's two leads: .8, .4, .1
    assert units[:1] == [1]
    assert units[-1] == 3
    assert shown[Neuron("visual.layer4", 1)] == "spider, as picture, outline and word"
    assert shown[Neuron("visual.layer4", 3)] == "polysemantic: finance as flat, spider as word"


def test_a_concept_without_a_unit_is_left_out() -> None:
    shown = telling(census(of={"spider": (1,)}, polysemantic=()))
    assert [neuron.unit for neuron in shown] == [1]
    assert telling(census(of={}, polysemantic=())) == {}
