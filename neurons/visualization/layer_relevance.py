"""Which places of each layer speak for an answer? Gradient times activation.

References
----------
Shrikumar, Greenside, Kundaje, "Learning important features through propagating activation
differences", ICML 2017, where gradient times input is the baseline; at a layer's maps as in
Selvaraju et al., "Grad-CAM", ICCV 2017, but place by place and without its ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neurons.address import EMBEDDING
from neurons.network.clip import Clip
from neurons.network.inference import exact
from neurons.stats import p_of_draws
from neurons.visualization.gradients import open_gradient_networks
from neurons.visualization.objectives import Maps, Objective

# of fewer places no two maps can be told to agree
FEWEST_PLACES = 4
_NAN = float("nan")


def layer_relevance(
    clip: Clip, layers: Sequence[str], pixels: Tensor, direction: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Share out an image's score for a direction over the places of each layer.

    Parameters
    ----------
    clip : Clip
    layers : sequence of str
    pixels : Tensor of uint8, (3, H, W)
    direction : ndarray of float32, (embedding,)
        The score is its product with the embedding at length 1.

    Returns
    -------
    dict of str to ndarray of float64, (height, width)
        By layer: the sum over units of gradient times activation. It says what a small change
        would do, not what taking a place away would.

    Raises
    ------
    LayerNotFoundError
        If the model has no such layer.
    """
    asked = torch.from_numpy(np.asarray(direction, np.float32)).to(clip.device)

    def score(maps: Maps) -> Tensor:
        return functional.normalize(maps[EMBEDDING].flatten(1), dim=1) @ asked

    objective = Objective("answer", (*layers, EMBEDDING), score)
    side = clip.preprocess.size[0]
    with open_gradient_networks(clip, [objective], exact, size_px=side) as networks:
        inputs = clip.preprocess.normalise(pixels[None].to(clip.device))
        leaf = inputs.contiguous(memory_format=torch.channels_last).requires_grad_()
        maps = networks.plain(leaf)
        gradients = maps.gradients(objective(maps).sum(), layers)
        products = {path: (maps[path] * gradients[path]).detach().sum(1)[0] for path in layers}
    return {path: each.double().cpu().numpy() for path, each in products.items()}


@dataclass(frozen=True)
class Agreement:
    """How far two maps of one image agree.

    Parameters
    ----------
    value : float in [-1, 1]
        Spearman's correlation over places; nan where there are fewer than 4, or a map is flat.
    p_value : float in (0, 1]
        Share of shifted copies of the one map, itself counted in, that agree as well.
    places : int
        Of the coarser of the two.
    """

    value: float
    p_value: float
    places: int


def agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> Agreement:
    """Compare two maps of one image, as fine as the coarser of them is.

    Parameters
    ----------
    one, other : ndarray of float64, (height, width)
        Each covers the whole image.
    """
    high, wide = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    a, b = (_averaged(each, (high, wide)) for each in (one, other))
    if a.size < FEWEST_PLACES or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Agreement(_NAN, _NAN, a.size)
    shifts = [(i, k) for i in range(high) for k in range(wide) if i or k]
    # neighbours are alike in both maps: shifted copies are, too
    drawn = [_rank_correlation(a, np.roll(b, step, (0, 1))) for step in shifts]
    found = _rank_correlation(a, b)
    return Agreement(found, p_of_draws(found, drawn), a.size)


def _averaged(values: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = functional.adaptive_avg_pool2d(
        torch.from_numpy(values)[None, None], size
    )[0, 0].numpy()
    return means


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.corrcoef(_ranks(a.ravel()), _ranks(b.ravel()))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    # equal values share the mean of their places
    means: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return means
