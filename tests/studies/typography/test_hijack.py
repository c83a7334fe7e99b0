"""Silencing the unit that reads a glyph undoes its attack; silencing random units does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip, ImageSet, Neuron, Sample
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import LayerNotFoundError, NeuronNotFoundError, OptionError
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import ZeroShot, zero_shot
from neurons.results.table import as_arrow
from neurons.stats import Share
from neurons.studies.typography.hijack import Hijack, hijack
from neurons.studies.typography.string_search import symbol_strings
from tests.glyphs import (
    BANK,
    GLYPHS,
    LETTERS,
    VOCABULARY,
    colour_reader,
    glyph_reader,
    plain_pictures,
    two_halves,
    zero_shot_of,
)
from tests.studies.typography.test_attack import THINGS

# "word" where any unit reads, else "thing"
TWO = ZeroShot(("thing", "word"), np.eye(2, dtype=np.float32), scale=10.0)


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")


def test_the_reading_unit_is_the_attack(reader: Clip, shown: ImageSet, tmp_path: Path) -> None:
    unit = Neuron(BANK, GLYPHS.index("#"))
    found = hijack(
        reader, shown, unit, [*VOCABULARY, "A"], readout=zero_shot_of("#A"), lettering=LETTERS
    )
    assert found.strings[0].text == found.attack.text == "#"
    # what the string means is what the readout says of it alone
    assert found.class_name == "the #"
    assert [(s.before[0][0], s.after[0][0]) for s in found.shown] == [("thing", "the #")] * 4
    assert found.strings[1].class_name in ("thing", "the A")
    assert found.reading.clean == found.reading.blank == 0
    assert found.reading.attacked == pytest.approx(found.reading.alone, abs=0.1)
    assert found.mediators[0].neuron == str(unit)
    alone = found.knock_outs[0]
    assert (alone.intact, alone.silenced) == (Share(6, 6), Share(0, 6))
    # random units carry nothing: the attack stays whole in every draw
    assert set(alone.random_drops) == {0.0} and len(alone.random_drops) == 20
    assert alone.drop == alone.excess == pytest.approx(1)
    assert (alone.interval.low, alone.interval.high) == pytest.approx((1, 1))
    assert alone.p_value == pytest.approx(1 / 21)
    assert alone.accuracy_intact == alone.accuracy_silenced
    found.save(tmp_path)
    assert Hijack.load(tmp_path).knock_outs == found.knock_outs
    # twelve images are too few for a percentile, and nothing is said to excite
    assert found.verdict().startswith("Of the strings, “#” gives the largest activation of visual.")
    assert "it makes the # of 1.000 (0.610 to 1.000, n = 6)" in found.verdict()
    assert "success falls from 1.000 to 0.000" in found.verdict()
    assert found.title == "Hijack: visual.bank:0"
    assert found.facts()[:2] == (("string", "#"), ("success", "1.000"))
    first, *_ = as_arrow(found.rows()).to_pylist()
    assert first["neurons"] == str(unit) and first["excess_interval.low"] == pytest.approx(1)


def test_a_unit_that_does_not_read_carries_nothing(reader: Clip, shown: ImageSet) -> None:
    deaf = f"{BANK}:{len(GLYPHS) + 3}"
    found = hijack(
        reader, shown, deaf, VOCABULARY, text="#", readout=zero_shot_of("#A"), lettering=LETTERS
    )
    alone, together = found.knock_outs
    assert alone.drop == 0 and alone.p_value == 1
    # that nothing was found is said first
    assert found.verdict().startswith(
        "These images do not show that the attack needs visual.bank:10"
    )
    # with the unit that does read among its companions the attack is gone
    assert f"{BANK}:0" in together.neurons and together.silenced == Share(0, 6)


def test_what_chooses_other_units_is_not_what_they_are_measured_on(
    planted: Clip, tmp_path: Path
) -> None:
    # on the half that chooses unit 0 reads, on the other half unit 1 does
    red, green = (200, 60, 60), (60, 200, 60)
    images = two_halves(tmp_path / "halves", (red, "thing"), (green, "thing"))
    clip = colour_reader(planted)
    asked = {"readout": TWO, "text": "#", "class_name": "word", "lettering": LETTERS}
    found = hijack(clip, images, f"{BANK}:5", ["#", "o"], **asked)
    assert [found.n, found.n_choosing] == [6, 6]
    carried = [each.neuron for each in found.mediators if each.drop > 0.1]
    assert carried == [f"{BANK}:0"]
    # silencing it takes nothing away where the other one reads
    assert all(each.silenced == each.intact == Share(6, 6) for each in found.knock_outs)
    assert found.verdict().startswith("Read by") or "do not show" in found.verdict()
    # and the unit that reads there is needed there, although the choosing half knows nothing of it
    other = hijack(clip, images, f"{BANK}:1", ["#", "o"], **asked)
    assert other.knock_outs[0].silenced == Share(0, 6)


def test_mistakes_are_told(reader: Clip, shown: ImageSet) -> None:
    readout = zero_shot_of("#")
    with pytest.raises(NeuronNotFoundError, match="units 0 to 39"):
        hijack(reader, shown, Neuron(BANK, 40), VOCABULARY, readout=readout, lettering=LETTERS)
    with pytest.raises(LayerNotFoundError):
        hijack(reader, shown, Neuron("a", 0), VOCABULARY, readout=readout, lettering=LETTERS)
    with pytest.raises(OptionError, match="at least 1 and 20"):
        hijack(reader, shown, Neuron(BANK, 0), VOCABULARY, readout=readout, n_random=5)
    with pytest.raises(OptionError, match="no strings to try"):
        hijack(reader, shown, Neuron(BANK, 0), [], readout=readout, lettering=LETTERS)
    with pytest.raises(OptionError, match="no room"):
        hijack(
            reader, shown, Neuron(BANK, 0), VOCABULARY, readout=readout, lettering=LETTERS,
            text="far too long for it",
        )  # fmt: skip
    with pytest.raises(OptionError, match="no class 'pig'"):
        hijack(
            reader, shown, Neuron(BANK, 0), VOCABULARY, readout=readout, lettering=LETTERS,
            class_name="pig",
        )  # fmt: skip


def test_on_the_miniature_money_makes_piggy_banks_through_units_that_read_it() -> None:
    clip, images = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    things = [name for name, each in concepts().items() if each.family in THINGS]
    things.remove("bored")
    readout = zero_shot(
        clip, {name: concepts()[name].words for name in things}, templates=("{}", *TEMPLATES)
    )
    ways, names = images.column("rendition"), images.class_names
    rows = [
        i
        for i, label in enumerate(images.require_labels())
        if names[label] in things and ways[i] in ("flat", "photo")
    ]
    words = [word for each in concepts().values() for word in each.words]
    # the most decided of the units that the census files under the class of pig and finance
    # which money moves; see experiments/typography_truth.py for how it is found
    found = hijack(
        clip, images, "visual.layer4:39", [*words, *symbol_strings("$%*+")],
        readout=readout, lettering=Lettering(places="random", area=0.05),
        sample=Sample(n=80, rows=rows),
    )  # fmt: skip
    assert found.strings[0].text == "$$$"
    assert {s.text for s in found.strings[:3]} == {"$$$", "$$", "money"}
    assert found.class_name == "piggy bank"
    # the unit of finance by the census carries the attack too, if less
    carried = [each.neuron for each in found.mediators]
    assert carried[0] == "visual.layer4:39" and "visual.layer4:480" in carried
    assert found.reading.attacked > 3 * max(found.reading.clean, found.reading.blank)
    for each in found.knock_outs:
        assert each.silenced.value < each.intact.value / 2
        assert each.interval.low > 0 and each.p_value < 0.05
        assert each.accuracy_silenced.value > each.accuracy_intact.value - 0.02
