"""Where texts lack a package, images work, and texts say in one line what is missing."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

import neurons
from neurons import Clip
from neurons.errors import ModelNotFoundError, TextSideMissingError
from neurons.network.building import tokenizer_of
from tests.conftest import LAYER, RESNET, build, save_model
from tests.network.towers import COCA

NEEDED = r"needs the package transformers for texts.*`pip install transformers`; images work"


@pytest.fixture(autouse=True)
def without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)


def with_roberta(folder: Path, config: dict, network: torch.nn.Module | None = None) -> str:
    """Save a model as if its texts went through roberta, whose weights lie in the file."""
    name = save_model(folder, config, network)
    file = folder / "open_clip_model.safetensors"
    images = ("visual.", "logit_scale", "text_decoder.")
    kept = {key: value for key, value in load_file(file).items() if key.startswith(images)}
    kept["text.transformer.embeddings.word_embeddings.weight"] = torch.zeros(3, 2)
    save_file(kept, file)
    settings = json.loads((folder / "open_clip_config.json").read_text())
    settings["model_cfg"]["text_cfg"] = {"hf_model_name": "roberta-base"}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    return name


def test_images_of_a_model_with_robertas_text_tower_work(tmp_path: Path, pictures: Path) -> None:
    name = with_roberta(tmp_path / "m", RESNET)
    clip = neurons.load(name, device="cpu")
    assert dict(clip.facts())["texts"] == "not loaded"
    # the weights are the file's, not random ones
    own = build(RESNET).visual.state_dict()
    for key, value in clip.network.visual.state_dict().items():
        assert torch.equal(value, own[key]), key
    summary = neurons.scan(clip, neurons.images(pictures), [LAYER], tmp_path / "run")
    assert summary.n_scanned == 40
    with pytest.raises(TextSideMissingError, match=NEEDED):
        clip.embed_texts(["a dog"])
    with pytest.raises(TextSideMissingError, match=NEEDED) as caught:
        neurons.zero_shot(clip, ["a dog", "a cat"])
    assert "\n" not in str(caught.value)


def test_weights_of_images_that_do_not_fit_are_refused_all_the_same(tmp_path: Path) -> None:
    name = with_roberta(tmp_path / "m", RESNET)
    file = tmp_path / "m" / "open_clip_config.json"
    settings = json.loads(file.read_text())
    settings["model_cfg"]["vision_cfg"]["layers"] = [1, 1, 1, 2]
    file.write_text(json.dumps(settings))
    with pytest.raises(ModelNotFoundError, match="the weights lack or add visual.layer4.1"):
        neurons.load(name, device="cpu")


@pytest.mark.parametrize(
    "model", ["roberta-ViT-B-32", "ViT-B-16-SigLIP", "ViT-B-32-SigLIP2-256", "ViT-L-14-CLIPA"]
)
def test_tokenizers_from_the_hub_say_what_they_need(model: str) -> None:
    with pytest.raises(TextSideMissingError, match=NEEDED):
        tokenizer_of(model)


def test_a_tokenizer_that_is_not_beside_a_model_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*given: object, **named: object) -> None:
        raise OSError("We couldn't connect to the hub\nand so on")

    monkeypatch.setattr(open_clip, "get_tokenizer", offline)
    with pytest.raises(TextSideMissingError, match=r"couldn't connect to the hub\); .*images work"):
        tokenizer_of("ViT-B-16-SigLIP")


def test_an_untrained_twin_has_the_same_images_each_time() -> None:
    one, two = (neurons.load("roberta-ViT-B-32/untrained", device="cpu") for _ in range(2))
    assert one.weights_sha256 == two.weights_sha256
    found = {layer.path: layer for layer in neurons.layers(one)}
    assert found["visual.transformer.resblocks.3"].units == 768


def test_a_coca_with_robertas_text_tower_keeps_its_images(tmp_path: Path) -> None:
    clip = neurons.load(with_roberta(tmp_path / "m", COCA, open_clip.CoCa(**COCA)), device="cpu")
    embedded = clip.embed_images(clip.preprocess.empty_batch(2)).numpy()
    assert embedded.shape == (2, 16) and np.isfinite(embedded).all()


def test_a_text_tower_of_open_clips_own_needs_nothing(vit: Clip) -> None:
    assert vit.embed_texts(["a dog"]).shape == (1, 16)
    assert "texts" not in dict(vit.facts())


def test_settings_that_cannot_be_fetched_are_told_and_images_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class AutoConfig:
        @staticmethod
        def from_pretrained(name: str) -> None:
            raise OSError(f"cannot reach the hub for {name}\nand so on")

    installed = ModuleType("transformers")
    installed.__spec__ = ModuleSpec("transformers", None)
    installed.AutoConfig = AutoConfig  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers", installed)
    clip = neurons.load("roberta-ViT-B-32/untrained", device="cpu")
    with pytest.raises(TextSideMissingError, match="cannot reach the hub for roberta-base; ") as it:
        clip.embed_texts(["a dog"])
    assert "\n" not in str(it.value) and "images work" in str(it.value)
