"""A planted unit reads its one glyph: it is found among strings, for each unit its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import Clip, Neuron
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.studies.units.top_strings import TopStrings, top_strings
from tests.glyphs import BANK, GLYPHS, LETTERS, VOCABULARY, glyph_reader


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


def unit_of(glyph: str) -> Neuron:
    return Neuron(BANK, GLYPHS.index(glyph))


def test_each_unit_reads_its_own_glyph(reader: Clip, tmp_path: Path) -> None:
    units = [unit_of("#"), unit_of("S"), unit_of("A")]
    hashes, nothing, letters = top_strings(
        reader, units, [*VOCABULARY, "A", "A"], lettering=LETTERS, count=3
    )
    for found, glyph in ((hashes, "#"), (letters, "A")):
        first, second, _ = found.strongest
        assert first.text == glyph and first.peak > 0.9
        # nothing else excites it: no string, no patch, no ground
        assert (second.peak, first.blank, found.plain, found.median) == (0, 0, 0, 0)
        # one letter has no other order
        assert np.isnan(first.shuffled)
        assert f"“{glyph}” excites {found.neuron} most: 1" in found.verdict()
    said = f"None of {len(VOCABULARY) + 1} strings excites {nothing.neuron}."
    assert (nothing.verdict(), nothing.blocks()) == (said, ())
    hashes.save(tmp_path)
    again = TopStrings.load(tmp_path).strongest
    # nan is not itself: without the shuffled letters
    assert [(r.text, r.peak, r.blank, r.picture) for r in again] == [
        (r.text, r.peak, r.blank, r.picture) for r in hashes.strongest
    ]


def test_shuffled_letters_tell_a_word_from_its_letters(reader: Clip) -> None:
    # the unit finds its glyph in either order: it reads a letter, not the word
    (found,) = top_strings(reader, [unit_of("A")], ["oA", "no"], lettering=LETTERS, count=1)
    assert found.strongest[0].text == "oA"
    assert found.strongest[0].shuffled == pytest.approx(found.strongest[0].peak, abs=0.2)


def test_what_cannot_be_written_is_counted_and_mistakes_are_told(reader: Clip) -> None:
    long = "far too long for it"
    (found,) = top_strings(reader, [unit_of("#")], ["#", long], lettering=LETTERS)
    assert (found.n_strings, found.n_unwritable) == (1, 1)
    assert "cannot be written like this: 1." in found.verdict()
    with pytest.raises(OptionError, match="0 neurons, 1 strings"):
        top_strings(reader, [], ["#"], lettering=LETTERS)
    with pytest.raises(OptionError, match="1 neurons, 0 strings"):
        top_strings(reader, [unit_of("#")], [], lettering=LETTERS)
    with pytest.raises(NeuronNotFoundError, match="no visual.bank:999"):
        top_strings(reader, [Neuron(BANK, 999)], ["#"], lettering=LETTERS)
