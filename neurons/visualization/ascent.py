"""How are images optimised, many at a time? Gradient ascent, one forward pass for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.visualization.ascent_steps import optimise
from neurons.visualization.gradients import open_gradient_networks
from neurons.visualization.objectives import Objective
from neurons.visualization.request import (
    DEFAULT,
    ImageRequest,
    OptimisedImage,
    Settings,
    batch_size,
)

# from the requests of one batch, and a callable that takes the steps done, to their images
OptimiseBatch = Callable[[Sequence[ImageRequest], Callable[[int], None]], list[OptimisedImage]]


def ascend(
    clip: Clip,
    requests: Sequence[ImageRequest],
    settings: Settings = DEFAULT,
    *,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> list[OptimisedImage]:
    """Optimise an image for each request; all share one batch of fixed shape.

    An image depends on its request, the settings and the batch's size, not on the other images of
    its batch.

    Parameters
    ----------
    clip : Clip
    requests : sequence of ImageRequest
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
    for 16 steps, here until the image's unit is excited. An image whose noise does not excite the
    unit would otherwise stay grey.
    """
    with open_ascent(clip, [request.objective for request in requests], settings) as batch:
        return ascend_in_batches(clip, batch, requests, settings, step_done=step_done, told=told)


@contextmanager
def open_ascent(
    clip: Clip, objectives: Sequence[Objective], settings: Settings
) -> Iterator[OptimiseBatch]:
    """Prepare the network once, for any number of batches of these objectives.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError, OptionError
        As `ascend`, or if the settings ask for no step or no image.
    """
    if settings.steps < 1 or (settings.batch or 1) < 1:
        raise OptionError(f"{settings.steps} steps of {settings.batch} images: both are at least 1")
    size_px = settings.size_px or clip.preprocess.size[0]
    with open_gradient_networks(clip, objectives, settings.precision, size_px=size_px) as networks:
        yield lambda requests, step_done: optimise(clip, networks, requests, settings, step_done)


def ascend_in_batches(
    clip: Clip,
    optimise_batch: OptimiseBatch,
    requests: Sequence[ImageRequest],
    settings: Settings,
    *,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> list[OptimisedImage]:
    """Ascend in batches of one shape; requests of one objective that follow each other share one.

    Parameters
    ----------
    clip : Clip
    optimise_batch : callable
        What `open_ascent` gives.
    requests : sequence of ImageRequest
    settings : Settings
    step_done, told : callable
        As `ascend` takes them.

    Raises
    ------
    OptionError
        If not even one image fits into the GPU's memory.
    """
    size = batch_size(clip, settings)
    made: list[OptimisedImage] = []
    while len(made) < len(requests):
        part = _next_part(requests, len(made), size)
        # a last batch that is not full is run in the same shape
        filled = [*part, *[ImageRequest(part[-1].objective.named("filler"))] * (size - len(part))]
        try:
            done = optimise_batch(filled, step_done)
        except torch.cuda.OutOfMemoryError:
            if size == 1:
                raise OptionError("not even one image fits into the GPU's memory") from None
            size //= 2
            torch.cuda.empty_cache()
            told(f"out of memory: going on with batches of {size}")
            continue
        made += done[: len(part)]
    return made


def _next_part(requests: Sequence[ImageRequest], start: int, size: int) -> Sequence[ImageRequest]:
    end = min(start + size, len(requests))
    first = end
    while end < len(requests) and first > start:
        if requests[first - 1].objective is not requests[end].objective:
            break
        first -= 1
    # a group that is larger than a batch is cut after all
    return requests[start : first if first > start else end]
