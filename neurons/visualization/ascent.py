"""How are images optimised, many at a time? Gradient ascent, one forward for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.visualization.gradients import GradientNetworks, open_gradient_networks
from neurons.visualization.objectives import Objective, score_each
from neurons.visualization.parameterisation import Parameterisation, fourier
from neurons.visualization.transforms import GOH2021, Draws, Transform


@dataclass(frozen=True)
class Settings:
    """How to climb; all that an image depends on besides the model and its objective.

    Parameters
    ----------
    steps : int >= 1
    size_px : int or None
        Side of the images; None is the model's own.
    paint : Parameterisation
    transforms : Transform
    rate : float or None
        Adam's step; None is what suits the parameterisation.
    precision : Precision
    batch : int >= 1 or None
        Images a forward pass; None is 16, on a GPU 64.
    seed : int
    """

    steps: int = 512
    size_px: int | None = None
    paint: Parameterisation = fourier()
    transforms: Transform = GOH2021
    rate: float | None = None
    precision: Precision = exact
    batch: int | None = None
    seed: int = 0

    def provenance(self, clip: Clip) -> dict[str, object]:
        """As plain values; a model's images made with equal ones are equal."""
        return {
            "steps": self.steps,
            "size_px": self.size_px or clip.preprocess.size[0],
            "paint": self.paint.name,
            "transforms": self.transforms.name,
            "rate": self.rate,
            "precision": self.precision.name,
            "batch": batch_size(clip, self),
            "device": clip.device.type,
            "seed": self.seed,
        }


DEFAULT = Settings()


@dataclass(frozen=True)
class ImageRequest:
    """One image to be made.

    Parameters
    ----------
    objective : Objective
    variant : int
        Images of one objective start from different noise if their variants differ.
    """

    objective: Objective
    variant: int = 0


@dataclass(frozen=True)
class OptimisedImage:
    """One image that was made.

    Parameters
    ----------
    pixels : ndarray of uint8, (H, W, 3), or (H, W, 4) with an opacity
    curve : ndarray of float32, (steps,)
        The objective on the shaken image, before each step.
    moved : bool
        False if no gradient ever reached the image: nothing in it excites the target.
    """

    pixels: NDArray[np.uint8]
    curve: NDArray[np.float32]
    moved: bool


Climb = Callable[[Sequence[ImageRequest], Callable[[int], None]], list[OptimisedImage]]


