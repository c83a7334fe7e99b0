"""A search finds a text that it was not given, reads what it writes, and repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.token_gradients import TextTower
from neurons.readouts.captions import drawn_captions
from neurons.readouts.naturalness import Naturalness, naturalness
from neurons.readouts.text_candidates import TextCandidates, embed_candidates
from neurons.readouts.text_search import SearchedTexts, SearchSettings, search_texts
from neurons.readouts.unit_directions import unit_length

WANTED = "a photo of spider"
SMALL = SearchSettings(steps=6, children=3, branch=8, longest=5, lambdas=(0.0, 0.03, 0.3))


@pytest.fixture(scope="module")
def tower(miniature: Clip) -> TextTower:
    return TextTower.of(miniature)


@pytest.fixture(scope="module")
def judged(tower: TextTower) -> Naturalness:
    return naturalness(tower.tokens, drawn_captions(800))


@pytest.fixture(scope="module")
def mean(miniature: Clip) -> np.ndarray:
    texts = drawn_captions(150).different
    found: TextCandidates = embed_candidates(miniature, texts, source="captions")
    return found.mean


def searched(
    tower: TextTower, judged: Naturalness, mean: np.ndarray, settings: SearchSettings
) -> SearchedTexts:
    ids = tower.tokens.ids
    wired = tower.embed([ids(WANTED)]).numpy() - mean
    other = np.random.default_rng(0).normal(size=wired.shape).astype(np.float32)
    directions = unit_length(np.concatenate([wired, other]))
    # letter by letter: a text that is read as one token when it is written down
    known = tower.tokens.tokenizer.encoder
    first = [ids("the word fish"), (known["d"], known["o"], known["g</w>"])]
    return search_texts(tower, judged.prior, directions, mean, first, settings=settings)


@pytest.fixture(scope="module")
def found(tower: TextTower, judged: Naturalness, mean: np.ndarray) -> SearchedTexts:
    return searched(tower, judged, mean, SMALL)


def test_the_wired_text_is_found_though_it_was_not_given(
    tower: TextTower, mean: np.ndarray, found: SearchedTexts
) -> None:
    wired = tower.embed([tower.tokens.ids(WANTED)]).numpy()[0] - mean
    best = [tower.tokens.text(found.ids[i]) for i in found.chosen()[0]]
    assert "spider" in best[0]
    assert found.scores[:, 0].max() >= np.linalg.norm(wired) - 1e-5
    # the more a nat costs, the more natural and the less extreme
    rows = found.chosen()[0]
    assert (np.diff(found.cross_entropy[rows]) <= 0).all()
    assert (np.diff(found.scores[rows, 0]) <= 0).all()


def test_every_text_is_what_the_model_reads_of_it(
    tower: TextTower, judged: Naturalness, mean: np.ndarray, found: SearchedTexts
) -> None:
    assert len(set(found.ids)) == len(found.ids) > 100
    assert found.ids[1] == tower.tokens.ids("dog") and len(found.ids[1]) == 1
    texts = [tower.tokens.text(ids) for ids in found.ids]
    assert [tower.tokens.ids(text) for text in texts] == list(found.ids)
    some = np.random.default_rng(0).choice(len(texts), 40, replace=False)
    wired = tower.embed([tower.tokens.ids(WANTED)]).numpy()[0] - mean
    embedded = tower.embed([found.ids[i] for i in some]).numpy() - mean
    assert found.scores[some, 0] == pytest.approx(
        embedded @ wired / np.linalg.norm(wired), abs=1e-5
    )
    again = judged.prior.cross_entropy([found.ids[i] for i in some])
    assert found.cross_entropy[some] == pytest.approx(again)


def test_the_same_seed_finds_the_same_texts(
    tower: TextTower, judged: Naturalness, mean: np.ndarray
) -> None:
    settings = SearchSettings(steps=2, children=2, width=0, longest=4, lambdas=(0.0, 0.1))
    one, two = (searched(tower, judged, mean, settings) for _ in range(2))
    assert one.ids == two.ids and np.array_equal(one.scores, two.scores)


def test_the_gradient_finds_what_blind_mutation_does_not(
    tower: TextTower, judged: Naturalness, mean: np.ndarray
) -> None:
    class Silent:
        name = "a prior that proposes nothing"

        def cross_entropy(self, sequences: list) -> np.ndarray:
            return np.zeros(len(sequences))

        def likely(self, context: tuple, n: int) -> tuple:
            return ()

    class Blind(TextTower):
        def gradients(self, sequences: list, directions: torch.Tensor) -> torch.Tensor:
            shape = (len(sequences), max(map(len, sequences)), self.tokens.n_tokens)
            return torch.rand(shape, generator=torch.Generator().manual_seed(0))

    settings = SearchSettings(steps=8, children=4, width=0, longest=4, lambdas=(0.0, 0.1))
    silent = Naturalness(tower.tokens, Silent(), 0.0)
    with_it = searched(tower, silent, mean, settings).scores[:, 0].max()
    blind = Blind(tower.tokens, tower.part, tower.device)
    without = searched(blind, silent, mean, settings).scores[:, 0].max()
    assert with_it > without + 0.1


def test_the_best_natural_text_is_as_natural_as_asked(found: SearchedTexts) -> None:
    limit = float(np.median(found.cross_entropy))
    at = found.natural(limit)
    assert (found.cross_entropy[at] <= limit).all()
    natural = found.cross_entropy <= limit
    assert found.scores[at[0], 0] == found.scores[natural, 0].max()
    with pytest.raises(OptionError, match="no text has 0.00 nats"):
        found.natural(0.0)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"steps": -1}, {"children": 0}, {"lambdas": ()}, {"lambdas": (-1.0,)}):
        with pytest.raises((OptionError, ValueError), match="a search takes|arg is an empty"):
            SearchSettings(**wrong)
