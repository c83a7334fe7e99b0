"""A planted unit reads its one glyph: it is found among strings, for each unit its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Clip, Neuron, Sample
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.lettering.default import default_lettering
from neurons.lettering.words import write_on
from neurons.stats import Share
from neurons.studies.typography.hijack import hijack
from neurons.studies.typography.string_search import search_words
from neurons.studies.units.top_strings import TopStrings, top_strings
from tests.glyphs import BANK, GLYPHS, LETTERS, VOCABULARY, glyph_reader


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


# how the strings stand, which every heading says
HOW = "one copy in the middle, letters of 32 px, on three plain grounds, light to dark grey"


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
        # without images nobody knows what photographs reach
        assert found.verdict().startswith(f"Of the strings, “{glyph}” gives the largest activation")
        assert "what images reach is not known here" in found.verdict()
        assert all(HOW in block.title for block in found.blocks())
    said = f"None of {len(VOCABULARY) + 1} strings excites {nothing.neuron} ({HOW})."
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


def test_hijack_search_and_report_get_the_same_activations_of_the_same_strings() -> None:
    clip, images = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    unit, words = "visual.layer4:39", ["$$$", "guitar", "money", "spider", "cat", "dog"]
    readout = neurons.zero_shot(clip, ["pig", "guitar", "piggy bank", "cat"])
    flat = [i for i, way in enumerate(images.column("rendition")) if way == "flat"]
    sample = Sample(n=24, rows=flat)
    # nobody says how to write: all of them choose the same
    (read,) = top_strings(clip, [unit], words)
    attacked = hijack(
        clip, images, unit, words, readout=readout, text="$$$", class_name="piggy bank",
        sample=sample,
    )  # fmt: skip
    searched = search_words(
        clip, images, "piggy bank", words, readout=readout, count=2, n_random=5, sample=sample
    )
    peaks = {each.text: each.peak for each in read.strongest}
    assert {s.text: s.activation for s in attacked.strings} == pytest.approx(peaks, abs=1e-4)
    assert attacked.reading.alone == pytest.approx(peaks["$$$"], abs=1e-4)
    known = [(c.text, u.after) for c in searched.confirmed for u in c.why if u.neuron == unit]
    assert known and all(peaks[text] == pytest.approx(after, abs=1e-4) for text, after in known)
    assert read.written == attacked.alone == searched.alone
    assert attacked.written == searched.written == default_lettering((96, 96)).told()
    assert read.why_written == attacked.why_written == searched.why_written != ""


def test_a_run_says_how_many_images_a_string_excites_a_unit_as_much_as(
    reader: Clip, tmp_path: Path
) -> None:
    # the unit answers to the glyph alone: 110 pictures without it, and four that show it
    for i in range(114):
        grey = torch.full((1, 3, 96, 96), 100 + i, dtype=torch.uint8)
        shown = write_on(grey, ["#"], LETTERS, seeds=[0]).pixels if i < 4 else grey
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(shown[0].permute(1, 2, 0).numpy()).save(tmp_path / f"pictures/{i:03}.png")
    neurons.scan(reader, neurons.images(tmp_path / "pictures"), [BANK], tmp_path / "run")
    run = neurons.Activations.open(tmp_path / "run")
    found, _ = top_strings(
        reader, [unit_of("#"), unit_of("A")], ["#", "o"], lettering=LETTERS, run=run, count=2
    )
    glyph, other = found.strongest
    assert glyph.among is not None and other.among is not None
    assert (glyph.among.reached.n, other.among.reached) == (114, Share(114, 114))
    assert 0 < glyph.among.reached.successes <= 4
    # up to four in 114 images show the very glyph: it is no more than these give
    assert "does not excite visual.bank:0 as images do" in found.verdict() or (
        glyph.among.exceptional and "excites visual.bank:0" in found.verdict()
    )
    assert found.rows()[0]["images_that_reach_it"] == glyph.among.reached
