"""What a ViT's units add to the embedding, directly and through one later attention."""

from __future__ import annotations

import copy

import open_clip
import pytest
import torch
from torch import Tensor

from neurons import Clip
from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.hooks import watch
from neurons.network.pooling import copy as whole
from neurons.readouts.vit_levels import BOTH, DIRECT, SECOND_ORDER
from neurons.readouts.vit_readout import vit_readout
from tests.conftest import VIT
from tests.network.towers import clip_around
from tests.network.vits import BUILDS, noise, some_texts, vit_of

BLOCK = "visual.transformer.resblocks"
MLP = f"{BLOCK}.0.mlp.gelu"


@pytest.mark.parametrize("build", BUILDS)
@torch.inference_mode()
def test_shares_and_the_rest_are_the_products_with_texts(build: str) -> None:
    clip, texts = vit_of(build), some_texts()
    last = len(clip.network.visual.transformer.resblocks) - 1
    inside = ("", ".attn", ".mlp", ".mlp.gelu")
    for layer in ("visual.ln_pre", *(f"{BLOCK}.{n}{part}" for n in (0, last) for part in inside)):
        seen = vit_readout(clip, layer).read(noise(3))
        wanted = seen.embedding @ texts.T
        found = seen.shares(texts).sum((2, 3)) + seen.rest(texts)
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-5, layer
        height, width = seen.size
        assert seen.units.shape[2] - height * width in (0, 1), layer


@pytest.mark.parametrize(
    "build", ["class token", "mean of the patches", "layer scale, no first norm"]
)
def test_shares_are_the_gradients_of_the_two_shortest_ways_times_the_activations(
    build: str,
) -> None:
    clip, texts = vit_of(build), some_texts(2)
    seen = vit_readout(clip, MLP).read(noise(2))
    slopes = _slow_gradients(clip, texts)
    torch.testing.assert_close(
        seen.shares(texts).clone(), slopes * seen.units[:, None].clone(), rtol=1e-3, atol=1e-5
    )


def _slow_gradients(clip: Clip, texts: Tensor) -> Tensor:
    """Differentiate a pass in which patterns and scales are numbers, and MLPs do not listen."""
    visual = clip.network.visual
    blocks, gradients = visual.transformer.resblocks, []
    streams = [f"{BLOCK}.{n}" for n in range(len(blocks))]
    with watch(clip.network, [MLP, *streams], reduce=whole) as seen:
        clip.embed_images(noise(2))
    tokens = [seen[path].clone() for path in streams]
    units = seen[MLP].clone().requires_grad_()
    written = blocks[0].ls_2(units @ blocks[0].mlp.c_proj.weight.T)
    change = written - written.detach()
    end = tokens[-1] + change
    for n, block in enumerate(blocks[1:], 1):
        scale = (tokens[n - 1].var(2, unbiased=False, keepdim=True) + block.ln_1.eps).rsqrt()
        before = block.ln_1(tokens[n - 1])
        _, patterns = block.attn(before, before, before, average_attn_weights=False)
        moved = (change - change.mean(2, keepdim=True)) * scale * block.ln_1.weight
        values = (moved @ block.attn.in_proj_weight[64:].T).unflatten(2, (2, -1))
        mixed = torch.einsum("ihqk,ikhd->iqhd", patterns.detach(), values).flatten(2)
        end = end + block.ls_1(mixed @ block.attn.out_proj.weight.T)
    centred = end - end.mean(2, keepdim=True)
    scale = (tokens[-1].var(2, unbiased=False, keepdim=True) + visual.ln_post.eps).rsqrt()
    normed = centred * scale * visual.ln_post.weight
    read = normed[:, 0] if visual.pool_type == "tok" else normed[:, 1:].mean(1)
    scores = read @ visual.proj @ texts.T
    for t in range(len(texts)):
        (gradient,) = torch.autograd.grad(scores[:, t].sum(), units, retain_graph=True)
        gradients.append(gradient)
    return torch.stack(gradients, 1).transpose(2, 3)


@pytest.fixture(scope="module")
def wired() -> Clip:
    """A ViT in which unit 7 of the first MLP sees red patches, and only a later head reads it."""
    network = open_clip.CLIP(**copy.deepcopy(VIT)).eval().requires_grad_(False)
    visual = network.visual
    first, second = visual.transformer.resblocks
    with torch.no_grad():
        for parameter in visual.transformer.parameters():
            if parameter.dim() > 1 or parameter.shape[0] != 32:
                parameter.zero_()
        for block in (first, second):
            block.attn.out_proj.bias.zero_()
            block.mlp.c_proj.bias.zero_()
        # without a norm in front: number 0 is a patch's redness, and the class token has none
        visual.ln_pre = torch.nn.Identity()
        visual.conv1.weight.zero_()
        visual.conv1.weight[0, 0] = 1 / 256
        visual.conv1.weight[0, 1:] = -1 / 512
        visual.positional_embedding.zero_()
        visual.class_embedding.zero_()
        visual.class_embedding[20:24] = torch.tensor([1.0, -1, 1, -1])
        first.mlp.c_fc.weight[7, 0], first.mlp.c_fc.bias[7] = 4.0, -6.0
        first.mlp.c_proj.weight[8, 7], first.mlp.c_proj.weight[9, 7] = 1.0, -1.0
        # an attention that looks everywhere hands number 8 on as number 10
        second.attn.in_proj_weight[64, 8] = 1.0
        second.attn.out_proj.weight[10, 0], second.attn.out_proj.weight[11, 0] = 1.0, -1.0
        visual.proj.zero_()
        visual.proj[10, 3], visual.proj[8, 5] = 1.0, 1.0
    return clip_around(network, (96, 96))


