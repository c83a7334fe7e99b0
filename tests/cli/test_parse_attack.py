"""Classes, targets and words of an attack are read from strings."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import images
from neurons.cli.parse_attack import (
    check_classes,
    parse_readout,
    parse_targets,
    parse_vocabulary,
)
from neurons.drawn_world.concepts import concepts
from neurons.errors import LabelsMissingError, OptionError
from neurons.network.clip import load


def test_classes_come_from_a_list_a_file_or_the_images(tmp_path: Path) -> None:
    clip = load("miniature", device="cpu")
    (tmp_path / "classes.txt").write_text("pig\npiggy bank\n", encoding="utf-8")
    readout = parse_readout(clip, None, str(tmp_path / "classes.txt"), "auto")
    assert readout.class_names == ("pig", "piggy bank") and len(readout.templates) == 10
    assert len(parse_readout(clip, images("miniature"), None, "plain").class_names) == 79
    (tmp_path / "prompts.txt").write_text("a {}\nthe {}\n", encoding="utf-8")
    readout = parse_readout(clip, None, "pig,dog", str(tmp_path / "prompts.txt"))
    assert readout.templates == ("a {}", "the {}")
    with pytest.raises(OptionError, match="no classes; name some"):
        parse_readout(clip, None, None, "auto")
    with pytest.raises(OptionError, match="no prompts 'loud'; there are: auto, openai, plain"):
        parse_readout(clip, None, "pig,dog", "loud")


def test_images_without_labels_name_no_classes(pictures: Path) -> None:
    clip = load("miniature", device="cpu")
    with pytest.raises(LabelsMissingError, match="carries no labels"):
        parse_readout(clip, images([next(pictures.glob("red/*.png"))]), None, "plain")


def test_the_miniatures_vocabulary_has_its_worlds_words() -> None:
    clip = load("miniature", device="cpu")
    words = parse_vocabulary(None, clip.name, ("pig", "piggy bank"))
    assert "$$$" in words and set(concepts()["pig"].words) <= set(words)
    assert words[:2] == ["pig", "piggy bank"] and len(words) == len(set(words))
    assert "hog" not in parse_vocabulary(None, "other", ("pig",))
    assert parse_vocabulary("a, b", clip.name, ("pig",)) == ["a", "b"]


def test_targets_are_classes_or_texts_for_classes() -> None:
    first, second = parse_targets("iPod,$$$=piggy bank,")
    assert (first.text, first.class_name) == ("iPod", "iPod")
    assert (second.text, second.class_name) == ("$$$", "piggy bank")
    with pytest.raises(OptionError, match="write CLASS, or TEXT=CLASS"):
        parse_targets("trash=")
    with pytest.raises(OptionError, match="names no target"):
        parse_targets(" ,")


def test_classes_are_checked_without_a_model() -> None:
    check_classes(["pig", "dog"], ["dog"])
    with pytest.raises(OptionError, match="no class 'dgo'; nearest: dog"):
        check_classes(["pig", "dog"], ["dgo"])
    with pytest.raises(OptionError, match="'pig' is named twice"):
        check_classes(["pig", "dog", "pig"], [])
    with pytest.raises(OptionError, match="1 named"):
        check_classes(["pig"], [])
