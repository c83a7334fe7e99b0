from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import nn

from neurons.errors import OptionError
from neurons.miniature.recipe import Recipe
from neurons.miniature.training_files import (
    LOG,
    RECORD,
    log,
    read_checkpoint,
    record,
    resume,
    save_checkpoint,
)

RECIPE = Recipe(steps=60, batch=2)


def network_of(value: float) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = nn.Linear(2, 1)
    nn.init.constant_(network.weight, value)
    return network, torch.optim.AdamW(network.parameters())


def steps(out: Path, n: int) -> None:
    for step in range(n):
        log(out, {"step": step + 1, "loss": float(step), "rate": 0.1, "images_per_second": step})


def test_a_run_goes_on_from_its_checkpoint_and_forgets_what_was_logged_after(
    tmp_path: Path,
) -> None:
    network, optimizer = network_of(0.5)
    save_checkpoint(tmp_path, RECIPE, network, optimizer, 3)
    steps(tmp_path, 5)
    other, its = network_of(9.0)
    assert resume(tmp_path, RECIPE, other, its) == 3
    assert torch.equal(other.weight, network.weight)
    lines = (tmp_path / LOG).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]


def test_a_new_folder_begins_at_the_first_step(tmp_path: Path) -> None:
    assert resume(tmp_path, RECIPE, *network_of(0.5)) == 0
    assert (tmp_path / LOG).read_text(encoding="utf-8") == ""


def test_another_recipes_run_is_told_and_left_alone(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, RECIPE, *network_of(0.5), 3)
    with pytest.raises(OptionError, match="run of another recipe.*choose another folder"):
        resume(tmp_path, replace(RECIPE, seed=1), *network_of(0.5))
    assert read_checkpoint(tmp_path)["step"] == 3


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"holds no checkpoint\.pt to start from"):
        read_checkpoint(tmp_path)


def test_the_record_has_means_of_25_steps_and_what_went_before(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        steps(folder, 60)
    record(before, RECIPE)
    record(after, replace(RECIPE, seed=2), before)
    told = json.loads((after / RECORD).read_text(encoding="utf-8"))
    # losses are 0, 1, 2, ...: 0 to 24, 25 to 49, 50 to 59
    assert told["curve"] == [
        {"step": 25, "loss": 12.0},
        {"step": 50, "loss": 37.0},
        {"step": 60, "loss": 54.5},
    ]
    assert told["images_per_second"] == 30
    assert told["recipe"]["seed"] == 2
    assert told["before"]["recipe"] == json.loads(json.dumps(asdict(RECIPE)))
