"""The lists of models and layers show what was asked for, and no more."""

from __future__ import annotations

from tests.conftest import LAYER


def test_models_are_those_whose_name_contains_the_pattern(command) -> None:
    models = command("models", "rn50X4")
    assert "RN50x4" in models.out and "openai" in models.out
    assert "ViT" not in models.out
    assert "0 models" in command("models", "nothing like it").out


def test_layers_are_blocks_unless_all_are_asked_for(command, planted_name: str) -> None:
    layers = command("layers", planted_name, "--device", "cpu")
    assert LAYER in layers.out
    assert "visual.conv1" not in layers.out and "--all lists the others" in layers.out
    every = command("layers", planted_name, "--all", "--device", "cpu").out
    assert "visual.conv1" in every and "lists the others" not in every
