"""The string that a unit reads excites it most, and means what the readout says of it alone."""

from __future__ import annotations

import numpy as np
import pytest

from neurons import Neuron
from neurons.attacks.exciting_strings import (
    exciting_strings,
    exciting_strings_table,
    mean_peaks,
    mean_peaks_bars,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.stats import Share
from tests.glyphs import BANK, GLYPHS, LETTERS

PEAKS = np.array([0, 0, 0.01, 2], np.float32)


def test_each_reader_is_excited_by_its_own_glyph(attack: RepeatableAttack) -> None:
    words = ["o", "A", "#", "no"]
    for glyph, meant in (("#", "the #"), ("A", "the A")):
        unit = Neuron(BANK, GLYPHS.index(glyph))
        found = exciting_strings(attack.network, words, unit, attack.readout, LETTERS, PEAKS)
        assert (found[0].text, found[0].class_name) == (glyph, meant)
        peaks = [each.activation for each in found]
        assert peaks == sorted(peaks, reverse=True) and peaks[1] < 0.5 * peaks[0]
        assert {each.text for each in found} == set(words)
    # strings that excite it alike keep the order of the vocabulary
    assert [each.text for each in found[1:] if each.activation == 0] == [
        word for word in words if word in {each.text for each in found if each.activation == 0}
    ]
    table = exciting_strings_table("a:1", found, "in one way")
    assert (table.rows[0][0], table.rows[0][3]) == ("A", "the A")
    assert "a:1 (in one way)" in table.title
    # of four images two reach as much as nothing does, and one as much as the glyph
    assert found[0].among.reached == Share(1, 4) and found[-1].among.reached == Share(4, 4)


def test_a_string_reaches_its_unit_on_images_and_a_patch_does_not(
    attack: RepeatableAttack,
) -> None:
    unit = Neuron(BANK, GLYPHS.index("#"))
    found = mean_peaks(attack, "#", unit, attack.clean(), attack.responses("#").responses)
    assert found.clean == found.blank == 0 < found.attacked
    assert found.attacked == pytest.approx(found.alone, abs=0.1)
    bars = mean_peaks_bars("a:1", "#", found)
    assert bars.values == (found.clean, found.blank, found.attacked, found.alone, 0)
