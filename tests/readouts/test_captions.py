"""Captions come from files as they are, and a fifth of them stays unknown to whoever fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.errors import OptionError
from neurons.readouts.captions import (
    Captions,
    drawn_captions,
    read_captions,
    usual_captions,
    words_in_templates,
)


def test_a_file_of_lines_and_a_table_give_the_same_captions(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a dog\n\n a cat \na dog\n")
    (tmp_path / "a.csv").write_text("id,Caption\n1,a dog\n2,a cat\n3,a dog\n")
    (tmp_path / "a.tsv").write_text("url\ttitle\nx\ta dog\ny\ta cat\nz\ta dog\n")
    for name in ("a.txt", "a.csv", "a.tsv"):
        found = read_captions(tmp_path / name)
        assert found.texts == ("a dog", "a cat", "a dog") and found.written
        assert found.different == ("a dog", "a cat") and found.source == f"captions of {name}"


def test_what_is_no_file_of_captions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,words\n1,a dog\n")
    (tmp_path / "one.txt").write_text("a dog\na dog\n")
    (tmp_path / "folder").mkdir()
    for name, told in (
        ("none.txt", "there is no file of captions .*none.txt.: name one with a caption a line"),
        ("folder", "there is no file of captions"),
        ("a.csv", "have no column caption, text, title or raw; their columns: id, words"),
        ("one.txt", "hold 1 different texts"),
    ):
        with pytest.raises(OptionError, match=told):
            read_captions(tmp_path / name)


def test_no_held_out_caption_is_among_the_others() -> None:
    captions = drawn_captions(400)
    fitted, held = captions.parted()
    assert not set(fitted) & set(held)
    assert set(fitted) | set(held) == set(captions.different)
    assert len(held) == len(captions.different) // 5
    # repetitions are counted by who fits
    assert len(fitted) > len(set(fitted))
    assert captions.parted(seed=1)[1] != held and captions.parted()[1] == held


def test_the_drawn_worlds_captions_are_the_same_each_time() -> None:
    assert read_captions("miniature").texts[:50] == drawn_captions(50).texts
    assert usual_captions("miniature").source == "captions of the drawn world"


def test_words_are_put_into_sentences_and_are_no_captions() -> None:
    found = words_in_templates(["dog", "cat"])
    assert found.texts == ("dog", "cat", "a photo of a dog", "a photo of a cat")
    assert not found.written and isinstance(found, Captions)
    assert "in 2 templates" in usual_captions("RN50x4/openai").source
    with pytest.raises(OptionError, match="'a photo' has no {}"):
        words_in_templates(["dog"], templates=["a photo"])
    with pytest.raises(OptionError, match="make 1 texts"):
        words_in_templates(["dog"], templates=["{}"])
