"""What does a feature visualisation towards a point of the joint space look like?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.data.thumbnails import thumbnail
from neurons.network.clip import Clip
from neurons.readouts.concept_plane_pictures import PictureAt, PointPicture
from neurons.visualization.ascent import ascend
from neurons.visualization.ready_made import towards
from neurons.visualization.request import DEFAULT, ImageRequest, Settings


def made_pictures(
    clip: Clip,
    settings: Settings = DEFAULT,
    *,
    step_done: Callable[[int], None] = lambda step: None,
) -> PictureAt:
    """Show at each point an image that was optimised to come near it.

    Such images are no likely ones: they reach cosines that no photograph has.

    Parameters
    ----------
    clip : Clip
    settings : Settings
    step_done : callable
        Takes the number of steps done of the batch under way.
    """

    def at(points: NDArray[np.floating]) -> list[PointPicture]:
        targets = [
            towards(torch.from_numpy(np.asarray(each, np.float32)), name=f"point {i}")
            for i, each in enumerate(points)
        ]
        requests = [ImageRequest(each) for each in targets]
        made = ascend(clip, requests, settings, step_done=step_done)
        # the objective is 100 times the cosine, before the last step
        return [
            PointPicture(
                thumbnail(np.ascontiguousarray(each.pixels[..., :3])),
                f"made, cosine {each.curve[-1] / 100:.2f}",
            )
            for each in made
        ]

    return at
