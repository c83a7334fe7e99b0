"""A person who comes with a word gets its equation, and wrong lists are one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LAYER


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("bored\nhappy\nsad\nred\ncalm\nangry\n")
    return path


def test_a_word_gets_its_equation_as_a_sum_of_units_and_of_words(
    command, scanned: Path, words: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    done = command("equation", scanned, "RED", "--words", words, "--fit", 40,
                   "--resamples", 20, "--out", out)  # fmt: skip
    assert done.code == 0, done.err
    assert "red = " in done.out and "images of red = " in done.out and LAYER in done.out
    kinds = {"result", "word_decomposition", "class_decomposition", "word_factors"}
    assert kinds < {path.name for path in out.iterdir()}
    done = command("equation", scanned, "--image", "red/09.png", "--words", words)
    assert done.code == 0 and "red/09.png" in done.out, done.err


def test_wrong_lists_and_targets_are_one_line(
    refused, scanned: Path, words: Path, tmp_path: Path
) -> None:
    assert "alike: bored" in refused("equation", scanned, "bord", "--words", words)
    assert "'love' is not among the 126 words" in refused(
        "equation", scanned, "love", "--words", "emotions"
    )
    assert "one of them" in refused("equation", scanned)
    assert "one of them" in refused("equation", scanned, "red", "--class", "red")
    assert "0 places" in refused(
        "equation", scanned, "red", "--words", words, "--prompt", "{}", "--prompt", "a photo"
    )
    assert "4 word(s) in the list" in refused("equation", scanned, "red")
    one = tmp_path / "one.txt"
    one.write_text("bored\n")
    assert "1 word(s)" in refused("equation", scanned, "bored", "--words", one)
    one.write_text("bored\nBored\nsad\nred\ncalm\n")
    assert "'bored' twice" in refused("equation", scanned, "bored", "--words", one)
    assert "cannot read the words" in refused("equation", scanned, "bored", "--words", "none.txt")
    assert "holds no layer" in refused("equation", scanned, "--unit", "visual.layer1:3")
