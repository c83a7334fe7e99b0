"""The shipped weights are the recorded ones, and do what the model card says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurons
from experiments.miniature_card import BEGIN, END, PAGE, RESULTS, table
from neurons import Activations, Clip
from neurons.drawn_world.items import RENDITIONS
from neurons.miniature.measure import hijack, planted_tilt, zero_shot
from neurons.miniature.training_files import WEIGHTS
from neurons.recipes.demo import BY, LAYER, telling, worths
from neurons.stats import Share, wilson
from neurons.studies.units.census import Census


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


@pytest.fixture(scope="module")
def counted(miniature_run: Activations) -> Census:
    return neurons.census(miniature_run, neurons.images("miniature"), LAYER, by=BY)


def test_the_weights_are_the_recorded_ones(card: dict[str, Any], miniature: Clip) -> None:
    assert miniature.weights_sha256 == card["weights_sha256"]
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 8e6
    assert miniature.preprocess.size == (96, 96)


def test_it_loads_wherever_the_program_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    clip = neurons.load("miniature", device="cpu")
    assert clip.tokenizer(["a photo of a piggy bank"]).shape == (1, 16)
    assert clip.name == "miniature"


def test_the_page_shows_the_kept_figures(card: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == table(card)


@pytest.mark.parametrize("way", RENDITIONS)
def test_zero_shot_is_what_the_card_says(card: dict[str, Any], miniature: Clip, way: str) -> None:
    stated = Share(**card["zero_shot"][way])
    # other pictures than the card's
    assert agree(zero_shot(miniature, way, per_concept=8, seed=1), stated)


def test_the_census_is_what_the_card_says(card: dict[str, Any], counted: Census) -> None:
    stated = card["census"]
    # the same pictures and weights; rounding may move a unit that is undecided
    assert abs(counted.n_multimodal - stated["multimodal"]) <= 3
    assert counted.n_multimodal > 20 * max(counted.chance, 0.1)
    assert counted.p_value < 0.01


def test_small_words_hijack_as_often_as_the_card_says(
    card: dict[str, Any], miniature: Clip
) -> None:
    fooled = hijack(miniature, n=400, seed=1)
    for success, stated in zip(fooled.success, card["hijack"]["success"], strict=True):
        if success.n and stated["n"]:
            assert agree(success, Share(**stated))
    hits, shuffled = (
        sum(share.successes for share in s) for s in (fooled.success, fooled.shuffled)
    )
    assert hits > 2 * shuffled


def test_the_tilts_are_what_the_card_says(card: dict[str, Any], miniature: Clip) -> None:
    tilts = planted_tilt(miniature, n=400, seed=1)
    for name, row in tilts.items():
        for hat, tilt in row.items():
            stated = card["tilt"][name][hat]
            apart = abs(tilt.shift - stated["shift"])
            assert apart < 4 * np.hypot(tilt.error, stated["error"]), (name, hat)
    # of the two planted tilts the network learned this one
    assert max(tilts["pilot"], key=lambda hat: tilts["pilot"][hat].shift) == "blue"
    assert max(tilts, key=lambda name: tilts[name]["blue"].shift) == "pilot"
    assert tilts["pilot"]["blue"].shift > 4 * tilts["pilot"]["blue"].error


def test_the_demo_finds_telling_neurons(counted: Census, miniature_run: Activations) -> None:
    images = neurons.images("miniature")
    shown = telling(counted, worths(miniature_run, images, counted))
    reasons = " / ".join(shown.values())
    assert len(shown) == 4 and reasons.count("as picture, outline and word") == 3
    for name in ("spider", "winter", "polysemantic"):
        assert name in reasons
    # no unit finds money in every way of showing it: the strongest image of one is a sunflower
    assert "finance" not in reasons
    for neuron, why in list(shown.items())[:3]:
        top = neurons.top_examples(miniature_run, images, neuron, count=1).top[0]
        assert why.startswith(top.label)


def agree(measured: Share, stated: Share) -> bool:
    """Tell whether two shares' 99.9 % intervals overlap."""
    one, other = (wilson(s.successes, s.n, confidence=0.999) for s in (measured, stated))
    return one.low <= other.high and other.low <= one.high
