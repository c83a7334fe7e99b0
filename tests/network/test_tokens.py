"""A frequent word is one early token; a rare one falls into several."""

from __future__ import annotations

from neurons import Clip
from neurons.network.tokens import tokens_of


def test_frequent_words_are_one_early_token_and_rare_ones_several(planted: Clip) -> None:
    the, rose, gladiola = tokens_of(planted, ["the", "rose", "gladiola"])
    assert (the.n, rose.n) == (1, 1) and gladiola.n > 1
    assert the.rank < rose.rank < gladiola.rank
    assert the.rank < 100


def test_a_letter_is_a_byte_and_was_never_merged(planted: Clip) -> None:
    (letter,) = tokens_of(planted, ["q"])
    assert (letter.n, letter.rank) == (1, 0)
