"""A search finds the one string that a planted unit reads, and says what its ranking is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurons import Clip, ImageSet, Sample
from neurons.errors import OptionError
from neurons.results.table import as_arrow
from neurons.stats import Share
from neurons.studies.typography.string_search import Search, search_words, symbol_strings
from tests.glyphs import (
    BANK,
    GLYPHS,
    LETTERS,
    VOCABULARY,
    glyph_reader,
    plain_pictures,
    probe_of,
    zero_shot_of,
)

# says "thing" whatever it sees
_BLIND = replace(probe_of("#"), bias=np.array([1e6, 0], np.float32))


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")


@pytest.mark.parametrize("readout", [zero_shot_of("#A"), probe_of("#")], ids=["zero-shot", "probe"])
def test_the_search_finds_the_glyph_and_the_unit_that_reads_it(
    readout, reader: Clip, shown: ImageSet, tmp_path: Path
) -> None:
    found = search_words(
        reader, shown, "the #", [*VOCABULARY, "A"], readout=readout, lettering=LETTERS, count=2,
        n_random=12, sample=Sample(n=6), also={"probe": probe_of("#"), "blind": _BLIND},
    )  # fmt: skip
    best, second = found.confirmed
    assert (best.text, best.success) == ("#", Share(6, 6))
    assert second.success == Share(0, 6)
    assert best.also == (("probe", Share(6, 6)), ("blind", Share(0, 6)))
    table = found.blocks()[1]
    assert table.columns[2:5] == ("success", "success by probe", "success by blind")
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert [share.successes for _, share in best.controls] == [0, 0]
    assert best.why[0].neuron == f"{BANK}:{GLYPHS.index('#')}" and best.why[0].drop > 0.3
    # without the unit every other is needless
    assert all(abs(unit.drop) < 1e-6 for unit in best.why[1:])
    # strings at random are others each: one string twelve times has no spread
    assert len(found.random) == len({each.text for each in found.random}) == 12
    found.save(tmp_path)
    assert Search.load(tmp_path).confirmed == found.confirmed
    # two strings, of which one works, are too few to tell what the ranking is worth
    assert found.verdict().startswith("Read by ") and "3 images are too few" in found.verdict()
    assert "These strings do not tell whether the ranking is worth" in found.verdict()
    assert "“#” makes the # of 1.000 (0.610 to 1.000, n = 6) of images: the best" in found.verdict()
    assert "scored: one copy in the middle, letters of 32 px, on three plain" in found.verdict()
    assert found.title == "Strings for the #" and found.facts()[0] == ("best string", "#")
    rows = as_arrow(found.rows()).to_pylist()
    assert [row["chosen"] for row in rows] == ["by score"] * 2 + ["at random"] * 12
    assert rows[0]["success by blind.value"] == 0 and rows[2]["success by blind.value"] is None


def test_strings_that_cannot_be_written_are_left_out_and_listed(
    reader: Clip, shown: ImageSet
) -> None:
    long = "far too long for it"
    found = search_words(
        reader, shown, "the #", [*VOCABULARY, long], readout=zero_shot_of("#"), lettering=LETTERS,
        count=1, n_random=5, sample=Sample(n=2),
    )  # fmt: skip
    assert found.unwritable == (long,) and found.n_strings == len(VOCABULARY)
    assert long in found.verdict()
    with pytest.raises(OptionError, match="no room"):
        search_words(reader, shown, "the #", [long], readout=zero_shot_of("#"), lettering=LETTERS)


def test_mistakes_are_told(reader: Clip, shown: ImageSet) -> None:
    readout = zero_shot_of("#")
    with pytest.raises(OptionError, match="no class 'pig'"):
        search_words(reader, shown, "pig", VOCABULARY, readout=readout, lettering=LETTERS)
    with pytest.raises(OptionError, match="no class 'the #'; the readout's are: thing, the A"):
        search_words(
            reader, shown, "the #", VOCABULARY, readout=readout, lettering=LETTERS,
            also={"probe": probe_of("A")},
        )  # fmt: skip
    with pytest.raises(OptionError, match="2 strings that can be written, 5 to confirm"):
        search_words(reader, shown, "the #", ["a", "b"], readout=readout, lettering=LETTERS)


def test_symbols_stand_alone_and_repeated() -> None:
    assert symbol_strings("$#", longest=2) == ("$", "$$", "#", "##")
    assert "$$$" in symbol_strings()
