"""A layer's rows are images, its tokens have places, and what has neither is no layer."""

from __future__ import annotations

import open_clip
import pytest
import torch
from torch import Tensor, nn

from neurons import Clip
from neurons.errors import LayerNotFoundError
from neurons.network.engine import open_engine
from neurons.network.hooks import watch
from neurons.network.layers import Layer, find_layers, last_block, layers, middle_blocks, stages
from neurons.network.layout import Layout
from neurons.network.pooling import peak
from tests.network.towers import clip_of, convnext, fastvit, swin

TOWERS = {
    "swin": (swin, (64, 64)),
    "convnext": (convnext, (64, 64)),
    "fastvit": (fastvit, (128, 128)),
    "coca": (open_clip.CoCa, (96, 96)),
    "wide convnext": (convnext, (64, 96)),
}


@pytest.fixture(params=TOWERS)
def clip(request: pytest.FixtureRequest) -> Clip:
    return clip_of(*TOWERS[request.param])


def test_every_layer_of_a_batch_gives_what_each_image_gives_alone(clip: Clip) -> None:
    found = layers(clip)
    height, width = clip.preprocess.size
    generator = torch.Generator().manual_seed(1)
    batch = torch.randint(0, 256, (3, 3, height, width), dtype=torch.uint8, generator=generator)
    with open_engine(clip, found, batch_size=3) as engine:
        together = engine.read(batch).layers
    with watch(clip.network, [layer.path for layer in found], reduce=torch.clone) as seen:
        for i in range(3):
            clip.embed_images(batch[i : i + 1])
            for layer in found:
                alone = peak(layer.layout.maps(seen[layer.path]))
                assert alone.value.shape == (1, layer.units), layer.path
                mine, scale = (
                    torch.from_numpy(together[layer.path].peak[i]),
                    alone.value.abs().max(),
                )
                assert torch.allclose(mine, alone.value[0], atol=1e-4 * float(scale)), layer.path


def test_swins_windows_are_not_images() -> None:
    clip = clip_of(*TOWERS["swin"])
    paths = [layer.path for layer in layers(clip)]
    # 16 windows of 2 images are 32 rows
    assert not any(".attn." in path or path.endswith(".attn") for path in paths)
    with pytest.raises(LayerNotFoundError, match=r"its rows are not images \(32 for 2 images\)"):
        find_layers(clip, ["visual.trunk.layers.0.blocks.0.attn"])
    # what a block makes of them is a map again, and inside its MLP there are tokens on it
    (block, hidden) = find_layers(
        clip, ["visual.trunk.layers.1.blocks.1", "visual.trunk.layers.1.blocks.1.mlp.act"]
    )
    assert (block.layout.axes, block.layout.height, block.units) == ("bhwc", 8, 16)
    assert (hidden.layout.axes, hidden.layout.height, hidden.units) == ("btc", 8, 64)


def test_a_layer_whose_rows_are_no_images_is_refused_when_it_is_read() -> None:
    clip = clip_of(*TOWERS["swin"])
    path = "visual.trunk.layers.0.blocks.0.attn"
    windows = Layer(path, "WindowAttention", 8, Layout("btc", 4, 4), is_block=True)
    black = clip.preprocess.empty_batch(2)
    with (
        open_engine(clip, [windows], batch_size=2) as engine,
        pytest.raises(LayerNotFoundError, match="gave 32 rows for 2 images: its rows are not"),
    ):
        engine.read(black)


class Mixing(nn.Module):
    """Two modules with one row per image: of another image in one, of all in the other."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.turned, self.mean = nn.Conv2d(3, 4, 8, 8), _Turned(), _Mean()

    def forward(self, x: Tensor) -> Tensor:
        maps = self.own(x)
        return (maps + 0 * self.turned(maps) + 0 * self.mean(maps)).mean((2, 3))


class _Turned(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        # windows before images: right in number, wrong in order
        return x.flip(0)


class _Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(0, keepdim=True).expand_as(x)


def test_rows_that_hold_another_image_are_refused_though_their_number_is_right() -> None:
    clip = clip_of(lambda: Mixing(), (64, 64))
    assert "visual.trunk.own" in {layer.path for layer in layers(clip)}
    with pytest.raises(LayerNotFoundError, match="depends on the other images"):
        find_layers(clip, ["visual.trunk.mean"])
    # with two images a flip and a swap are one: the third tells them apart
    with pytest.raises(LayerNotFoundError, match="depends on the other images"):
        find_layers(clip, ["visual.trunk.turned"])


def test_cocas_queries_are_no_map() -> None:
    clip = clip_of(*TOWERS["coca"])
    assert last_block(clip) == "visual.transformer"
    for path in ("visual.attn_pool", "visual.attn_pool.attn", "visual.ln_post"):
        with pytest.raises(LayerNotFoundError, match="its 36 tokens are learned queries"):
            find_layers(clip, [path])
    # what the pooling takes are patches still
    (taken,) = find_layers(clip, ["visual.attn_pool.ln_k"])
    assert (taken.layout.height, taken.layout.width, taken.layout.prefix) == (6, 6, 1)


def test_maps_after_an_attention_are_maps() -> None:
    clip = clip_of(*TOWERS["fastvit"])
    last, inside, tokens = find_layers(
        clip,
        ["visual.trunk.final_conv", "visual.trunk.stages.3.blocks.1.mlp.act",
         "visual.trunk.stages.3.blocks.0.token_mixer.qkv"],
    )  # fmt: skip
    assert last_block(clip) == "visual.trunk.final_conv"
    assert last.layout == inside.layout == Layout("bchw", 4, 4)
    assert tokens.layout == Layout("btc", 4, 4)
    assert stages(clip) == tuple(f"visual.trunk.stages.{i}" for i in range(4))


def test_heads_of_an_attention_are_no_map() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patch, self.qkv, self.q_norm = nn.Conv2d(3, 8, 16, 16), nn.Linear(8, 8), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.qkv(self.patch(x).flatten(2).transpose(1, 2))
            heads = self.q_norm(tokens.unflatten(2, (2, 4)).transpose(1, 2))
            return heads.mean(2).flatten(1)

    clip = clip_of(lambda: Heads(), (64, 64))
    assert {layer.path for layer in layers(clip)} >= {"visual.trunk.patch", "visual.trunk.qkv"}
    with pytest.raises(LayerNotFoundError, match="heads and tokens of an attention"):
        find_layers(clip, ["visual.trunk.q_norm"])


def test_what_cannot_be_told_of_a_map_that_is_not_square_is_left_out() -> None:
    clip = clip_of(*TOWERS["wide convnext"])
    stage = {layer.path: layer for layer in layers(clip)}["visual.trunk.stages.0"]
    assert (stage.layout, stage.units) == (Layout("bchw", 16, 24), 8)
    # inside a block channels lie last: (2, 16, 24, 32) could be 16 units as well
    with pytest.raises(LayerNotFoundError, match="of a map that is not square"):
        find_layers(clip, ["visual.trunk.stages.0.blocks.0.mlp.act"])


def test_the_blocks_in_the_middle_of_towers_in_stages_and_without(planted: Clip, vit: Clip) -> None:
    assert middle_blocks(planted) == ("visual.layer3.0",)
    assert middle_blocks(vit) == ("visual.transformer.resblocks.1",)
    for name, parent in (("swin", "layers.1"), ("convnext", "stages.2"), ("fastvit", "stages.2")):
        blocks = middle_blocks(clip_of(*TOWERS[name]))
        assert blocks and all(each.startswith(f"visual.trunk.{parent}.blocks.") for each in blocks)
