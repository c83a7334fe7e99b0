"""Halves part every kind evenly, keep copies together, and depend on ids and seed alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from neurons.activations.halves import halves


def run_of(embeddings: np.ndarray | None) -> SimpleNamespace:
    size = 0 if embeddings is None else embeddings.shape[1]
    return SimpleNamespace(embeddings=embeddings, spec=SimpleNamespace(embedding_size=size))


IDS = [f"{i}.png" for i in range(60)]
ROWS = np.arange(60)


def test_every_kind_is_parted_evenly_and_single_ones_in_turn() -> None:
    strata = np.r_[np.repeat([0, 1], 20), np.arange(2, 22)]
    first, second = halves(run_of(None), IDS, ROWS, strata)
    assert sorted([*first, *second]) == ROWS.tolist()
    for kind in (0, 1):
        assert (strata[first] == kind).sum() == (strata[second] == kind).sum() == 10
    assert (strata[first] > 1).sum() == (strata[second] > 1).sum() == 10


def test_every_kind_begins_anew_where_that_is_asked() -> None:
    strata = np.r_[np.repeat([0, 1], 5), np.full(50, 2)]
    first, second = halves(run_of(None), IDS, ROWS, strata, anew=True)
    assert [(strata[half] == 0).sum() for half in (first, second)] == [3, 2]
    assert [(strata[half] == 1).sum() for half in (first, second)] == [3, 2]
    # else the second kind goes on where the first one ended
    first, second = halves(run_of(None), IDS, ROWS, strata)
    assert [(strata[half] == 1).sum() for half in (first, second)] == [2, 3]


def test_copies_stay_in_one_half() -> None:
    embeddings = np.repeat(np.random.default_rng(0).normal(size=(20, 4)), 3, axis=0)
    first, second = halves(run_of(embeddings), IDS, ROWS, np.zeros(60, int))
    assert not set(first // 3) & set(second // 3)
    assert len(first) == len(second) == 30


def test_another_seed_gives_other_halves_and_the_same_seed_the_same() -> None:
    same = [halves(run_of(None), IDS, ROWS, np.zeros(60, int), seed=s)[0] for s in (0, 0, 1)]
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])
