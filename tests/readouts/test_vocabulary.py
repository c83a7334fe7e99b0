"""The shipped words have families; a user's own are read, or refused in one line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from neurons.errors import OptionError
from neurons.readouts.vocabulary import folded, read_vocabulary, shipped_vocabulary


def test_the_shipped_words_cover_the_families_of_the_article() -> None:
    words = shipped_vocabulary()
    assert len(words) > 1000 and len(folded(words)) == len(words)
    counts = Counter(words.values())
    assert len(counts) == 18 and min(counts.values()) >= 20
    assert (words["Japan"], words["piggy bank"], words["Christmas"]) == (
        "region",
        "thing",
        "holiday",
    )
    assert read_vocabulary("shipped") == words


def test_own_words_are_read_with_or_without_families(tmp_path: Path) -> None:
    lines, table = tmp_path / "words.txt", tmp_path / "words.csv"
    lines.write_text("# mine\ndog\n\n  hot dog \n", encoding="utf-8")
    table.write_text("family,word\nanimal,dog\n,hot dog\n", encoding="utf-8-sig")
    assert read_vocabulary(lines) == {"dog": "dog", "hot dog": "hot dog"}
    assert read_vocabulary(table) == {"dog": "animal", "hot dog": "hot dog"}


def test_what_holds_no_words_is_refused_in_one_line(tmp_path: Path) -> None:
    empty, other = tmp_path / "empty.txt", tmp_path / "other.csv"
    empty.write_text("\n", encoding="utf-8")
    other.write_text("name,family\ndog,animal\n", encoding="utf-8")
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00\xd8")
    for path, said in (
        (empty, "holds no words"),
        (other, "no column 'word'; its columns: name, family"),
        (binary, "cannot read the vocabulary"),
        (tmp_path / "none.txt", "cannot read the vocabulary"),
    ):
        with pytest.raises(OptionError, match=said) as error:
            read_vocabulary(path)
        assert "\n" not in str(error.value)