@pytest.fixture(scope="module")
def red() -> Tensor:
    """Grey images, of which the first has two red patches and the second one."""
    pixels = torch.full((4, 3, 96, 96), 128, dtype=torch.uint8)
    pixels[0, 0, :32, :16] = pixels[1, 0, 80:, 80:] = 255
    pixels[0, 1:, :32, :16] = pixels[1, 1:, 80:, 80:] = 0
    return pixels


@torch.inference_mode()
def test_a_unit_that_only_a_later_head_reads_has_a_second_order_effect_only(
    wired: Clip, red: Tensor
) -> None:
    readout, text = vit_readout(wired, MLP), torch.eye(16)[3:4]
    seen = readout.read(red)
    assert float(seen.direct_shares(text).abs().max()) < 1e-6
    shares = seen.shares(text)[0, 0]
    by_unit = shares.sum(1)
    assert int(by_unit.argmax()) == 7 and float(by_unit[7]) > 0.05
    # the class token comes first, then the patches row by row
    assert sorted(shares[7].topk(2).indices.tolist()) == [1, 7]
    assert float(shares[7, [1, 7]].sum() / by_unit[7]) > 0.99
    fitting = readout.fitting()
    fitting.add(seen)
    levels = {level.name: level for level in fitting.levels()}
    assert list(levels) == [BOTH, SECOND_ORDER, DIRECT]
    cosine = torch.nn.functional.cosine_similarity
    assert float(cosine(levels[SECOND_ORDER].vectors[7], text[0], 0)) > 0.999
    assert float(levels[DIRECT].vectors[7].abs().max()) < 1e-6


@torch.inference_mode()
def test_linear_forms_have_the_mean_of_what_each_image_has() -> None:
    clip = vit_of("class token")
    readout, one = vit_readout(clip, MLP), torch.eye(16)
    seen, other = readout.read(noise(3)), readout.read(noise(2, seed=1))
    fitting = readout.fitting()
    for each in (seen, other):
        fitting.add(each)
    both, second, direct = fitting.levels()
    slopes = [each.shares(one) / each.units[:, None] for each in (seen, other)]
    mean = torch.cat(slopes).mean(0)
    # an image of which nothing was fitted
    new = readout.read(noise(1, seed=2)).units
    moved = both.embed(new) - both.embed(torch.zeros_like(new))
    torch.testing.assert_close(moved, torch.einsum("euj,iuj->ie", mean, new), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(both.vectors, second.vectors + direct.vectors)
    units = torch.cat([seen.units, other.units])
    where = units.clamp(min=0).mean(0)
    where = where / where.sum(1, keepdim=True)
    wanted = units.shape[2] * torch.einsum("euj,uj->ue", mean, where)
    torch.testing.assert_close(both.vectors, wanted, rtol=1e-3, atol=1e-4)
    # what comes other ways is its mean, so that the mean of all images is right
    embedded = torch.cat([seen.embedding, other.embedding]).mean(0)
    for level in (both, second, direct):
        torch.testing.assert_close(level.embed(units).mean(0), embedded, rtol=1e-3, atol=1e-4)
        assert level.leaves_out


def test_the_last_blocks_units_count_in_the_class_token_only(vit: Clip) -> None:
    readout = vit_readout(vit)
    seen = readout.read(noise(2))
    assert (readout.layer, seen.size, seen.evenness) == (f"{BLOCK}.1", (1, 1), None)
    assert seen.units.shape == (2, 32, 1)
    fitting = readout.fitting()
    fitting.add(seen)
    (level,) = fitting.levels()
    assert (level.name, level.leaves_out) == (
        DIRECT,
        "how the scale of the last LayerNorm changes from image to image",
    )
    earlier = vit_readout(vit, MLP).read(noise(2)).evenness
    assert earlier is not None and bool((earlier > 0).all() and (earlier <= 1).all())


def test_layers_that_write_nothing_and_other_networks_are_refused(vit: Clip, planted: Clip) -> None:
    for layer in (f"{BLOCK}.0.ln_1", f"{BLOCK}.0.mlp.c_fc", "visual.conv1"):
        with pytest.raises(LayerNotFoundError, match=r"layers that do: visual.ln_pre, and of each"):
            vit_readout(vit, layer)
    with pytest.raises(LayerNotFoundError, match="nearest: .*resblocks.1"):
        vit_readout(vit, f"{BLOCK}.9.mlp.gelu")
    with pytest.raises(OptionError, match="is a ModifiedResNet, which is not taken apart here"):
        vit_readout(planted)
