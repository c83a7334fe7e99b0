"""A text that stands alone excites the unit that reads it, and scores for its class."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons.attacks import plain_grounds as module
from neurons.attacks.plain_grounds import alone, plain_grounds, scores_alone
from neurons.attacks.repeatable_attack import RepeatableAttack
from tests.glyphs import BANK, GLYPHS, LETTERS


def test_grounds_are_plain_and_go_from_light_to_dark() -> None:
    grounds = plain_grounds((20, 30), 4)
    assert grounds.shape == (4, 3, 20, 30) and grounds.dtype == torch.uint8
    levels = grounds.flatten(1).float()
    assert (levels.std(1) == 0).all()
    assert levels.mean(1).tolist() == sorted(levels.mean(1).tolist(), reverse=True)


def test_a_glyph_alone_excites_its_unit_and_no_other(attack: RepeatableAttack) -> None:
    texts = [*GLYPHS, "o"]
    peaks = alone(attack.network, texts, LETTERS).peaks[BANK].reshape(len(texts), 3, -1).mean(1)
    letters = peaks[:, : len(GLYPHS)]
    assert (np.diag(letters) > 0.5).all()
    assert not letters[-1].any()
    off = letters[:-1][~np.eye(len(GLYPHS), dtype=bool)]
    assert (off < 0.5).all()


def test_texts_in_parts_are_the_same_as_all_at_once(
    attack: RepeatableAttack, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["#", "A", "o", "K", "no"]
    whole = alone(attack.network, texts, LETTERS)
    monkeypatch.setattr(module, "_CHUNK", 2)
    parts = alone(attack.network, texts, LETTERS)
    assert np.allclose(whole.embeddings, parts.embeddings, atol=1e-6)
    assert np.allclose(whole.peaks[BANK], parts.peaks[BANK], atol=1e-6)


def test_a_score_is_the_mean_logarithm_of_the_classs_share(attack: RepeatableAttack) -> None:
    texts, told = ["o", "#", "A"], []
    scores = scores_alone(attack.network, texts, LETTERS, attack.readout, 1, told.append)
    assert scores.argmax() == 1 and scores.max() <= 0 and sum(told) == 3
    raw = alone(attack.network, texts, LETTERS).scores(attack.readout).astype(np.float64)
    shares = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    assert scores == pytest.approx(np.log(shares[:, 1]).reshape(3, 3).mean(1))
