"""Words whose weights are wired: bored = 0.8 relaxing + 0.4 grumpy, and not sunset."""

from __future__ import annotations

import numpy as np

from neurons.readouts.unit_directions import UnitDirections
from neurons.readouts.word_list import WordList
from neurons.readouts.word_texts import WordTexts

RELAXING, GRUMPY, SUNSET = 5, 17, 40
UNITS, BORED = 60, 0
EQUATION = {RELAXING: 1, GRUMPY: 1, SUNSET: -1}
_FILLERS = 18


def wired(*, noise: float = 0.06, seed: int = 0) -> WordTexts:
    """Give 26 words in 3 prompts, one dimension a unit; no two prompts share their noise."""
    random = np.random.default_rng(seed)
    named = ("bored", "wistful", "relaxed", "grumpy", "idle", "lazy", "moved", "late")
    rows = np.zeros((len(named) + _FILLERS, UNITS))
    rows[0, [RELAXING, GRUMPY]] = 0.8, 0.4
    # wistful ones see a sunset, which bored ones do not, and idle ones are not grumpy
    rows[[1, 6, 7]] = rows[0]
    rows[[1, 6, 7], SUNSET] = 0.6, 0.5, 0.7
    rows[2, [RELAXING, SUNSET]] = 1.0, 0.8
    rows[3, GRUMPY] = 0.6
    rows[4, [RELAXING, 20]] = 0.8, 0.3
    rows[5, [RELAXING, 21]] = 0.9, 0.3
    free = np.setdiff1d(np.arange(UNITS), [*EQUATION])
    for row in rows[len(named) :]:
        row[random.choice(free, 3, replace=False)] = random.uniform(0.4, 1, 3)
    words = (*named, *(f"word{i}" for i in range(_FILLERS)))
    embeddings = rows[:, None] + noise * random.standard_normal((len(rows), 3, UNITS))
    return texts_of(embeddings, words)


def nothing_shared(*, seed: int = 0) -> WordTexts:
    """The wired words, but the first one's prompts have nothing in common."""
    found = wired(seed=seed)
    random = np.random.default_rng(seed + 1)
    embeddings = found.embeddings.copy()
    embeddings[BORED] = 0.3 * random.standard_normal((3, UNITS))
    return WordTexts(found.listed, embeddings, {})


def texts_of(embeddings: np.ndarray, words: tuple[str, ...]) -> WordTexts:
    return WordTexts(WordList(words, words), embeddings.astype(np.float32), {})


def directions(*, holds: bool = True) -> UnitDirections:
    """Give units that point along one axis each."""
    r = 0.97 if holds else 0.28
    return UnitDirections("layer", np.eye(UNITS, dtype=np.float32), "wired", "", r, holds)