def ascend(
    clip: Clip,
    wishes: Sequence[ImageRequest],
    settings: Settings = DEFAULT,
    *,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> list[OptimisedImage]:
    """Optimise an image for each wish; all share one batch of fixed shape.

    An image depends on its wish, the settings and the batch's size, not on its neighbours.

    Parameters
    ----------
    clip : Clip
    wishes : sequence of ImageRequest
    settings : Settings
    step_done : callable
        Takes the number of steps done.
    told : callable
        Takes a remark, such as that the batch was halved.

    Returns
    -------
    list of OptimisedImage

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If an objective reads what the model does not have.
    OptionError
        If the model cannot take images of this size, or objectives with and without the closing
        ReLU are mixed.

    References
    ----------
    Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017. As in lucid's
    ``redirected_relu_grad``, gradients go around ReLUs that are silent in all of an image: there
    for 16 steps, here until the image's unit answers. One that noise does not excite would
    otherwise stay grey.
    """
    with climber(clip, [wish.objective for wish in wishes], settings) as climb:
        return climb_all(clip, climb, wishes, settings, step_done=step_done, told=told)


def climb_all(
    clip: Clip,
    climb: Climb,
    wishes: Sequence[ImageRequest],
    settings: Settings,
    *,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> list[OptimisedImage]:
    """Climb in batches of one shape; wishes of one objective that follow each other stay together.

    Raises
    ------
    OptionError
        If not even one image fits into the GPU's memory.
    """
    size = batch_size(clip, settings)
    painted: list[OptimisedImage] = []
    while len(painted) < len(wishes):
        part = _next_part(wishes, len(painted), size)
        # a last batch that is not full climbs in the same shape
        filled = [*part, *[ImageRequest(part[-1].objective.named("filler"))] * (size - len(part))]
        try:
            done = climb(filled, step_done)
        except torch.cuda.OutOfMemoryError:
            if size == 1:
                raise OptionError("not even one image fits into the GPU's memory") from None
            size //= 2
            torch.cuda.empty_cache()
            told(f"out of memory: going on with batches of {size}")
            continue
        painted += done[: len(part)]
    return painted


def _next_part(wishes: Sequence[ImageRequest], start: int, size: int) -> Sequence[ImageRequest]:
    end = min(start + size, len(wishes))
    first = end
    while end < len(wishes) and first > start:
        if wishes[first - 1].objective is not wishes[end].objective:
            break
        first -= 1
    # a group that is larger than a batch is cut after all
    return wishes[start : first if first > start else end]


def batch_size(clip: Clip, settings: Settings) -> int:
    """Tell how many images climb together."""
    return settings.batch or (64 if clip.device.type == "cuda" else 16)


@contextmanager
def climber(clip: Clip, objectives: Sequence[Objective], settings: Settings) -> Iterator[Climb]:
    """Prepare the network once, for any number of batches of these objectives."""
    if settings.steps < 1 or (settings.batch or 1) < 1:
        raise OptionError(f"{settings.steps} steps of {settings.batch} images: both are at least 1")
    size_px = settings.size_px or clip.preprocess.size[0]
    with open_gradient_networks(clip, objectives, settings.precision, size_px=size_px) as towers:

        def climb(
            wishes: Sequence[ImageRequest], step_done: Callable[[int], None]
        ) -> list[OptimisedImage]:
            return _climb(clip, towers, wishes, settings, size_px, step_done)

        yield climb


def _climb(
    clip: Clip,
    towers: GradientNetworks,
    wishes: Sequence[ImageRequest],
    settings: Settings,
    size_px: int,
    step_done: Callable[[int], None],
) -> list[OptimisedImage]:
    generators = [_generator(settings.seed, wish) for wish in wishes]
    canvas = settings.paint.make(generators, size_px, clip.device)
    optimizer = torch.optim.Adam(canvas.parameters, lr=settings.rate or canvas.rate)
    draws = Draws(generators, clip.device)
    objectives = [wish.objective for wish in wishes]
    mean, std = (
        torch.tensor(values, device=clip.device).view(-1, 1, 1)
        for values in (clip.preprocess.mean, clip.preprocess.std)
    )
    curve = torch.zeros(len(wishes), settings.steps, device=clip.device)
    moved = torch.zeros(len(wishes), dtype=torch.bool, device=clip.device)
    silent = [each.unit is not None and not each.signed for each in objectives]
    asleep = torch.tensor(silent, device=clip.device)
    for step in range(settings.steps):
        opaque, opacity = _on_noise(canvas.draw(), draws)
        shaken = (settings.transforms(opaque, draws) - mean) / std
        inputs = shaken.to(settings.precision.dtype, memory_format=torch.channels_last)
        # the network starts from a leaf: a compiled one wants it so
        leaf = inputs.detach().requires_grad_()
        if bool(asleep.any()):
            scores = score_each(objectives, towers.waking(leaf, asleep))
        else:
            scores = score_each(objectives, towers.plain(leaf))
        asleep = asleep & (scores.detach() <= 0)
        (upstream,) = torch.autograd.grad(-scores.sum(), leaf)
        pulls, values = [inputs], [upstream]
        if opacity is not None:
            # lucid's alpha tutorial: f (1 - opacity), so that only what matters shows
            values[0] = upstream * (1 - opacity.detach())[:, None, None, None].to(upstream)
            pulls.append(opacity)
            values.append(scores.detach())
        gradients = torch.autograd.grad(pulls, canvas.parameters, values)
        for parameter, gradient in zip(canvas.parameters, gradients, strict=True):
            parameter.grad = gradient
        moved |= upstream.flatten(1).abs().amax(1) > 0
        optimizer.step()
        curve[:, step] = scores.detach()
        step_done(step + 1)
    with torch.no_grad():
        final = canvas.draw().mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    curves, alive = curve.cpu().numpy(), moved.tolist()
    return [OptimisedImage(*each) for each in zip(final, curves, alive, strict=True)]


def _generator(seed: int, wish: ImageRequest) -> torch.Generator:
    key = hashlib.sha256(f"{seed}\0{wish.objective.name}\0{wish.variant}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(key[:8], "big") >> 1)


def _on_noise(images: Tensor, draws: Draws) -> tuple[Tensor, Tensor | None]:
    """Lay images with an opacity on random plain colours; give also the mean opacity."""
    if images.shape[1] == 3:
        return images, None
    ground = draws.uniform(3)[:, :, None, None]
    colours, opacity = images[:, :3], images[:, 3:]
    return colours * opacity + ground * (1 - opacity), opacity.mean((1, 2, 3))
