"""Training: the loss is the known one, a run goes on where it was, and a minute teaches."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import open_clip
import pytest
import torch
from torch.nn import functional

import neurons
from neurons.drawn_world.scenes import training_scene
from neurons.errors import OptionError
from neurons.miniature.measure import zero_shot
from neurons.miniature.recipe import SMALL, Recipe
from neurons.miniature.train import contrastive_loss, main, train
from neurons.miniature.training_files import CHECKPOINT, LOG, WEIGHTS_FILE

TINY = Recipe(steps=4, batch=12, warm_up=1, concepts=("pig", "spider", "red", "apple"))


def test_without_common_meanings_the_loss_is_clips_own() -> None:
    torch.manual_seed(0)
    images, texts = (functional.normalize(torch.randn(16, 8), dim=1) for _ in range(2))
    ours = contrastive_loss(20 * images @ texts.T, torch.eye(16, dtype=torch.bool))
    theirs = open_clip.ClipLoss()(images, texts, torch.tensor(20.0))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_common_meanings_share_the_target() -> None:
    # two pictures of one meaning: their best is an even split, and log 2 is what it costs
    positive = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    logits = torch.where(positive, 50.0, -50.0)
    expected = 2 / 3 * torch.log(torch.tensor(2.0))
    assert contrastive_loss(logits, positive).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", TINY, checkpoint_every=2)

    class KilledError(Exception):
        pass

    def kill(figures: dict[str, float]) -> None:
        if figures["step"] == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train(tmp_path / "part", TINY, checkpoint_every=2, progress=kill)
    assert not (tmp_path / "part" / WEIGHTS_FILE).exists()
    steps: list[float] = []
    again = train(
        tmp_path / "part", TINY, checkpoint_every=2, progress=lambda f: steps.append(f["step"])
    )
    assert steps == [3, 4]
    assert again.read_bytes() == whole.read_bytes()
    logged = (tmp_path / "part" / LOG).read_text().splitlines()
    assert [json.loads(line)["step"] for line in logged] == [1, 2, 3, 4]


def test_another_recipe_does_not_go_on_with_it(tmp_path: Path) -> None:
    train(tmp_path, TINY, checkpoint_every=2)
    assert (tmp_path / CHECKPOINT).is_file()
    with pytest.raises(OptionError, match="holds a run of another recipe"):
        train(tmp_path, replace(TINY, seed=1))


def test_workers_compose_the_same_scenes(tmp_path: Path) -> None:
    alone = train(tmp_path / "alone", replace(TINY, steps=2))
    helped = train(tmp_path / "helped", replace(TINY, steps=2), workers=2)
    assert alone.read_bytes() == helped.read_bytes()


def test_a_small_run_learns_above_chance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--small", "--device", "cpu", "--out", str(tmp_path)])
    assert str(tmp_path / WEIGHTS_FILE) in capsys.readouterr().out.replace("\n", "")
    clip = neurons.load(f"local-dir:{tmp_path}", device="cpu")
    untrained = neurons.load("miniature/untrained", device="cpu")
    chance = 1 / len(SMALL.concepts)
    seen = zero_shot(clip, "flat", names=SMALL.concepts, per_concept=25)
    assert seen.interval.low > 1.5 * chance, seen
    before = zero_shot(untrained, "flat", names=SMALL.concepts, per_concept=25)
    assert before.interval.low < chance * 1.5, before


def test_scenes_are_of_the_named_concepts_only() -> None:
    random = Random(0)
    shown = {
        item.concept for _ in range(200) for item in training_scene(random, TINY.concepts).items
    }
    assert shown == set(TINY.concepts)
