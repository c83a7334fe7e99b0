"""What in an image excites a neuron? The image, changed so that it stands out."""

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
from neurons.visualization.ascent import ascend
from neurons.visualization.evidence import PictureEvaluator
from neurons.visualization.made_picture import PictureKind
from neurons.visualization.objectives import Target, as_objective
from neurons.visualization.parameterisation import from_images
from neurons.visualization.ready_made import like
from neurons.visualization.request import ImageRequest, OptimisedImage, Settings
from neurons.visualization.result import Visualization
from neurons.visualization.transforms import NONE

# an image that is there already needs fewer and smaller steps; transformed, it would be unlike
# itself for that alone
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
    target : Neuron, str or Objective
        A neuron, or its address, stands for its mean over the map.
    keep : float >= 0
        How strongly the image stays like itself.
    keep_layer : str
        Where it is compared with itself: an early layer keeps more.
    settings : Settings
        ``paint`` is not read. Transforms compare a moved image with the given one: they work
        against ``keep``.
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
    maps = _maps(clip, image, keep_layer)
    digest = hashlib.sha256(image.numpy().tobytes()).hexdigest()[:16]
    wanted = objective + like(keep_layer, maps, keep)
    request = ImageRequest(wanted.named(f"{objective.name} in image {digest}, keep {keep:g}"))
    started = replace(settings, paint=from_images(image, name=digest))
    evaluator = PictureEvaluator(clip, settings.transforms, run)
    evaluator.check(objective)
    before = OptimisedImage(np.array(pixels), np.zeros(1, np.float32), True)
    made = ascend(clip, [request], started)
    kinds = [PictureKind("the image"), PictureKind("accentuated")]
    return Visualization(
        provenance={"model": clip.provenance(), "settings": started.provenance(clip)},
        target=request.objective.name,
        unit="" if objective.unit is None else str(objective.unit),
        steps=settings.steps,
        n_images=0 if run is None else len(run.good_rows()),
        pictures=tuple(evaluator.measure([objective] * 2, [before, *made], kinds)),
    )


def _maps(clip: Clip, image: torch.Tensor, path: str) -> torch.Tensor:
    """Give an image's maps at a layer, float (units, H, W)."""
    (layer,) = find_layers(clip, [path])
    with torch.no_grad(), tap(clip.network, [path], stop=True) as tapped:
        inputs = clip.preprocess.normalise(image[None].to(clip.device))
        tapped.run(lambda: clip.network.encode_image(inputs))  # type: ignore[operator]
        return layer.layout.maps(tapped.outputs[path])[0].clone()
