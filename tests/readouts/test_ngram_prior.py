"""Probabilities sum to 1 in any context, are Ney's, and know the order of words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.text_tokens import TextTokens
from neurons.readouts.ngram_prior import NgramPrior

CAPTIONS = (
    "a photo of spider",
    "a photo of spider",
    "a photo of dog",
    "the word spider",
    "the word dog",
    "dog and spider",
)


@pytest.fixture(scope="module")
def tokens(miniature: Clip) -> TextTokens:
    return TextTokens.of(miniature)


@pytest.fixture(scope="module")
def prior(tokens: TextTokens) -> NgramPrior:
    return NgramPrior.fit(tokens, CAPTIONS)


def test_probabilities_sum_to_one_in_any_context(prior: NgramPrior, tokens: TextTokens) -> None:
    seen = tokens.ids("a photo of")
    contexts = [(), (tokens.start,), seen, (tokens.start, *seen), (seen[-1], 3), (5, seen[0])]
    # known tokens in orders that were never seen, and tokens that were never seen
    known = sorted({i for text in CAPTIONS for i in tokens.ids(text)})

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([*known, 7, 300]), max_size=4))
    def check(context: list[int]) -> None:
        found = prior.next(tuple(context))
        assert found.sum() == pytest.approx(1, abs=1e-12)
        assert found.min() >= 0 and (found == 0).sum() == 1 and found[tokens.start] == 0

    check()
    for context in contexts:
        found = prior.next(context)
        assert found.sum() == pytest.approx(1, abs=1e-12)
        for token in (tokens.end, 3, *tokens.ids("spider")):
            assert prior.probability(context, token) == pytest.approx(found[token], rel=1e-12)


def test_a_probability_is_that_of_the_formula(tokens: TextTokens) -> None:
    prior = NgramPrior.fit(tokens, ["dog dog spider", "dog spider"], order=2)
    (dog,), (spider,) = tokens.ids("dog"), tokens.ids("spider")
    # tokens: dog 3, spider 2, end 2; none was seen once, so that half is taken off
    # pairs: start dog 2, spider end 2, dog spider 2, dog dog 1: n1 = 1, n2 = 3
    assert prior.discounts == (0.5, 1 / 7)
    others = tokens.n_tokens - 1
    p_spider = (2 - 0.5) / 7 + 0.5 * 3 / 7 / others
    assert prior.probability((), spider) == pytest.approx(p_spider)
    expected = (2 - 1 / 7) / 3 + 1 / 7 * 2 / 3 * p_spider
    assert prior.probability((dog,), spider) == pytest.approx(expected)
    assert prior.probability((7, dog), spider) == pytest.approx(expected)
    # 7 was never seen: what comes next is what comes anywhere
    assert prior.probability((7,), spider) == pytest.approx(p_spider)


def test_cross_entropy_is_the_mean_over_tokens_and_the_end(
    prior: NgramPrior, tokens: TextTokens
) -> None:
    ids = tokens.ids("the word dog")
    whole = (tokens.start, *ids, tokens.end)
    logs = [np.log(prior.next(whole[:i])[whole[i]]) for i in range(1, len(whole))]
    assert prior.cross_entropy([ids])[0] == pytest.approx(-np.mean(logs))
    mixed = tokens.ids("dog word the")
    own, other = prior.cross_entropy([ids, mixed])
    assert own < other - 0.5


def test_likely_tokens_are_those_that_came_after_the_context(
    prior: NgramPrior, tokens: TextTokens
) -> None:
    before = (tokens.start, *tokens.ids("a photo of"))
    likely = prior.likely(before, 2)
    assert likely == tokens.ids("spider") + tokens.ids("dog")
    assert len(prior.likely(before, 5)) == 5 and tokens.end in prior.likely(before, 50)


def test_nothing_to_count_is_refused(tokens: TextTokens) -> None:
    with pytest.raises(OptionError, match="0 captions, 3-grams"):
        NgramPrior.fit(tokens, [])
    with pytest.raises(OptionError, match="1 captions, 0-grams"):
        NgramPrior.fit(tokens, ["dog"], order=0)
