"""A set's trials are drawn alike in every part, and words are written before images are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Clip
from neurons.attacks.set_scores import class_directions_of, drawn_trials, scores_of
from neurons.attacks.synthetic_set import synthetic
from neurons.errors import OptionError
from neurons.network.inference import exact
from tests.conftest import picture
from tests.glyphs import GLYPHS, LETTERS, glyph_reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("glyphs")
    for name in ("#", "A"):
        (root / name).mkdir()
        for i in range(5):
            Image.fromarray(picture(seed=i)).save(root / name / f"{i}.png")
    return root


def test_every_part_is_drawn_image_by_image(folder: Path) -> None:
    asked = synthetic(neurons.images(folder), LETTERS)
    drawn = drawn_trials(asked, 4, seed=1)
    parts = {kind: [t.index for t in drawn if t.kind == kind] for kind in asked.kinds}
    assert parts["clean"] == parts["written"] == sorted(parts["clean"])
    assert len(parts["clean"]) == 4 != parts["clean"]
    assert drawn_trials(asked, None, seed=1) == list(asked.trials)
    assert drawn_trials(asked, 99, seed=1) == list(asked.trials)
    assert drawn_trials(asked, 4, seed=2) != drawn
    with pytest.raises(OptionError, match="0 trials of each part: at least 1"):
        drawn_trials(asked, 0, seed=0)


def test_the_word_is_on_the_image_where_the_trial_says_so(planted: Clip, folder: Path) -> None:
    reader, steps = glyph_reader(planted), []
    asked = synthetic(neurons.images(folder), LETTERS)
    # the joint space of the planted reader: a plain thing, then one axis for each glyph
    axes = torch.eye(1 + len(GLYPHS))[[1 + GLYPHS.index(name) for name in asked.class_names]]
    found, bad = scores_of(
        reader, asked, asked.trials, axes, precision=exact, seed=0,
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert bad == set() and steps == [(20, 20)]
    for trial, scores in zip(asked.trials, found, strict=True):
        if trial.text:
            assert asked.class_names[int(scores.argmax())] == trial.written != trial.true
        else:
            assert scores.tolist() == [0, 0]


def test_bad_images_have_no_scores(planted: Clip, folder: Path, tmp_path: Path) -> None:
    for name in ("#", "A"):
        (tmp_path / name).mkdir()
        Image.fromarray(picture()).save(tmp_path / name / "good.png")
    (tmp_path / "A" / "bad.png").write_bytes(b"no image")
    asked = synthetic(neurons.images(tmp_path), LETTERS)
    found, bad = scores_of(
        glyph_reader(planted), asked, asked.trials, torch.eye(1 + len(GLYPHS))[:2],
        precision=exact, seed=0, progress=lambda done, total: None,
    )  # fmt: skip
    assert {asked.images.ids[index] for index in bad} == {"A/bad.png"}
    nothing = np.isnan(found).all(1)
    assert nothing.tolist() == [trial.index in bad for trial in asked.trials]
    assert replace(asked, trials=asked.trials[:1]).kinds == ("clean",)


def test_the_prompts_are_averaged_as_the_text_tower_gives_them(planted: Clip) -> None:
    names, templates = ("dog", "cat"), ("a {}", "many {}s", "{}")
    found = class_directions_of(planted, names, templates)
    for name, direction in zip(names, found, strict=True):
        mean = planted.embed_texts([t.format(name) for t in templates]).mean(0)
        torch.testing.assert_close(direction, mean / mean.norm())
