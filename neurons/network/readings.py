"""What does one batch give: on the network's device, and as arrays on the CPU?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.network.layout import Layout
from neurons.network.pooling import Peak, peak


@dataclass(frozen=True)
class LayerReading:
    """What one batch gave for one layer, on the CPU.

    Parameters
    ----------
    peak, mean : ndarray of float32, (batch, units)
    position : ndarray of int32, (batch, units)
    class_token : ndarray of float32, (batch, units), or None
    """

    peak: NDArray[np.float32]
    mean: NDArray[np.float32]
    position: NDArray[np.int32]
    class_token: NDArray[np.float32] | None


@dataclass(frozen=True)
class Reading:
    """What one batch gave: one reading per layer, and the embeddings where they were asked for."""

    layers: dict[str, LayerReading]
    embeddings: NDArray[np.float32] | None


@dataclass(frozen=True)
class Pooled:
    """What is kept of one layer's output in one batch, on the network's device.

    Parameters
    ----------
    peak : Peak
    class_token : Tensor, (batch, units), or None
        None where the layer has no class token.
    """

    peak: Peak
    class_token: Tensor | None

    def first(self, n: int) -> Pooled:
        """Give the first images of the batch."""
        found = Peak(self.peak.value[:n], self.peak.position[:n], self.peak.mean[:n])
        return Pooled(found, None if self.class_token is None else self.class_token[:n])

    def reading(self) -> LayerReading:
        """Give it as arrays on the CPU."""
        token = self.class_token
        return LayerReading(
            peak=self.peak.value.cpu().numpy(),
            mean=self.peak.mean.cpu().numpy(),
            position=self.peak.position.to(torch.int32).cpu().numpy(),
            class_token=None if token is None else token.float().cpu().numpy(),
        )


@dataclass(frozen=True)
class Output:
    """What one batch gave, on the network's device.

    Parameters
    ----------
    embeddings : Tensor, (images, embedding)
        In the working precision; meaningless if the engine was opened without embeddings.
    layers : mapping of str to Pooled
        By the layer's path.
    """

    embeddings: Tensor
    layers: Mapping[str, Pooled]


def pooled(output: Tensor, *, layout: Layout) -> Pooled:
    """Reduce a layer's output to what is kept of it; called inside the hook."""
    token = layout.class_token(output)
    return Pooled(peak(layout.maps(output)), None if token is None else token.clone())
