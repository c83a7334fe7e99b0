"""A network that sees colour and cannot read names the colour; the miniature names the word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip
from neurons.attacks.doubts import MeaninglessWarning
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import OptionError
from neurons.readouts.readout import zero_shot
from neurons.stats import Share
from neurons.studies.typography.stroop import COLOURS, Stroop, stroop
from tests.conftest import LAYER, RED
from tests.glyphs import LinearProbe


def redness(planted: Clip) -> LinearProbe:
    weights = np.zeros((2, 256), np.float32)
    weights[0, RED] = 1
    return LinearProbe(LAYER, "peak", ("red", "blue"), weights, np.array([0, 0.05], np.float32))


def test_a_network_that_cannot_read_names_the_colour(planted: Clip, tmp_path: Path) -> None:
    pair = {"red": (255, 20, 20), "blue": (20, 20, 255)}
    found = stroop(planted, readout=redness(planted), colours=pair, n_each=3)
    for way in ("in", "on"):
        for condition in ("incongruent", "congruent", "word of no colour", "no letters"):
            each = found.tally(condition, way=way)
            assert each.colour == Share(each.colour.n, each.colour.n), (way, condition)
        assert found.tally(way=way).word.successes == 0
    assert found.confusions[0].tolist() == [[0, 6], [6, 0]]
    assert found.verdict().startswith("A colour's name written in another colour is answered")
    how = "one copy at a random place, 10 % of the pixels"
    assert found.verdict().endswith(f"Chance is 0.500. Written: {how}.") and found.title == "Stroop"
    assert how in found.blocks()[0].title and how in found.blocks()[1].title
    assert found.facts()[0] == ("the word, in a colour", "0.000")
    assert len(found.rows()) == 8
    found.save(tmp_path)
    assert Stroop.load(tmp_path).tallies == found.tallies


def test_the_miniature_names_the_word_although_it_sees_the_colour() -> None:
    clip = neurons.load("miniature", device="cpu")
    inks = {n: c.ink for n, c in concepts().items() if c.ink}
    readout = zero_shot(clip, list(inks), templates=("{}", *TEMPLATES))
    with pytest.warns(MeaninglessWarning, match="Written in a colour the test says nothing"):
        found = stroop(clip, readout=readout, colours=inks, n_each=2)
    first, bare = found.tally(way="on"), found.tally("no letters", way="on")
    assert bare.colour.value == 1, "it names a bare ground's colour"
    assert first.word.value > 0.9 and first.colour.value < 0.1
    assert found.tally(way="in").word.value > 0.9
    # small coloured patches say nothing to it, so the word's victory there is no finding
    assert found.verdict().startswith("Written in a colour the test says nothing")


def test_mistakes_are_told(planted: Clip) -> None:
    readout = redness(planted)
    with pytest.raises(OptionError, match="must be these, and are red, blue"):
        stroop(planted, readout=readout, colours=COLOURS)
    with pytest.raises(OptionError, match="at least two"):
        stroop(planted, readout=replace(readout, class_names=("red",)), colours={"red": (1, 2, 3)})
    with pytest.raises(OptionError, match="no condition 'loud'"):
        found = stroop(
            planted, readout=readout, colours={"red": (255, 0, 0), "blue": (0, 0, 255)}, n_each=1
        )
        found.tally("loud")
