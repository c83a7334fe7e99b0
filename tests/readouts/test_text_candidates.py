"""One product ranks all texts for all units; random directions find nothing that stands out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from neurons import Clip
from neurons.errors import OptionError
from neurons.readouts.text_candidates import (
    TextCandidates,
    best_texts,
    embed_candidates,
    random_directions,
)

N, DIMENSIONS = 10_000, 96


@pytest.fixture(scope="module")
def candidates() -> TextCandidates:
    random = np.random.default_rng(0)
    # a narrow cone, as embeddings of texts lie
    own = random.normal(size=(N, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    embeddings = (1.5 * random.normal(size=DIMENSIONS) / np.sqrt(DIMENSIONS) + own) * 7
    return TextCandidates.of([f"text {i}" for i in range(N)], embeddings, source="made texts")


def test_the_wired_caption_of_ten_thousand_comes_first(candidates: TextCandidates) -> None:
    random = np.random.default_rng(1)
    layer = random.normal(size=(64, DIMENSIONS)).astype(np.float32)
    layer[5] = candidates.vectors[1234] * 3
    found = best_texts(candidates, layer, count=4)
    assert found.order[5, 0] == 1234
    assert found.p_values[5] == pytest.approx(1 / 1000) and found.z[5, 0] > 3
    assert found.scores[5, 0] == pytest.approx(np.linalg.norm(candidates.vectors[1234]), rel=1e-5)
    # its best text is no more than the best of ten thousand
    assert np.median(np.delete(found.p_values, 5)) > 0.2


def test_p_values_of_random_directions_are_uniform(candidates: TextCandidates) -> None:
    layer = np.random.default_rng(2).normal(size=(64, DIMENSIONS)).astype(np.float32)
    drawn = random_directions(layer, 150, seed=7)
    found = best_texts(candidates, drawn, layer=layer, n_draws=199)
    for p_values in (found.p_values, found.kurtosis_p):
        assert kstest(p_values, "uniform").pvalue > 0.01
        assert 0 < (p_values <= 0.1).mean() < 0.2


def test_a_direction_of_few_texts_is_told_from_one_of_many() -> None:
    random = np.random.default_rng(4)
    embeddings = random.normal(size=(2000, 40))
    # thirty texts share what no other has
    embeddings[:30, 0] += 12
    some = TextCandidates.of([str(i) for i in range(2000)], embeddings, source="numbers")
    layer = random.normal(size=(60, 40)).astype(np.float32)
    layer[0] = np.eye(40)[0]
    found = best_texts(some, layer, n_draws=199)
    scores = some.scores(layer[:1])[0]
    wanted = ((scores - scores.mean()) ** 4).mean() / scores.var() ** 2
    assert found.kurtosis[0] == pytest.approx(wanted, rel=1e-4) and wanted > 6
    assert found.kurtosis_p[0] == pytest.approx(1 / 200)
    assert np.median(found.kurtosis_p[1:]) > 0.2


def test_random_directions_are_mixtures_of_the_layers_units() -> None:
    layer = np.zeros((3, 8), np.float32)
    layer[[0, 1, 2], [0, 1, 1]] = 1, 1, 50
    drawn = random_directions(layer, 500, seed=0)
    assert not drawn[:, 2:].any() and np.allclose(np.linalg.norm(drawn, axis=1), 1)
    # two units of three point along the second axis, whatever their length
    assert (drawn[:, 1] ** 2).mean() == pytest.approx(0.6, abs=0.06)


def test_one_product_ranks_as_a_loop_over_units_and_texts_does() -> None:
    random = np.random.default_rng(3)
    # more texts than are compared at once
    embeddings = random.normal(size=(20_000, 5)).astype(np.float32)
    some = TextCandidates.of([str(i) for i in range(20_000)], embeddings, source="numbers")
    layer = random.normal(size=(6, 5)).astype(np.float32)
    found = best_texts(some, layer, count=7, n_draws=19)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for at, direction in enumerate(layer):
        scores = (unit - unit.mean(0)) @ (direction / np.linalg.norm(direction))
        assert found.order[at].tolist() == np.argsort(-scores)[:7].tolist()
        assert found.scores[at] == pytest.approx(np.sort(scores)[::-1][:7], abs=1e-5)
    control = some.scores(random_directions(layer, 19)).max(1)
    assert found.random_best == pytest.approx(control, abs=1e-6)


def test_texts_of_a_model_are_embedded_once_each(planted: Clip) -> None:
    texts = ("dog", "cat", "dog", "a bird")
    found = embed_candidates(planted, texts, source="words")
    assert found.texts == ("dog", "cat", "a bird")
    own = planted.embed_texts(found.texts).numpy()
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    assert found.vectors == pytest.approx(own - own.mean(0), abs=1e-6)
    with pytest.raises(OptionError, match="too long"):
        embed_candidates(planted, [*texts, "dog " * 7], source="words")


def test_what_makes_no_sense_is_refused(candidates: TextCandidates) -> None:
    with pytest.raises(OptionError, match="1 texts, 1 of them different"):
        TextCandidates.of(["dog"], np.ones((1, 4)), source="words")
    with pytest.raises(OptionError, match="2 texts, 1 of them different"):
        TextCandidates.of(["dog", "dog"], np.ones((2, 4)), source="words")
    with pytest.raises(OptionError, match="take both from one model"):
        best_texts(candidates, np.ones((2, 3), np.float32))
    with pytest.raises(OptionError, match="beside 19 or more"):
        best_texts(candidates, np.ones((2, DIMENSIONS), np.float32), n_draws=5)
