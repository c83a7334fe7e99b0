"""A model's own readout gives its own answers at the end, and reads one place as the pool would."""

from __future__ import annotations

import pytest
import torch

import neurons
from neurons import Clip
from neurons.errors import OptionError
from neurons.network.attention_pool import POOLED
from neurons.network.hooks import watch
from neurons.network.pooling import copy
from neurons.readouts.lens import plain_lens
from tests.conftest import VIT, save_model


def pixels(n: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, 96, 96), generator=torch.Generator().manual_seed(0)).byte()


@pytest.mark.parametrize("kind", ["planted", "vit", "mean"])
def test_at_the_last_layer_the_lens_gives_the_models_own_logits(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if kind == "mean":
        config = {**VIT, "vision_cfg": {**VIT["vision_cfg"], "pool_type": "avg"}}
        clip = neurons.load(save_model(tmp_path_factory.mktemp("mean"), config), device="cpu")
    else:
        clip = request.getfixturevalue(kind)
    found = plain_lens(clip).embeddings(pixels())
    texts = torch.randn(16, 7, generator=torch.Generator().manual_seed(1))
    texts /= texts.norm(dim=0)
    own, read = clip.embed_images(pixels()), list(found.values())[-1]
    logits = [each / each.norm(dim=1, keepdim=True) @ texts for each in (read, own)]
    torch.testing.assert_close(*logits, atol=1e-5, rtol=0)


def test_a_vit_is_read_after_every_block_and_a_resnet_at_its_end(planted: Clip, vit: Clip) -> None:
    assert list(plain_lens(planted).by_layer) == [POOLED]
    blocks = [f"visual.transformer.resblocks.{i}" for i in range(2)]
    found = plain_lens(vit).embeddings(pixels())
    assert list(found) == blocks
    assert not torch.allclose(*found.values(), atol=1e-3)


def test_a_place_is_read_as_if_every_head_looked_at_it_alone(planted: Clip) -> None:
    image = pixels(1)
    with watch(planted.network, [POOLED], reduce=copy) as seen:
        planted.embed_images(image)
    found, size = plain_lens(planted).at_places(image[0])
    pool = planted.network.visual.attnpool
    places = seen[POOLED][0].flatten(1).T
    assert size == (3, 3) and len(found) == len(places)
    # the mean of all places comes first among the positions
    with torch.inference_mode():
        by_hand = pool.c_proj(pool.v_proj(places + pool.positional_embedding[1:]))
    torch.testing.assert_close(found, by_hand, atol=1e-5, rtol=1e-5)


def test_a_tower_that_ends_otherwise_is_told_and_not_read(vit: Clip) -> None:
    with pytest.raises(OptionError, match="no attention pool over maps"):
        plain_lens(vit).at_places(pixels(1)[0])


def test_a_tower_without_a_projection_of_its_tokens_says_why(tmp_path_factory) -> None:
    tower = {"timm_model_name": "resnet18", "timm_model_pretrained": False, "timm_pool": "avg"}
    config = {**VIT, "vision_cfg": {**tower, "image_size": 64}}
    clip = neurons.load(save_model(tmp_path_factory.mktemp("timm"), config, build_any(config)),
                        device="cpu")  # fmt: skip
    found = plain_lens(clip)
    assert not found.by_layer and "timm's ResNet" in found.why_not
    assert found.embeddings(torch.zeros(1, 3, 64, 64).byte()) == {}


def build_any(config: dict) -> torch.nn.Module:
    import open_clip

    return open_clip.CLIP(**config).eval()
