"""One step of an ascent is Adam's step along the gradient of the objective, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from neurons import Clip, Neuron
from neurons.visualization.ascent import open_ascent
from neurons.visualization.objectives import channel
from neurons.visualization.parameterisation import ImageParameters, Parameterisation
from neurons.visualization.request import ImageRequest, Settings
from neurons.visualization.transforms import NONE
from tests.conftest import LAYER, RED, picture

START = torch.from_numpy(picture(red=0.2).transpose(2, 0, 1).copy()).float() / 255
RATE = 0.01


def bare(alpha: float | None = None) -> tuple[Parameterisation, list[ImageParameters]]:
    """Images that are their own pixels, and what was made of them."""
    kept: list[ImageParameters] = []

    def make(generators, size_px: int, device: torch.device) -> ImageParameters:
        values = START if alpha is None else torch.cat([START, torch.full((1, 96, 96), alpha)])
        values = values.repeat(len(generators), 1, 1, 1).requires_grad_()
        kept.append(ImageParameters((values,), lambda: values, rate=RATE))
        return kept[-1]

    return Parameterisation("bare", make), kept


def test_a_first_step_goes_by_the_rate_along_the_gradients_sign(planted: Clip) -> None:
    objective = channel(Neuron(LAYER, RED))
    paint, kept = bare()
    settings = Settings(steps=1, paint=paint, transforms=NONE)
    with open_ascent(planted, [objective], settings) as optimise:
        (made,) = optimise([ImageRequest(objective)], lambda step: None)
    leaf = START[None].clone().requires_grad_()
    mean = torch.tensor(planted.preprocess.mean).view(3, 1, 1)
    std = torch.tensor(planted.preprocess.std).view(3, 1, 1)
    maps: list[torch.Tensor] = []
    handle = planted.network.visual.layer4.register_forward_hook(
        lambda module, inputs, output: maps.append(output.clone())
    )
    planted.network.encode_image((leaf - mean) / std)
    handle.remove()
    score = maps[0][:, RED].mean()
    (gradient,) = torch.autograd.grad(score, leaf)
    assert made.moved and made.curve[0] == np.float32(score.item())
    moved = (kept[0].parameters[0].detach() - START)[0]
    clear = gradient[0].abs() > 1e-5
    assert clear.any()
    assert torch.allclose(moved[clear], RATE * gradient[0][clear].sign(), atol=1e-4)


def test_an_opacity_falls_where_there_is_nothing_to_see(planted: Clip) -> None:
    objective = channel(Neuron(LAYER, RED))
    paint, kept = bare(alpha=0.5)
    settings = Settings(steps=1, paint=paint, transforms=NONE)
    with open_ascent(planted, [objective], settings) as optimise:
        (made,) = optimise([ImageRequest(objective)], lambda step: None)
    assert made.pixels.shape == (96, 96, 4)
    # f (1 - opacity): a positive score is a reason to show less everywhere
    change = kept[0].parameters[0].detach()[0, 3] - 0.5
    assert made.curve[0] > 0 and change.mean() < 0
    # and the colours still climb
    assert (kept[0].parameters[0].detach()[0, :3] - START).abs().max() > 0


def test_noise_depends_on_seed_name_and_variant_only(planted: Clip) -> None:
    first = channel(Neuron(LAYER, RED))
    short = Settings(steps=1, batch=1)

    def made(request: ImageRequest, settings: Settings = short) -> np.ndarray:
        with open_ascent(planted, [request.objective], settings) as optimise:
            return optimise([request], lambda step: None)[0].pixels

    same = made(ImageRequest(first))
    assert np.array_equal(same, made(ImageRequest(channel(Neuron(LAYER, RED)))))
    for other in (ImageRequest(first, 1), ImageRequest(first.named("other"))):
        assert not np.array_equal(same, made(other))
    assert not np.array_equal(same, made(ImageRequest(first), replace(short, seed=1)))
