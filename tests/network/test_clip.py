"""A model is what its name says, or there is one clear line about it."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import open_clip
import pytest
import torch

import neurons
from neurons import Clip, load
from neurons.errors import ModelNotFoundError, OptionError
from neurons.network.model_names import available
from tests.conftest import RESNET, build, save_model


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("RN51x4/openai", "nearest: RN50x4"),
        ("RN50", "such as RN50/openai"),
        ("RN50/nonsense", "it has: openai, yfcc15m, cc12m"),
        ("local-dir:/nowhere", "no folder"),
    ],
)
def test_an_unknown_model_names_what_exists(name: str, told: str) -> None:
    with pytest.raises(ModelNotFoundError, match=told) as caught:
        load(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["abacus", "cuda:77"])
def test_a_device_that_is_not_there_is_said_in_one_line(planted_name: str, device: str) -> None:
    with pytest.raises(OptionError, match=f"no device '{device}' here") as caught:
        load(planted_name, device=device)
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    # open_clip itself would go on with random ones
    save_model(tmp_path / "m", RESNET)
    (tmp_path / "m" / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="holds no weights"):
        load(f"local-dir:{tmp_path / 'm'}")
    (tmp_path / "m" / "open_clip_config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no open_clip_config\.json"):
        load(f"local-dir:{tmp_path / 'm'}")


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "m", RESNET)
    config = json.loads((tmp_path / "m" / "open_clip_config.json").read_text())
    config["model_cfg"]["embed_dim"] = 24
    (tmp_path / "m" / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotFoundError, match="cannot load"):
        load(f"local-dir:{tmp_path / 'm'}")


class Harmful:
    """Unpickling one of these would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    save_model(tmp_path / "m", RESNET)
    (tmp_path / "m" / "open_clip_model.safetensors").unlink()
    mark = tmp_path / "harmed"
    torch.save({"state_dict": Harmful(mark)}, tmp_path / "m" / "pytorch_model.bin")
    with pytest.raises(ModelNotFoundError, match="more than weights") as caught:
        load(f"local-dir:{tmp_path / 'm'}")
    assert not mark.exists()
    assert "weights_only" not in str(caught.value)


def test_safetensors_come_before_a_pickle(tmp_path: Path, planted: Clip) -> None:
    folder = Path(planted.name.removeprefix("local-dir:"))
    shutil.copytree(folder, tmp_path / "m")
    torch.save({"state_dict": Harmful(tmp_path / "x")}, tmp_path / "m" / "pytorch_model.bin")
    assert load(f"local-dir:{tmp_path / 'm'}").weights_sha256 == planted.weights_sha256


def test_the_weights_hash_does_not_depend_on_the_file(tmp_path: Path) -> None:
    network = build(RESNET, seed=3)
    one = load(save_model(tmp_path / "a", RESNET, network), device="cpu")
    save_model(tmp_path / "b", RESNET, network)
    (tmp_path / "b" / "open_clip_model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "b" / "pytorch_model.bin")
    assert load(f"local-dir:{tmp_path / 'b'}", device="cpu").weights_sha256 == one.weights_sha256
    with torch.no_grad():
        network.visual.conv1.weight[0, 0, 0, 0] += 1e-3
    other = load(save_model(tmp_path / "c", RESNET, network), device="cpu")
    assert other.weights_sha256 != one.weights_sha256


def test_untrained_weights_are_the_same_each_time_and_leave_the_generator_alone() -> None:
    before = torch.random.get_rng_state()
    one, two = load("RN50/untrained", device="cpu"), load("RN50/untrained", device="cpu")
    assert one.weights_sha256 == two.weights_sha256
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_tag_trained_with_quickgelu_gets_quickgelu(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def create(model: str, **options: object) -> torch.nn.Module:
        asked[f"{model}/{options['pretrained']}"] = options["force_quick_gelu"]
        network = build(RESNET)
        network.visual.preprocess_cfg = {"size": 96}
        return network

    monkeypatch.setattr(open_clip, "create_model", create)
    for name in ("RN50x4/openai", "ViT-B-32/laion2b_s34b_b79k"):
        load(name, device="cpu")
    assert asked == {"RN50x4/openai": True, "ViT-B-32/laion2b_s34b_b79k": False}


def test_embeddings_are_open_clips(planted: Clip) -> None:
    reference = open_clip.create_model(planted.name).eval()
    batch = torch.randint(0, 256, (3, 3, 96, 96), dtype=torch.uint8)
    texts = ["a spider", "$$$"]
    with torch.inference_mode():
        images = reference.encode_image((batch.float() / 255 - 0.5) / 0.5)
        words = reference.encode_text(open_clip.get_tokenizer(planted.name)(texts))
    torch.testing.assert_close(planted.embed_images(batch), images, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(planted.embed_texts(texts), words, rtol=1e-5, atol=1e-6)


def test_a_loaded_model_is_frozen_quiet_and_without_hooks(planted_name: str) -> None:
    level = logging.root.manager.disable
    clip = load(planted_name, device="cpu")
    assert logging.root.manager.disable == level
    assert not clip.network.training
    assert not any(parameter.requires_grad for parameter in clip.network.parameters())
    assert not any(module._forward_hooks for module in clip.network.modules())


def test_every_model_of_open_clip_is_listed() -> None:
    found = dict(available())
    assert set(open_clip.list_models()) <= set(found)
    assert "openai" in found["RN50x4"]
    assert neurons.load is load
