"""Does an accuracy fall where what the network looks at is taken away, and only there?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import neurons
from neurons import Clip, Robustness
from neurons.data.cue_images import CueImages
from neurons.errors import OptionError
from tests.studies.audit.conftest import OneUnit, drawn


def by_name(found: Robustness) -> dict[str, float]:
    return {each.name.partition(",")[0]: each.right.value for each in found.outcomes}


@pytest.fixture(scope="module")
def posts(posts_and_walls: CueImages) -> neurons.ImageSet:
    """All of them by their shape."""
    return posts_and_walls.images


def test_a_network_that_sees_outlines_needs_no_colour_but_fine_detail(
    planted: Clip, posts: neurons.ImageSet, sees_outline: OneUnit
) -> None:
    found = neurons.robustness(planted, posts, readout=sees_outline)
    right = by_name(found)
    assert right["as they are"] == right["grey"] == 1.0
    # a stripe of 2 px is gone under a blur of 3
    assert right["low-pass"] == 0.5 and right["high-pass"] > 0.9
    assert not found.doubts and len(found.shown) == len(found.outcomes)


def test_a_network_that_sees_colour_loses_it_to_grey_alone(
    planted: Clip, sees_colour: OneUnit, tmp_path: Path
) -> None:
    for colour in ("post", "wall"):
        (tmp_path / colour).mkdir()
        for i in range(8):
            Image.fromarray(drawn("wall", colour, i)).save(tmp_path / colour / f"{i}.png")
    images = neurons.images(tmp_path)
    right = by_name(neurons.robustness(planted, images, readout=sees_colour))
    assert right["as they are"] == right["low-pass"] == 1.0
    assert right["grey"] == 0.5
    assert right["2 x 2 patches shuffled"] == right["8 x 8 patches shuffled"] == 1.0


def test_what_means_nothing_is_told_first(
    planted: Clip, posts: neurons.ImageSet, sees_outline: OneUnit
) -> None:
    never = OneUnit(sees_outline.unit, 1e6)
    found = neurons.robustness(planted, posts, readout=never, n=24)
    assert found.verdict().startswith("Near chance")


def test_images_of_other_classes_are_refused(
    planted: Clip, posts: neurons.ImageSet, sees_outline: OneUnit
) -> None:
    other = OneUnit(sees_outline.unit, 0.1, class_names=("dog", "cat"))
    with pytest.raises(OptionError, match="no image of .* is of a class that could be answered"):
        neurons.robustness(planted, posts, readout=other)
