"""Images climb, each by itself, and show what was planted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip, Neuron, compiled, fast
from neurons.errors import LayerNotFoundError, NeuronNotFoundError, OptionError
from neurons.visualization import ascent
from neurons.visualization.ascent import ascend
from neurons.visualization.objectives import channel
from neurons.visualization.parameterisation import fourier, maco, pixels
from neurons.visualization.ready_made import faceted, towards
from neurons.visualization.request import ImageRequest, Settings
from neurons.visualization.transforms import LUCENT
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE

SHORT = Settings(steps=20, batch=4)


def asked(unit: int, variant: int = 0) -> ImageRequest:
    return ImageRequest(channel(Neuron(LAYER, unit)), variant)


@pytest.mark.parametrize("paint", [fourier(), pixels(), maco(), fourier(alpha=True)])
def test_the_red_unit_wants_red(planted: Clip, paint) -> None:
    (image,) = ascend(planted, [asked(RED)], Settings(steps=150, batch=1, paint=paint))
    # the unit looks at every other pixel; MACO keeps the mean colour and can but move it about
    red, green, blue = image.pixels[1::2, 1::2, :3].reshape(-1, 3).mean(0)
    if not paint.name.startswith("maco"):
        assert red > max(green, blue) + 30
    assert image.curve[-5:].mean() > image.curve[:5].mean()


def test_the_stripe_unit_wants_vertical_stripes(planted: Clip) -> None:
    (image,) = ascend(planted, [asked(STRIPE)], Settings(steps=120, batch=1, transforms=LUCENT))
    grey = image.pixels.astype(float).mean(2)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    ys, xs = np.meshgrid(np.fft.fftfreq(96), np.fft.fftfreq(96), indexing="ij")
    # a vertical stripe varies from left to right
    angle = 0.5 * np.angle((power * np.exp(2j * np.arctan2(ys, xs))).sum())
    assert abs(np.degrees(angle)) < 10


def test_an_image_does_not_depend_on_its_neighbours(planted: Clip) -> None:
    together = ascend(planted, [asked(u) for u in (RED, 7, STRIPE, 9, 11)], SHORT)
    alone = ascend(planted, [asked(STRIPE)], SHORT)
    again = ascend(planted, [asked(11), asked(9)], SHORT)
    assert np.array_equal(together[2].pixels, alone[0].pixels)
    assert np.array_equal(together[4].pixels, again[0].pixels)
    assert np.array_equal(together[3].pixels, again[1].pixels)


def test_variants_and_seeds_start_elsewhere(planted: Clip) -> None:
    first, second = ascend(planted, [asked(RED), asked(RED, 1)], SHORT)
    (other,) = ascend(planted, [asked(RED)], Settings(steps=20, batch=4, seed=1))
    assert not np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_unit_without_a_gradient_is_said_to_have_none(planted: Clip) -> None:
    dead, constant, red = ascend(planted, [asked(DEAD), asked(CONSTANT), asked(RED)], SHORT)
    assert (dead.moved, constant.moved, red.moved) == (False, False, True)


def test_a_silent_unit_is_woken(planted: Clip) -> None:
    network = planted.network
    bias = network.visual.layer4[0].bn3.bias
    before = bias.data.clone()
    try:
        # below zero for any noise, above it for a red image
        bias.data[RED] = -0.3
        (image,) = ascend(planted, [asked(RED)], Settings(steps=150, batch=1))
        assert image.curve[0] == 0 and image.curve[-20:].max() > 0.01
    finally:
        bias.data.copy_(before)


def test_the_negative_of_a_unit_wants_the_opposite(planted: Clip) -> None:
    negative = -channel(Neuron(LAYER, RED))
    (image,) = ascend(planted, [ImageRequest(negative)], Settings(steps=150, batch=1))
    red, green, blue = image.pixels[1::2, 1::2].reshape(-1, 3).mean(0)
    # the stem's ReLU shows it no less red than none
    assert red < min(green, blue) - 5
    with pytest.raises(OptionError, match="ask them apart"):
        ascend(planted, [ImageRequest(negative), asked(RED)], SHORT)


@pytest.mark.parametrize("precision", [fast, compiled])
def test_other_precisions_climb_too(planted: Clip, precision) -> None:
    exact_image, other = (
        ascend(planted, [asked(RED)], Settings(steps=40, batch=1, precision=chosen))[0]
        for chosen in (Settings().precision, precision)
    )
    assert other.curve[-1] > 0.9 * exact_image.curve[-1]


def test_a_compiled_network_climbs_for_no_facet(planted: Clip) -> None:
    about = faceted(channel(Neuron(LAYER, RED)), {"visual.layer3": torch.ones(4)}, 1.0)
    with pytest.raises(OptionError, match="a compiled one hides; use fast"):
        ascend(planted, [ImageRequest(about)], Settings(steps=1, precision=compiled))


def test_it_leaves_no_hook_and_no_weight_behind(planted: Clip) -> None:
    def state() -> tuple[int, list[torch.Tensor]]:
        hooks = sum(len(m._forward_hooks) for m in planted.network.modules())
        return hooks, [p.detach().clone() for p in planted.network.parameters()]

    hooks, before = state()
    ascend(planted, [asked(RED)], SHORT)
    now, after = state()
    assert now == hooks == 0
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.grad is None for p in planted.network.parameters())


def test_stages_take_other_sizes_and_what_attends_does_not(planted: Clip, vit: Clip) -> None:
    (image,) = ascend(planted, [asked(RED)], Settings(steps=3, batch=1, size_px=128))
    assert image.pixels.shape == (128, 128, 3)
    text = towards(torch.ones(16), name="x")
    mlp = channel(Neuron("visual.transformer.resblocks.0.mlp", 3))
    for clip, objective in ((planted, text), (vit, mlp), (vit, text)):
        with pytest.raises(OptionError, match="only of 96 px: attention has a fixed grid"):
            ascend(clip, [ImageRequest(objective)], Settings(steps=1, batch=1, size_px=128))
        assert len(ascend(clip, [ImageRequest(objective)], Settings(steps=3, batch=1))) == 1


def test_what_is_not_there_is_named(planted: Clip) -> None:
    with pytest.raises(NeuronNotFoundError, match="units 0 to 255: no visual.layer4:256"):
        ascend(planted, [asked(256)], SHORT)
    with pytest.raises(LayerNotFoundError, match="nearest"):
        ascend(planted, [ImageRequest(channel(Neuron("visual.layer9", 0)))], SHORT)
    with pytest.raises(OptionError, match="at least 1"):
        ascend(planted, [asked(RED)], Settings(steps=0))


def test_out_of_memory_halves_the_batch_and_says_so(
    planted: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ascent.optimise
    sizes = []

    def small_gpu(clip, networks, requests, *rest):
        sizes.append(len(requests))
        if len(requests) > 2:
            raise torch.cuda.OutOfMemoryError("too much")
        return whole(clip, networks, requests, *rest)

    monkeypatch.setattr(ascent, "optimise", small_gpu)
    told: list[str] = []
    requests = [asked(unit) for unit in (RED, 7, 9)]
    made = ascend(planted, requests, Settings(steps=3, batch=8), told=told.append)
    assert (len(made), sizes) == (3, [8, 4, 2, 2])
    assert told == [f"out of memory: going on with batches of {n}" for n in (4, 2)]
