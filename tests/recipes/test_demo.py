"""The demonstration shows the units that find telling concepts, and a polysemantic one."""

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


WORTH = {0: 0.31, 1: 0.8, 2: 0.4}


def test_the_best_comes_first_and_the_polysemantic_last() -> None:
    shown = telling(census(), WORTH)
    units = [neuron.unit for neuron in shown]
    assert units[:1] == [1]
    assert units[-1] == 3
    assert shown[Neuron("visual.layer4", 1)] == "spider, as picture, outline and word"
    assert shown[Neuron("visual.layer4", 3)] == "polysemantic: finance as flat, spider as word"


def test_a_unit_with_another_class_on_top_is_not_shown_though_its_mean_leads() -> None:
    two = census(of={"spider": (0, 1)}, leads=np.array([[9.0, 1, 0, 0], [9.0, 1, 0, 0]]))
    assert [neuron.unit for neuron in telling(two, WORTH)][0] == 1


def test_a_unit_that_fails_the_exam_is_not_shown() -> None:
    shown = telling(census(polysemantic=()), {0: 0.29, 1: 0.8, 2: 0.1})
    assert [neuron.unit for neuron in shown] == [1]


def test_a_concept_without_a_unit_is_left_out() -> None:
    shown = telling(census(of={"spider": (1,)}, polysemantic=()), WORTH)
    assert [neuron.unit for neuron in shown] == [1]
    assert telling(census(of={}, polysemantic=()), {}) == {}
