"""Words stand in a colour on greys, or on the colour; without letters the colour is there too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.attacks.colour_words import (
    WAYS,
    AnsweredWord,
    ColourWords,
    confusions_of,
    tally_of,
)
from neurons.interventions.editable import open_editable
from neurons.lettering.lettering import Lettering
from neurons.stats import Share
from tests.conftest import LAYER, RED
from tests.glyphs import LinearProbe

PAIR = {"red": (255, 20, 20), "blue": (20, 20, 255)}


@pytest.fixture(scope="module")
def words(planted: Clip) -> Iterator[ColourWords]:
    weights = np.zeros((2, 256), np.float32)
    weights[0, RED] = 1
    redness = LinearProbe(LAYER, "peak", ("red", "blue"), weights, np.array([0, 0.05], np.float32))
    lettering = Lettering(area=0.1, places="random", stroke_px=0)
    with open_editable(planted, readouts=[redness]) as network:
        yield ColourWords(network, redness, PAIR, "of", lettering, n_each=3, seed=0)


@pytest.mark.parametrize(("way", "n"), [("in", 6), ("on", 3)])
def test_a_network_that_sees_red_and_cannot_read_answers_the_colour(
    words: ColourWords, way: str, n: int
) -> None:
    for word in ("red", "blue", ""):
        for colour in PAIR:
            found = words.answered(way, word, colour)
            assert found.answers == (colour,) * n, (word, colour)
            assert (found.way, found.word, found.colour) == (way, word, colour)


def test_letters_are_in_the_colour_or_on_it(words: ColourWords) -> None:
    inside = words.answered("in", "blue", "red").first
    values = {tuple(each) for each in inside.flatten(1).T.tolist()}
    assert (255, 20, 20) in values and (250, 250, 250) in values
    on = words.answered("on", "blue", "red").first
    values = {tuple(each) for each in on.flatten(1).T.tolist()}
    assert (255, 20, 20) in values and (0, 0, 0) in values


def test_without_letters_there_is_a_patch_or_nothing_but_the_ground(words: ColourWords) -> None:
    patch = words.answered("in", "", "blue").first
    blue = (patch.permute(1, 2, 0) == patch.new_tensor([20, 20, 255])).all(2)
    assert 0.02 < float(blue.float().mean()) < 0.5
    # letters would leave holes
    for row in blue[blue.any(1)].numpy():
        columns = np.flatnonzero(row)
        assert len(columns) == np.ptp(columns) + 1
    bare = words.answered("on", "", "blue").first
    assert (bare.permute(1, 2, 0) == bare.new_tensor([20, 20, 255])).all()


def test_answers_are_counted_by_word_by_colour_and_by_both() -> None:
    none = torch.zeros(3, 1, 1)
    found = [
        AnsweredWord("on", "red", "blue", ("red", "red", "blue"), none),
        AnsweredWord("on", "blue", "red", ("blue", "red", "red"), none),
    ]
    tally = tally_of("on", "incongruent", found)
    assert (tally.word, tally.colour) == (Share(3, 6), Share(3, 6))
    counts = confusions_of(found, ["red", "blue"])
    assert counts[WAYS.index("on")].tolist() == [[2, 1], [2, 1]]
    assert not counts[WAYS.index("in")].any()
