"""Without captions, tokens that were learned early are the natural ones."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.text_tokens import TextTokens
from neurons.readouts.language_model import language_model
from neurons.readouts.text_prior import MergeRankPrior


def test_frequent_words_are_more_natural_than_rare_ones(planted: Clip) -> None:
    tokens = TextTokens.of(planted)
    prior = MergeRankPrior.of(tokens)
    assert np.exp(prior.log_p).sum() == pytest.approx(1)
    texts = ("the", "rose", "❦")
    found = prior.cross_entropy([tokens.ids(text) for text in texts])
    assert list(found) == sorted(found) and found[0] < found[-1] - 2
    assert prior.likely((), 50) and tokens.start not in prior.likely((), 1000)


@pytest.mark.skipif(importlib.util.find_spec("transformers") is not None, reason="it is installed")
def test_a_language_model_without_transformers_is_refused_in_one_line(planted: Clip) -> None:
    with pytest.raises(OptionError, match="'gpt2' needs the package transformers") as told:
        language_model("gpt2", TextTokens.of(planted))
    assert "\n" not in str(told.value)
