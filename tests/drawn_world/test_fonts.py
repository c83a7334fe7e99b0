from __future__ import annotations

import pytest

from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.fonts import HELD_OUT, TRAINING, open_font
from neurons.errors import OptionError
from neurons.lettering.typefaces import BUNDLED, find_typeface, missing_letters


def test_a_typeface_that_the_world_lacks_is_named() -> None:
    with pytest.raises(OptionError, match="no typeface 'Arial'.*SourceSansPro-Regular"):
        open_font("Arial", 20)


def test_every_typeface_is_for_training_or_held_out_and_none_for_both() -> None:
    assert not set(TRAINING) & set(HELD_OUT)
    assert sorted(TRAINING + HELD_OUT) == sorted(BUNDLED.values())


def test_every_typeface_can_write_every_word_of_the_world() -> None:
    words = {word for concept in concepts().values() for word in concept.words}
    letters = "".join(sorted({letter for word in words for letter in word + word.upper()}))
    for name in BUNDLED:
        assert missing_letters(find_typeface(name), letters) == "", name


def test_a_typeface_is_opened_at_the_asked_size() -> None:
    small, large = open_font(TRAINING[0], 16), open_font(TRAINING[0], 32)
    assert (small.size, large.size) == (16, 32)
    assert large.getlength("money") == pytest.approx(2 * small.getlength("money"), rel=0.05)
