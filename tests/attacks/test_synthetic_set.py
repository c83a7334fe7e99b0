"""Every image gets the name of another class, the same each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

import neurons
from neurons.attacks.synthetic_set import synthetic
from neurons.attacks.typographic_set import ATTACKED
from neurons.errors import LabelsMissingError, OptionError
from neurons.lettering.lettering import Lettering


def folder(root: Path, names: Sequence[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name)
    return root


def test_synthetic_words_are_of_another_class_and_the_same_each_time(pictures: Path) -> None:
    images = neurons.images(pictures)
    lettering = Lettering(places=(0.5, 0.5))
    opened = synthetic(images, lettering, seed=2)
    again = synthetic(images, lettering, seed=2)
    assert opened.trials == again.trials != synthetic(images, lettering, seed=3).trials
    labels = images.require_labels()
    attacked = [trial for trial in opened.trials if trial.word == ATTACKED]
    assert len(attacked) == len(images) and len(opened.trials) == 2 * len(images)
    for trial in opened.trials:
        assert trial.true == images.class_names[labels[trial.index]] != trial.written
        assert trial.text == (trial.written if trial.word == ATTACKED else "")
    assert {trial.written for trial in attacked} == set(images.class_names)
    own = synthetic(images, lettering, texts=["1", "2", "3", "4"])
    at = dict(zip(images.class_names, "1234", strict=True))
    assert all(t.text in ("", at[t.written]) for t in own.trials)


def test_synthetic_words_need_labels_and_a_text_for_each_class(
    pictures: Path, tmp_path: Path
) -> None:
    unlabelled = neurons.images(folder(tmp_path / "loose", ["a.png", "b.png"]))
    with pytest.raises(LabelsMissingError):
        synthetic(unlabelled, Lettering())
    with pytest.raises(OptionError, match="2 texts for 4 classes"):
        synthetic(neurons.images(pictures), Lettering(), texts=["a", "b"])
    with pytest.raises(OptionError, match="1 class"):
        synthetic(neurons.images(folder(tmp_path / "one", ["dog/a.png"])), Lettering())
