"""What in this image does a neuron see? The image, changed so that it stands out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.network.clip import Clip
from neurons.network.hooks import tap
from neurons.network.layers import find_layers
from neurons.visualization.ascent import ImageRequest, OptimisedImage, Settings, ascend
from neurons.visualization.evidence import Frame, PictureEvaluator
from neurons.visualization.objectives import Target, as_objective, like
from neurons.visualization.parameterisation import painted_from
from neurons.visualization.result import Visualization
from neurons.visualization.transforms import NONE

# an image that is there already needs fewer and smaller steps; shaken, it would be unlike itself
# for that alone
ACCENT = Settings(steps=128, rate=0.02, batch=1, transforms=NONE)


def accentuate(
    clip: Clip,
    pixels: NDArray[np.uint8],
    target: Target,
    *,
    keep: float = 1.0,
    keep_layer: str = "visual.layer2",
    settings: Settings = ACCENT,
    run: Activations | None = None,
) -> Visualization:
    """Change an image so that what excites a target in it stands out: a caricature.

    Parameters
    ----------
    clip : Clip
    pixels : ndarray of uint8, (H, W, 3)
        At the model's input size, or the size asked for in ``settings``.
    target : Neuron or Objective
    keep : float >= 0
        How strongly the image stays like itself.
    keep_layer : str
        Where it is compared with itself: an early layer keeps more.
    settings : Settings
        ``paint`` is not read. Transforms that shake compare a shaken image with the given one:
        they work against ``keep``.
    run : Activations, optional
        Gives the percentiles.

    Returns
    -------
    Visualization
        Of one picture, beside the given one as it was.

    References
    ----------
    Hamblin et al., "Feature accentuation", 2024; "caricatures" in lucid.
    """
    objective = as_objective(target)
    image = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)
    found = find_layers(clip, [keep_layer])
    with torch.no_grad(), tap(clip.network, [keep_layer], stop=True) as seen:
        inputs = clip.preprocess.normalise(image[None].to(clip.device))
        seen.run(lambda: clip.network.encode_image(inputs))  # type: ignore[operator]
        maps = found[0].layout.maps(seen.outputs[keep_layer])[0].clone()
    digest = hashlib.sha256(image.numpy().tobytes()).hexdigest()[:16]
    wanted = objective + like(keep_layer, maps, keep)
    wish = ImageRequest(wanted.named(f"{objective.name} in image {digest}, keep {keep:g}"))
    painted = replace(settings, paint=painted_from(image, name=digest))
    witness = PictureEvaluator(clip, settings.transforms, run)
    witness.check(objective)
    before = OptimisedImage(np.array(pixels), np.zeros(1, np.float32), True)
    made = ascend(clip, [wish], painted)
    frames = [Frame("the image"), Frame("accentuated")]
    return Visualization(
        provenance={"model": clip.provenance(), "settings": painted.provenance(clip)},
        target=wish.objective.name,
        unit="" if objective.unit is None else str(objective.unit),
        steps=settings.steps,
        n_images=0 if run is None else len(run.good_rows()),
        pictures=tuple(witness.portraits([objective] * 2, [before, *made], frames)),
    )
