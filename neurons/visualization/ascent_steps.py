"""What happens in the steps of an ascent? One batch of images, from noise to the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neurons.network.clip import Clip
from neurons.visualization.gradients import GradientNetworks
from neurons.visualization.objectives import Objective
from neurons.visualization.parameterisation import ImageParameters
from neurons.visualization.request import ImageRequest, OptimisedImage, Settings
from neurons.visualization.scoring import score_each
from neurons.visualization.transforms import Draws


def optimise(
    clip: Clip,
    networks: GradientNetworks,
    requests: Sequence[ImageRequest],
    settings: Settings,
    step_done: Callable[[int], None],
) -> list[OptimisedImage]:
    """Optimise one batch of images.

    Parameters
    ----------
    clip : Clip
    networks : GradientNetworks
        Opened for the objectives of the requests.
    requests : sequence of ImageRequest
        As many as the batch has images.
    settings : Settings
    step_done : callable
        Takes the number of steps done.
    """
    generators = [_generator(settings.seed, request) for request in requests]
    size_px = settings.size_px or clip.preprocess.size[0]
    made_of = settings.paint.make(generators, size_px, clip.device)
    optimizer = torch.optim.Adam(made_of.parameters, lr=settings.rate or made_of.rate)
    draws = Draws(generators, clip.device)
    objectives = [request.objective for request in requests]
    scales = _scales(clip)
    curve = torch.zeros(len(requests), settings.steps, device=clip.device)
    moved = torch.zeros(len(requests), dtype=torch.bool, device=clip.device)
    # a unit that noise does not excite: its gradient goes around ReLUs until it answers
    silent = torch.tensor(
        [each.unit is not None and not each.signed for each in objectives], device=clip.device
    )
    for step in range(settings.steps):
        opaque, opacity = _on_noise(made_of.images(), draws)
        transformed = (settings.transforms(opaque, draws) - scales.mean) / scales.std
        inputs = transformed.to(settings.precision.dtype, memory_format=torch.channels_last)
        scores, upstream = _upstream(networks, objectives, inputs, silent)
        silent = silent & (scores <= 0)
        _set_gradients(made_of, inputs, upstream, opacity, scores)
        moved |= upstream.flatten(1).abs().amax(1) > 0
        optimizer.step()
        curve[:, step] = scores
        step_done(step + 1)
    with torch.no_grad():
        final = made_of.images().mul(255).round().to(torch.uint8).permute(0, 2, 3, 1)
    made = zip(final.cpu().numpy(), curve.cpu().numpy(), moved.tolist(), strict=True)
    return [OptimisedImage(*each) for each in made]


@dataclass(frozen=True)
class _Scales:
    """What the network's input is normalised by, float (3, 1, 1) each."""

    mean: Tensor
    std: Tensor


def _scales(clip: Clip) -> _Scales:
    values = (clip.preprocess.mean, clip.preprocess.std)
    return _Scales(*(torch.tensor(each, device=clip.device).view(-1, 1, 1) for each in values))


def _upstream(
    networks: GradientNetworks, objectives: Sequence[Objective], inputs: Tensor, silent: Tensor
) -> tuple[Tensor, Tensor]:
    """Give each image's score, and the gradient of what is minimised at the network's input."""
    # the network starts from a leaf: a compiled one wants it so
    leaf = inputs.detach().requires_grad_()
    maps = networks.around_relus(leaf, silent) if bool(silent.any()) else networks.plain(leaf)
    scores = score_each(objectives, maps)
    (upstream,) = torch.autograd.grad(-scores.sum(), leaf)
    return scores.detach(), upstream


def _set_gradients(
    made_of: ImageParameters,
    inputs: Tensor,
    upstream: Tensor,
    opacity: Tensor | None,
    scores: Tensor,
) -> None:
    """Take the gradient on, from the network's input to what the images are made of."""
    outputs, values = [inputs], [upstream]
    if opacity is not None:
        # lucid's alpha tutorial: f (1 - opacity), so that only what matters shows
        values[0] = upstream * (1 - opacity.detach())[:, None, None, None].to(upstream)
        outputs.append(opacity)
        values.append(scores)
    gradients = torch.autograd.grad(outputs, made_of.parameters, values)
    for parameter, gradient in zip(made_of.parameters, gradients, strict=True):
        parameter.grad = gradient


def _generator(seed: int, request: ImageRequest) -> torch.Generator:
    text = f"{seed}\0{request.objective.name}\0{request.variant}"
    key = hashlib.sha256(text.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(key[:8], "big") >> 1)


def _on_noise(images: Tensor, draws: Draws) -> tuple[Tensor, Tensor | None]:
    """Lay images with an opacity on random plain colours; give also the mean opacity."""
    if images.shape[1] == 3:
        return images, None
    ground = draws.uniform(3)[:, :, None, None]
    colours, opacity = images[:, :3], images[:, 3:]
    return colours * opacity + ground * (1 - opacity), opacity.mean((1, 2, 3))
