"""A network is built with the weights asked for, and nothing in a file is executed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from neurons import Clip, load
from neurons.errors import ModelNotFoundError, OptionError
from neurons.network.building import imagenet_templates, random_network, tokenizer_of
from neurons.network.layers import find_layers
from neurons.network.receptive_field import effective_field
from neurons.visualization.ascent import ascend
from neurons.visualization.objectives import channel
from neurons.visualization.request import ImageRequest
from tests.conftest import RESNET, VIT, build, save_model


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


def test_a_random_network_follows_its_seed(planted: Clip) -> None:
    one, two, other = (random_network(planted.name, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.visual.conv1.weight, two.visual.conv1.weight)
    assert not torch.equal(one.visual.conv1.weight, other.visual.conv1.weight)
    assert one.training


def test_a_folders_own_vocabulary_lies_beside_its_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # open_clip itself would look for it where the program was started
    monkeypatch.chdir(tmp_path)
    tokens = load("miniature", device="cpu").tokenizer(["a red star"])
    others = tokenizer_of("RN50")(["a red star"])
    assert others.shape == (1, 77) and tokens.shape != others.shape


def test_the_templates_are_openais() -> None:
    templates = imagenet_templates()
    assert len(templates) == 80 and templates[0] == "a bad photo of a {}."
    assert all(template.count("{}") == 1 for template in templates)


def test_inputs_that_are_not_square_keep_their_height_and_width(tmp_path: Path) -> None:
    config = {**VIT, "vision_cfg": {**VIT["vision_cfg"], "image_size": [96, 64]}}
    clip = load(save_model(tmp_path / "m", config), device="cpu")
    assert clip.preprocess.size == (96, 64)
    wide = Image.fromarray(np.arange(50 * 70 * 3, dtype=np.uint8).reshape(50, 70, 3))
    prepared = image_transform_v2(PreprocessCfg(**clip.network.visual.preprocess_cfg), False)(wide)
    mine = torch.tensor(clip.preprocess.pixels(wide)).permute(2, 0, 1)[None]
    assert torch.allclose(clip.preprocess.normalise(mine)[0], prepared, atol=1e-6)
    (block,) = find_layers(clip, ["visual.transformer.resblocks.1"])
    assert (block.layout.height, block.layout.width, block.layout.prefix) == (6, 4, 1)
    field = effective_field(clip, block)
    assert field.bottom >= 1 / 12 and field.right >= 1 / 8
    # pictures are made square, which this model cannot take
    with pytest.raises(OptionError, match="of 96 px here, only of 96 x 64 px"):
        ascend(clip, [ImageRequest(channel("visual.transformer.resblocks.1:0"))])


def test_a_config_that_open_clip_cannot_build_is_told_in_one_line(tmp_path: Path) -> None:
    save_model(tmp_path / "m", RESNET)
    file = tmp_path / "m" / "open_clip_config.json"
    settings = json.loads(file.read_text())
    # its ResNets take one number only, and raise a TypeError
    settings["model_cfg"]["vision_cfg"]["image_size"] = [96, 64]
    file.write_text(json.dumps(settings))
    with pytest.raises(ModelNotFoundError, match="cannot load .*unsupported operand") as caught:
        load(f"local-dir:{tmp_path / 'm'}")
    assert "\n" not in str(caught.value)
