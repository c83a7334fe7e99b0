"""Does the study tell which cue a network follows, and when it follows none?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip, CueConflict
from neurons.data.cue_images import CueImages, cue_images
from neurons.errors import OptionError
from tests.conftest import shared
from tests.studies.audit.conftest import PER_PAIR, OneUnit


def test_a_network_that_sees_only_colour_has_a_shape_bias_of_nought(
    planted: Clip, posts_and_walls: CueImages, sees_colour: OneUnit
) -> None:
    found = neurons.cue_conflict(planted, posts_and_walls, readout=sees_colour)
    assert (found.bias.value, found.bias.n) == (0.0, 2 * PER_PAIR)
    assert found.parts[0].whole.cue_accuracy.value == 1.0
    assert found.plain[0].right.value == 1.0


def test_a_network_that_sees_only_outlines_has_a_shape_bias_of_one(
    planted: Clip, posts_and_walls: CueImages, sees_outline: OneUnit
) -> None:
    found = neurons.cue_conflict(planted, posts_and_walls, readout=sees_outline)
    assert (found.bias.value, found.bias.n) == (1.0, 2 * PER_PAIR)
    assert {each.follows for each in found.shown} == {"shape"}
    assert all(each.cues.startswith(f"{each.answer} (shape)") for each in found.shown)


def test_answers_at_random_are_told_before_their_bias() -> None:
    classes = [f"class {i}" for i in range(16)]
    rng = np.random.default_rng(0)
    pairs = [rng.choice(classes, 2, replace=False).tolist() for _ in range(1200)]
    answers = rng.choice(classes, 1200).tolist()
    found = neurons.shape_bias(
        answers, [a for a, _ in pairs], [b for _, b in pairs], classes=classes
    )
    assert abs(found.bias.value - 0.5) < 0.1
    assert found.verdict().startswith("On “conflict” cue accuracy cannot be told from chance")


def test_a_cue_that_is_not_recognised_alone_is_told_first() -> None:
    # shapes are named, and textures alone are answered with one class
    shapes, textures = ["a", "b", "c", "d"] * 30, ["b", "c", "d", "a"] * 30
    alone = ["a", "b", "c", "d"] * 10
    found = neurons.shape_bias(
        [*shapes, *["a"] * 40], [*shapes, *[""] * 40], [*textures, *alone], classes="abcd"
    )
    assert found.bias.value == 1.0
    assert found.verdict().startswith("Near chance even without a conflict")


def test_images_of_one_class_are_no_conflict() -> None:
    found = neurons.shape_bias(["a", "b"], ["a", "a"], ["a", "a"], classes=["a", "b"])
    assert found.bias.n == 0 and found.counts.n == 0
    assert "None of these images has cues in conflict" in found.verdict()
    assert found.plain[0].right.value == 0.5


@pytest.mark.parametrize(
    ("answers", "shapes", "told"),
    [(["a"], ["a", "b"], "1 answers and 2 classes"), ([], [], "0 answers"),
     (["a"], ["z"], "class 'z' of a shape is none")],
)  # fmt: skip
def test_answers_that_do_not_belong_are_refused(
    answers: list[str], shapes: list[str], told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        neurons.shape_bias(answers, shapes, ["b"] * len(shapes), classes=["a", "b"])


def test_a_readout_without_a_class_of_the_set_is_refused(
    planted: Clip, posts_and_walls: CueImages, sees_colour: OneUnit
) -> None:
    other = OneUnit(sees_colour.unit, 0.1, class_names=("post", "fence"))
    with pytest.raises(OptionError, match="no class 'wall'"):
        neurons.cue_conflict(planted, posts_and_walls, readout=other)


def test_it_is_kept_and_read_back(
    planted: Clip, posts_and_walls: CueImages, sees_colour: OneUnit, tmp_path: Path
) -> None:
    found = neurons.cue_conflict(planted, posts_and_walls, readout=sees_colour, n_shown=2)
    found.save(tmp_path)
    again = CueConflict.load(tmp_path)
    assert again.verdict() == found.verdict() and again.shown == found.shown
    assert {"part", "class", "shape_bias.value"} <= set(found.to_pandas().columns)


def test_a_real_clip_names_more_of_the_published_cues_than_guessing_does() -> None:
    clip = neurons.load(f"local-dir:{shared('models/tinyimagenet-clip')}", device="cpu")
    published = cue_images(shared("data/cue-conflict/conflict"))
    readout = neurons.zero_shot(clip, published.classes, templates=("a photo of a {}.",))
    found = neurons.cue_conflict(clip, published, readout=readout, n_shown=0)
    whole = found.parts[0].whole
    assert whole.n == 601 and found.parts[0].doubt() == ""
    assert whole.cue_accuracy.interval.low > 2 / 16
    # a network of 96 px and 47,400 photographs is no proof of either
    assert 0.4 < found.bias.value < 0.7
