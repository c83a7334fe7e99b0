"""The two units that carry a text come first and the network needs them; units given to the wrong
directions are said to mean little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from neurons.readouts.unit_directions import UnitDirections
from neurons.studies.words.wanted import WantedUnits
from tests.conftest import LAYER, RED, STRIPE
from tests.readouts.wired_text import TEXT
from tests.studies.words.conftest import Wired


def found_by(wired: Wired, text: str = TEXT, **more: object) -> WantedUnits:
    asked = {"directions": wired.directions, "words": wired.words, "n_directions": 199, "count": 2}
    return neurons.wanted_units(wired.run, wired.images, wired.readout, text=text, **(asked | more))


@pytest.fixture(scope="module")
def found(wired: Wired) -> WantedUnits:
    return found_by(wired, names={f"{LAYER}:{RED}": "redness"})


def test_two_wired_units_come_first_and_the_network_needs_them(found: WantedUnits) -> None:
    assert set(found.neurons()) == {f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"}
    for each in found.units:
        assert each.passes and each.p_value == 1 / 200 and each.cosine > 0.99 and each.z > 1
        assert TEXT in each.unit.words and len(each.unit.top) == 6
        assert each.contribution > 0 and each.percentile > 90
    assert found.n_passing == 2 and found.random_largest < 0.99
    # the fitting images are those that are ever redder
    assert all(name.startswith("red/") for name in found.tested_on[:4])
    assert found.test.holds and found.test.own[-1] < found.test.own[0]
    assert found.verdict().startswith(f"'{TEXT}' asks most for {LAYER}:")
    assert f"{LAYER}:{RED} (redness)" in [each.unit.called for each in found.units]
    assert len(found.rows()) == 2 and found.rows()[0]["words"] == found.units[0].unit.words


def test_units_with_the_wrong_directions_are_said_first_to_mean_little(wired: Wired) -> None:
    order = np.random.default_rng(0).permutation(len(wired.directions.vectors))
    shuffled = UnitDirections(LAYER, wired.directions.vectors[order], "shuffled", "", 0.1, False)
    found = found_by(wired, directions=shuffled)
    assert not {f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"} & set(found.neurons())
    assert not found.test.holds
    said = found.verdict()
    assert said.startswith("The linear readout does not hold here (shuffled: r 0.10")
    held = replace(found, holds=True).verdict()
    assert held.startswith("The network does not need these units more than others as active")


def test_a_text_that_no_unit_is_for_is_said_to_have_none(wired: Wired) -> None:
    # the wired units leave little for other texts: take the first that no unit stands out for
    texts = ("a dog", "angry", "house", "clock", "tea", "seven")
    tried = (found_by(wired, text) for text in texts)
    none = next(each for each in tried if not each.units[0].passes)
    assert f"No unit stands out for '{none.text}': the first, " in none.verdict()
    assert len(none.neurons()) == 1


def test_what_one_text_asks_for_more_than_another_is_the_other_way_round(wired: Wired) -> None:
    one = found_by(wired, TEXT, against="a dog", count=168, n_draws=19)
    other = found_by(wired, "a dog", against=TEXT, count=168, n_draws=19)
    cosines = {each.unit.neuron: each.cosine for each in other.units}
    assert all(-cosines[each.unit.neuron] == pytest.approx(each.cosine) for each in one.units)
    # of all units that were asked for, as many are tested as there are controls for
    assert len(one.units) == 168 and one.test.steps[-1] == 32
    assert one.units[0].unit.neuron == other.units[-1].unit.neuron
    assert one.title == f"Units that '{TEXT}' against 'a dog' asks for"


def test_it_comes_back_from_disk(found: WantedUnits, tmp_path: Path) -> None:
    found.save(tmp_path)
    again = WantedUnits.load(tmp_path)
    assert again.verdict() == found.verdict() and again.rows() == found.rows()
    assert again.test == found.test


def test_what_makes_no_sense_is_one_line(wired: Wired) -> None:
    other = UnitDirections("visual.layer3", wired.directions.vectors, "", "", 1.0, True)
    fewer = UnitDirections(LAYER, wired.directions.vectors[:9], "", "", 1.0, True)
    refused = (
        (OptionError, "the text is empty", {"text": " "}),
        (OptionError, "too long for", {"text": "one two three four five six seven"}),
        (OptionError, "against itself", {"against": TEXT}),
        (OptionError, "0 units", {"count": 0}),
        (OptionError, "18 draws", {"n_draws": 18}),
        (OptionError, "254 other units: too few", {"n_draws": 300}),
        (MismatchError, "take both of one layer", {"directions": other}),
        (MismatchError, "9 have directions", {"directions": fewer}),
    )
    for kind, told, more in refused:
        with pytest.raises(kind, match=told) as error:
            found_by(wired, **more)
        assert "\n" not in str(error.value)
    assert issubclass(LayerNotFoundError, neurons.NeuronsError)
