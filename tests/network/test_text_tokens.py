"""A text is its tokens, tokens are read again once they are a text, and nothing is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons import Clip
from neurons.errors import OptionError, TextSideMissingError
from neurons.network.text_tokens import TextTokens, check_lengths


def test_tokens_are_read_again_as_the_text_that_they_make(planted: Clip) -> None:
    tokens = TextTokens.of(planted)
    letters = [tokens.tokenizer.encoder[each] for each in ("d", "o", "g</w>")]
    whole = tokens.ids("dog")
    assert len(whole) == 1 and tokens.text(letters) == "dog"
    # ids are no text: these three are read as one
    assert tokens.read_again(letters) == whole == tokens.read_again(whole)
    assert tokens.read_again(tokens.ids("a photo of a dog")) == tokens.ids("a photo of a dog")
    # half of a character of two bytes
    assert tokens.read_again([tokens.tokenizer.encoder["Ã</w>"]]) == ()
    assert tokens.read_again(()) == ()


def test_tokens_that_make_a_longer_text_than_the_model_reads_are_none(planted: Clip) -> None:
    tokens = TextTokens.of(planted)
    assert tokens.longest == 6
    assert tokens.read_again(tokens.ids("dog") * 6) and not tokens.read_again(tokens.ids("dog") * 7)


def test_a_long_text_is_refused_and_not_cut(planted: Clip, miniature: Clip) -> None:
    for clip in (planted, miniature):
        tokens = TextTokens.of(clip)
        fits, long = "dog " * tokens.longest, "dog " * (tokens.longest + 1)
        assert len(tokens.ids(fits)) == tokens.longest
        check_lengths(clip, [fits])
        for refused in (tokens.ids, lambda text, clip=clip: check_lengths(clip, [text])):
            with pytest.raises(OptionError, match="is too long for") as told:
                refused(long)
            assert f"reads {tokens.longest}" in str(told.value)


def test_texts_end_where_each_tokenizer_ends_them(planted: Clip, miniature: Clip) -> None:
    texts = ("dog", "a photo of a dog")
    for clip in (planted, miniature):
        tokens = TextTokens.of(clip)
        batch = tokens.batch([tokens.ids(text) for text in texts])
        own = clip.tokenizer(texts)
        assert batch.tolist() == own[:, : batch.shape[1]].tolist()
        assert not own[:, batch.shape[1] :].any()


def test_tokens_that_are_no_characters_are_not_searched(miniature: Clip) -> None:
    tokens = TextTokens.of(miniature)
    usable = tokens.usable()
    assert usable.shape == (tokens.n_tokens,)
    assert not usable[[tokens.start, tokens.end]].any()
    assert usable[list(tokens.ids("a photo of spider"))].all()
    assert all(tokens.text([i]).isprintable() for i in np.flatnonzero(usable).tolist())


def test_another_tokenizer_is_refused_by_its_name(planted: Clip) -> None:
    class HFTokenizer:
        context_length = 8

    other = replace(planted)
    # what open_clip gives for SigLIP
    vars(other)["tokenizer"] = HFTokenizer()
    with pytest.raises(TextSideMissingError, match="the tokenizer HFTokenizer"):
        TextTokens.of(other)
