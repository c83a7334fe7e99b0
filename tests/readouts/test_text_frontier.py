"""A frontier has no caption that the prior was fitted on, and no text that another one beats."""

from __future__ import annotations

import numpy as np
import pytest

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.text_tokens import TextTokens
from neurons.readouts.captions import drawn_captions
from neurons.readouts.naturalness import Naturalness, naturalness
from neurons.readouts.text_frontier import check_random, frontier
from neurons.readouts.text_prior import MergeRankPrior
from neurons.readouts.text_search import SearchedTexts


@pytest.fixture(scope="module")
def judged(miniature: Clip) -> Naturalness:
    return naturalness(TextTokens.of(miniature), drawn_captions(300))


def searched(judged: Naturalness, texts: dict[str, tuple[float, float]]) -> SearchedTexts:
    """Give texts with their scores and cross-entropies; five controls get nothing."""
    scores = np.zeros((len(texts), 6), np.float32)
    scores[:, 0] = [score for score, _ in texts.values()]
    entropy = np.array([each for _, each in texts.values()])
    return SearchedTexts(tuple(map(judged.tokens.ids, texts)), scores, entropy, (0.0, 0.1))


def test_captions_that_the_prior_was_fitted_on_are_not_found_again(judged: Naturalness) -> None:
    fitted, held = drawn_captions(300).parted()
    low = judged.captions / 2
    whole = searched(judged, {fitted[0]: (0.9, low), held[0]: (0.5, low), "spider": (0.7, 9.0)})
    found = frontier(whole, judged)
    assert [each.text for each in found] == [held[0], "spider"]
    assert found[0].score == pytest.approx(0.5) and not found[0].known
    assert frontier(searched(judged, {fitted[0]: (0.9, low)}), judged) == ()


def test_who_fits_nothing_knows_no_caption(judged: Naturalness) -> None:
    fitted, held = drawn_captions(300).parted()
    ids = [judged.tokens.ids(text) for text in (fitted[0], held[0])]
    assert judged.fitted_on(ids).tolist() == [True, False]
    ranks = naturalness(judged.tokens, drawn_captions(300), MergeRankPrior.of(judged.tokens))
    assert not ranks.fitted_on(ids).any() and np.isfinite(ranks.captions)


def test_a_text_that_another_one_beats_is_left_out(judged: Naturalness) -> None:
    # as strong up to rounding, and more natural
    texts = {"dog dog": (0.7000001, 9.0), "spider": (0.7, 8.0), "fish fish": (0.2, 1.0)}
    found = frontier(searched(judged, texts), judged)
    assert [each.text for each in found] == ["fish fish", "spider"]


def test_few_random_directions_are_refused_in_one_line() -> None:
    check_random(5)
    with pytest.raises(OptionError, match="^4 random directions: .* 5 or more$"):
        check_random(4)
