"""How linear is a readout, and which of its linear forms may be used?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from open_clip.modified_resnet import AttentionPool2d
from torch import Tensor

from neurons.activations.linear_readout import LinearReadout, linear_readout
from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared
from neurons.errors import OptionError
from neurons.network.attention_pool import AttentionPool
from neurons.network.clip import Clip
from neurons.readouts.resnet_readout import (
    MEAN_ATTENTION,
    WEIGHTS_ONLY,
    PoolFitting,
    PoolLevel,
    ResNetPass,
)

UNITS, SIDE, TEXTS = 8, 2, 8


class Wired:
    """A readout whose maps are the pictures themselves: unit c at place p is a pixel.

    Each head looks at one place, whatever the image shows, if ``by_place``; else at all evenly.
    """

    layer = "visual.layer4"

    def __init__(self, clip: Clip, *, by_place: bool) -> None:
        torch.manual_seed(0)
        module = AttentionPool2d(SIDE, UNITS, 4, TEXTS).eval().requires_grad_(False)
        for projection in (module.q_proj, module.k_proj):
            projection.weight.zero_()
            projection.bias.zero_()
        for constant in (module.positional_embedding, module.v_proj.bias, module.c_proj.bias):
            constant.zero_()
        if by_place:
            # a query that is always the same, and a key per place that one head alone sees
            module.q_proj.bias.fill_(30.0)
            for place in range(SIDE * SIDE):
                module.positional_embedding[1 + place, 2 * place] = 1.0
                module.k_proj.weight[2 * place, 2 * place] = 1.0
        self.clip, self.pool = clip, AttentionPool(module)
        self.read_images: list[Tensor] = []

    def read(self, pixels: Tensor) -> ResNetPass:
        maps = pixels.flatten(1)[:, : UNITS * SIDE * SIDE].float() / 255
        maps = maps.unflatten(1, (UNITS, SIDE, SIDE))
        self.read_images.append(maps)
        return ResNetPass(self.pool, maps, self.pool.attention(maps), self.pool.module(maps))

    def fitting(self) -> PoolFitting:
        return PoolFitting(self.pool)


class Recorded(PoolFitting):
    """Means that remember how many images had been read when they were asked for."""

    n_when_asked = 0

    def levels(self) -> tuple[PoolLevel, ...]:
        Recorded.n_when_asked = self._n
        return super().levels()


def measured(clip: Clip, n: int = 200, *, by_place: bool, seed: int = 0) -> LinearReadout:
    return linear_readout(Wired(clip, by_place=by_place), *material(n, seed), seed=seed)


def material(n: int, seed: int = 0) -> tuple[Prepared, np.ndarray]:
    random = np.random.default_rng(seed)
    pixels = torch.as_tensor(random.integers(0, 256, (n, 3, 4, 4)), dtype=torch.uint8)
    images = Prepared(ImageSet.__new__(ImageSet), tuple(range(n)), pixels, 0)
    texts = random.normal(size=(12, TEXTS)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return images, texts


def test_weights_alone_are_reported_as_failing_where_heads_look_at_places(planted: Clip) -> None:
    found = measured(planted, by_place=True)
    assert found.exact_error < 1e-5
    mean, weights = found.level(MEAN_ATTENTION), found.level(WEIGHTS_ONLY)
    assert mean.holds and mean.r > 0.95, mean
    assert not weights.holds and weights.r < 0.8, weights
    assert found.best is mean and found.directions().level == MEAN_ATTENTION
    assert found.directions(WEIGHTS_ONLY).holds is False
    # one direction per unit forgets the place that each head looks at, and that is told
    assert mean.direction_r < 0.9 * mean.r
    assert found.directions().held_out_r == mean.direction_r
    # one of five tokens is seen: even attention is far
    assert found.evenness < 0.6


def test_weights_alone_hold_where_attention_is_even_and_wrong_units_say_nothing(
    planted: Clip,
) -> None:
    found = measured(planted, by_place=False)
    weights = found.level(WEIGHTS_ONLY)
    assert weights.holds and weights.r > 0.999 and weights.same_top.value == 1, weights
    assert 0.999 < weights.interval.low <= weights.interval.high < 1.001
    # where heads look evenly, a direction per unit is all there is
    assert weights.direction_r > 0.999 and weights.direction_r2 > 0.999
    assert weights.plain_r2 > 0.999 and found.evenness == pytest.approx(1)
    assert abs(weights.shuffled_r) < 0.35
    assert weights.shuffled_same_top.value < 0.8 < weights.same_top.value
    # the vectors are what a unit's mean adds
    pool = Wired(planted, by_place=False).pool
    expected = pool.unit_vectors(torch.ones(4, UNITS))
    np.testing.assert_allclose(weights.vectors, expected, atol=1e-5)


def test_the_images_that_it_is_measured_on_fit_nothing(planted: Clip) -> None:
    wired = Wired(planted, by_place=True)
    wired.fitting = lambda: Recorded(wired.pool)  # type: ignore[method-assign]
    found = linear_readout(wired, *material(90))
    read = torch.cat(wired.read_images).flatten(1)
    assert (found.n_fitted, found.n_held_out, found.n_texts) == (45, 45, 12)
    assert Recorded.n_when_asked == 45 and len(read) == 90
    # every image is read once: none fits and is measured
    assert len(read.unique(dim=0)) == 90


def test_too_few_images_or_texts_are_refused(planted: Clip) -> None:
    with pytest.raises(OptionError, match="19 images and 12 texts"):
        measured(planted, n=19, by_place=True)
    with pytest.raises(OptionError, match="no linear readout 'exact' of visual.layer4; there are"):
        measured(planted, by_place=True).level("exact")


def test_a_units_direction_counts_the_places_where_it_is_active(planted: Clip) -> None:
    pool = Wired(planted, by_place=True).pool
    random = torch.Generator().manual_seed(3)
    maps = torch.rand(50, UNITS, SIDE, SIDE, generator=random)
    # one unit is only ever active at the last place
    maps[:, 5] *= torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    fitting = PoolFitting(pool)
    fitting.add(ResNetPass(pool, maps, pool.attention(maps), pool.module(maps)))
    mean = fitting.levels()[0]
    more = maps.flatten(2).clone()
    more[:, 5, 3] += SIDE * SIDE
    gained = mean.embed(more) - mean.embed(maps.flatten(2))
    torch.testing.assert_close(gained, mean.vectors[5].expand(50, -1), atol=1e-4, rtol=1e-4)
