"""Planted sums of words come back, and without centring they do not."""

from __future__ import annotations

import numpy as np

from neurons.readouts.splice import centred_units, explained, splice

WORDS, SIZE = 60, 128


def cone(n: int, mean: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Vectors of length 1 around a common mean, as a modality's are."""
    own = random.standard_normal((n, SIZE)) / np.sqrt(SIZE)
    return own, (mean + own) / np.linalg.norm(mean + own, axis=1, keepdims=True)


def test_planted_sums_come_back_and_without_centring_they_do_not() -> None:
    random = np.random.default_rng(0)
    means = 2 * random.standard_normal((2, SIZE)) / np.sqrt(SIZE)
    own, texts = cone(WORDS, means[0], random)
    _, others = cone(500, means[1], random)
    n_found, n_raw = 0, 0
    for _ in range(20):
        planted = random.choice(WORDS, 3, replace=False)
        made = means[1] + np.array([0.8, 0.6, 0.5]) @ own[planted]
        made = (made + 0.3 * random.standard_normal(SIZE) / np.sqrt(SIZE))[None]
        made /= np.linalg.norm(made)
        atoms = centred_units(texts, texts.mean(0))
        target = centred_units(made, others.mean(0))[0]
        weights = splice(atoms, target, 0.2)
        n_found += (
            set(np.argsort(-weights)[:3]) == set(planted)
            and explained(atoms, target, weights) > 0.8
        )
        raw = splice(texts, made[0], 0.2)
        n_raw += set(np.argsort(-raw)[:3]) == set(planted) and (raw > 0).sum() <= 10
        assert (weights >= 0).all()
    assert n_found >= 18 and n_raw <= 4, (n_found, n_raw)


def test_the_strength_is_that_of_the_paper() -> None:
    # of one word, ||w c - z||^2 + 2 lambda w is smallest at w = c.z - lambda
    atoms = np.eye(1, 8, dtype=np.float32)
    target = np.zeros(8, np.float32)
    target[:2] = 0.8, 0.6
    np.testing.assert_allclose(splice(atoms, target, 0.3), [0.5], atol=1e-6)
    assert explained(atoms, target, np.zeros(1)) == 0.0
