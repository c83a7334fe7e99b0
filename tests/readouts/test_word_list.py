"""A list of words is what it says, and a list that cannot be compared is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.errors import OptionError
from neurons.readouts.word_list import ANY, FEELING, WordList, read_word_list

WORDS = ("bored", "happy", "sad", "angry", "calm")


def test_the_feeling_wheel_has_the_126_words_of_the_article_in_seven_families() -> None:
    listed = read_word_list("emotions")
    assert len(listed.words) == 126 and len(set(listed.families)) == 7
    assert {"bored", "surprised", "intimate", "jealous", "inquisitive"} < set(listed.words)
    assert listed.prompts == FEELING and listed.has_families
    assert "I am feeling bored." in listed.sentences()
    assert len(listed.sentences()) == 3 * 126


def test_a_file_gives_words_and_families(tmp_path: Path) -> None:
    lines = tmp_path / "words.txt"
    lines.write_text("# mine\n" + "\n".join(WORDS))
    read = read_word_list(lines)
    assert (read.words, read.prompts, read.has_families) == (WORDS, ANY, False)
    table = tmp_path / "words.csv"
    table.write_text("word,family\n" + "".join(f"{word},feeling\n" for word in WORDS))
    assert read_word_list(table, prompts=("{}", "so {}")).families == ("feeling",) * 5
    assert read.index(" BORED ") == 0


@pytest.mark.parametrize(
    ("words", "prompts", "told"),
    [
        (("bored",), ANY, "1 word"),
        ((*WORDS, "Bored"), ANY, "'bored' twice"),
        (WORDS, ("a photo", "{}"), "'a photo' has 0 places"),
        (WORDS, ("{} and {}", "{}"), "2 places"),
        (WORDS, ("{}",), "1 different prompt"),
        (WORDS, ("{}", "{}"), "1 different prompt"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, prompts, told) -> None:
    with pytest.raises(OptionError, match=told) as error:
        WordList(words, words, prompts)
    assert "\n" not in str(error.value)


def test_an_unknown_word_is_told_with_those_alike(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'bord' is not among the 5 words .*alike: bored"):
        WordList(WORDS, WORDS).index("bord")
    with pytest.raises(OptionError, match="cannot read the words"):
        read_word_list(tmp_path / "none.txt")
    (tmp_path / "bad.csv").write_text("name\nbored\n")
    with pytest.raises(OptionError, match="no column 'word'; its columns: name"):
        read_word_list(tmp_path / "bad.csv")
