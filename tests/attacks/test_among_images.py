"""A string excites a unit only where it drives it further than nearly all images do."""

from __future__ import annotations

import numpy as np

from neurons.attacks.among_images import among_images, said_of
from neurons.stats import Share

PEAKS = np.linspace(0, 1.53, 1000)


def test_what_most_images_reach_does_not_excite() -> None:
    weak = among_images(0.163, PEAKS)
    assert weak.reached.n == 1000 and 0.88 < weak.reached.value < 0.9 and weak.highest == 1.53
    assert not weak.exceptional
    told = said_of("spider", "layer:3", 0.163, 0.1, weak)
    assert told.startswith("“spider” does not excite layer:3 as images do: it gives 0.163")
    assert "89.3% of 1,000 images reach it (their largest peak is 1.53)" in told


def test_what_one_image_in_a_hundred_reaches_excites() -> None:
    strong = among_images(1.52, PEAKS)
    assert strong.exceptional
    assert said_of("$$$", "layer:3", 1.52, 0.1, strong).startswith("“$$$” excites layer:3")
    # an image that reaches just as much counts
    assert among_images(1.53, PEAKS).reached == Share(1, 1000)
    # a plain ground that does the same needs no letters
    same = said_of("$$$", "layer:3", 1.52, 1.52, strong)
    assert same.startswith("“$$$” does not excite layer:3: it gives 1.52")


def test_of_few_images_there_is_no_percentile() -> None:
    few = among_images(9.0, PEAKS[:99])
    assert not few.exceptional
    told = said_of("$$$", "layer:3", 9.0, 0.1, few)
    assert "excites" not in told and "0 of 99 images reach it" in told
    assert "too few for a percentile" in told
    assert among_images(9.0, PEAKS[:100]).exceptional


def test_without_images_nothing_is_said_to_excite() -> None:
    told = said_of("$$$", "layer:3", 9.0, 0.1, None)
    assert "excites" not in told and "what images reach is not known" in told
