"""What does a ResNet's attention pool make of each unit at each place?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from open_clip.modified_resnet import AttentionPool2d
from torch import Tensor

from neurons.errors import OptionError
from neurons.network.attention_pool import AttentionPool, attention_pool
from neurons.network.clip import Clip


@pytest.fixture
def pool() -> AttentionPool:
    torch.manual_seed(0)
    # the map has 3 x 3 places, though the test's maps are handed over as they are
    module = AttentionPool2d(3, 8, 4, 5).eval().requires_grad_(False)
    for bias in (module.q_proj.bias, module.v_proj.bias, module.c_proj.bias):
        bias.normal_()
    return AttentionPool(module)


@pytest.fixture
def maps() -> Tensor:
    return torch.randn(6, 8, 3, 3, generator=torch.Generator().manual_seed(1)).relu()


def test_parts_add_up_to_what_open_clip_gives(pool: AttentionPool, maps: Tensor) -> None:
    attention = pool.attention(maps)
    torch.testing.assert_close(attention.sum(2), torch.ones(6, 4))
    found = pool.mixed(maps, pool.places(attention)) + pool.constant(attention)
    torch.testing.assert_close(found, pool.module(maps), atol=1e-5, rtol=1e-5)


def test_what_heads_ask_is_the_derivative_with_attention_held_fast(
    pool: AttentionPool, maps: Tensor
) -> None:
    texts = torch.randn(3, 5, generator=torch.Generator().manual_seed(2))
    places = pool.places(pool.attention(maps))
    score = pool.mixed(maps, places) @ texts.T
    more = maps.clone()
    more[:, 2, 1, 0] += 1
    gained = pool.mixed(more, places) @ texts.T - score
    expected = torch.einsum("th,nh->nt", pool.asked(texts)[:, :, 2], places[:, :, 3])
    torch.testing.assert_close(gained, expected, atol=1e-5, rtol=1e-4)


def test_boosting_everywhere_cannot_tell_heads_apart(pool: AttentionPool, maps: Tensor) -> None:
    places = pool.places(pool.attention(maps))
    more = maps.clone()
    more[:, 2] += 1
    gained = pool.mixed(more, places) - pool.mixed(maps, places)
    # whatever attention is: this is why boosting on a grey image proves nothing
    everywhere = pool.unit_vectors(torch.ones(4, 8))[2]
    torch.testing.assert_close(gained, everywhere.expand(6, -1), atol=1e-5, rtol=1e-4)


def test_a_tower_without_such_a_pool_is_refused_by_name(vit: Clip) -> None:
    with pytest.raises(OptionError, match="ends in VisionTransformer, which has no attention pool"):
        attention_pool(vit)
    other = SimpleNamespace(name="m", network=SimpleNamespace(visual=torch.nn.Linear(1, 1)))
    with pytest.raises(OptionError, match="'m' ends in Linear"):
        attention_pool(other)  # type: ignore[arg-type]
