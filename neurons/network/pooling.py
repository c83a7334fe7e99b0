"""What is kept of a layer's output, so that whole maps need not be?"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Peak:
    """What is kept of a layer's maps: three numbers per unit instead of height x width.

    Parameters
    ----------
    value : Tensor of float32, (batch, units)
        The largest activation over the map, in the layer's own unit.
    position : Tensor of int64, (batch, units)
        Where it lies: row * width + column; the first in that order where several are equal.
    mean : Tensor of float32, (batch, units)
        Over the map. A large mean with a small peak means a little activation everywhere.
    """

    value: Tensor
    position: Tensor
    mean: Tensor


def peak(maps: Tensor) -> Peak:
    """Reduce maps to the peak's value and place and to the mean.

    Parameters
    ----------
    maps : Tensor, (batch, units, height, width) or (batch, units)

    Returns
    -------
    Peak
    """
    flat = (maps.flatten(2) if maps.dim() > 2 else maps.unsqueeze(2)).float()
    # of equal places, max gives the first
    value, position = flat.max(dim=2)
    return Peak(value, position, flat.mean(dim=2))


def copy(output: Tensor) -> Tensor:
    """Keep the whole output: a clone, since CLIP's ResNet later writes into it."""
    return output.detach().clone()
