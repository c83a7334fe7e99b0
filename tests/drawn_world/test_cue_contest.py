"""Has a picture of the contest the shape, the surface and the word that it is said to have?"""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np

from neurons.drawn_world import cue_contest
from neurons.drawn_world.concepts import concept
from neurons.drawn_world.cue_contest import contestants, render, surface_of


def test_the_same_seed_draws_the_same_picture() -> None:
    first, written = render("horse", "strawberry", "rocket", 3)
    again, _ = render("horse", "strawberry", "rocket", 3)
    assert np.array_equal(first, again) and written.lower() in concept("rocket").words
    assert not np.array_equal(first, render("horse", "strawberry", "rocket", 4)[0])


def test_a_surface_fills_the_shape_and_nothing_of_the_shapes_own_colours_is_left() -> None:
    # a horse is brown, and a frog green: between the lines there is green, and no brown
    horse, _ = render("horse", "frog", "", 1)
    inked = (horse.max(2) > 60) & (np.abs(horse.astype(int) - (236, 236, 232)).max(2) > 30)
    red, green, blue = horse[inked].T.astype(int)
    assert inked.sum() > 600 and np.mean(green >= np.maximum(red, blue)) > 0.97
    # and the shape alone has no colour
    alone, _ = render("horse", "", "", 1)
    assert np.ptp(alone.astype(int), axis=2).max() <= 4


def test_a_surface_is_made_of_the_concepts_own_colours() -> None:
    tile = surface_of("strawberry", Random(0))
    assert tile.shape == (96, 96, 3)
    colours = Counter(map(tuple, tile.reshape(-1, 3).tolist()))
    red, green, blue = colours.most_common(1)[0][0]
    assert red > 180 and green < 80 and blue < 90


def test_a_word_changes_little_of_the_picture() -> None:
    bare, _ = render("", "", "dog", 1)
    assert 0.005 < (np.abs(bare.astype(int) - (236, 236, 232)).max(2) > 30).mean() < 0.25


def test_every_cue_goes_through_every_concept_and_no_two_agree() -> None:
    asked = list(cue_contest._asked())
    names = contestants()
    assert len(names) == 60 and not {"red", "one", "piggy bank"} & set(names)
    for part, has in cue_contest.PARTS.items():
        mine = [cues for each, cues, _ in asked if each == part]
        assert all(len({*cues} - {""}) == sum(has) for cues in mine)
        place = has.index(True)
        counts = Counter(cues[place] for cues in mine)
        assert set(counts) == set(names) and len(set(counts.values())) == 1
