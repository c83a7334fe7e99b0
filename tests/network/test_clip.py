"""A model is what its name says, or there is one clear line about it."""

from __future__ import annotations

import logging
from pathlib import Path

import open_clip
import pytest
import torch

import neurons
from neurons import Clip, load
from neurons.errors import OptionError
from tests.conftest import RESNET, build, save_model


@pytest.mark.parametrize("device", ["abacus", "cuda:77"])
def test_a_device_that_is_not_there_is_said_in_one_line(planted_name: str, device: str) -> None:
    with pytest.raises(OptionError, match=f"no device '{device}' here") as caught:
        load(planted_name, device=device)
    assert "\n" not in str(caught.value)


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


def test_a_model_is_one_line_and_a_small_table(planted: Clip) -> None:
    told = f"input 96 x 96 px, device cpu, weights {planted.weights_sha256[:12]}"
    assert repr(planted) == f"<Clip {planted.name}: {told}>"
    assert "<td>96 x 96 px</td>" in planted._repr_html_()
    assert neurons.load is load
