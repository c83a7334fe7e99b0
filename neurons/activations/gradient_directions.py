"""Where does a unit of any layer move the embedding, on the images that excite it most?

Only the last layers have a readout that is nearly linear. Of an earlier unit the network gives a
slope, image by image: if slopes of different images agree, their mean is a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.unit_slopes import unit_slopes

Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]

GRADIENT = "gradient"
LEAVES_OUT = (
    "what happens when the unit changes by more than a little, and images that do not excite it"
)
_FEWEST_IMAGES = 4
_BATCH = 16
_OTHERS = 3


@dataclass(frozen=True, eq=False)
class GradientDirections:
    """What some units of a layer add to the embedding, by the network's slopes.

    Parameters
    ----------
    layer : str
    units : tuple of int
    vectors : ndarray of float32, (units, embedding)
        What one more in a unit's mean over its places adds to the embedding before it is
        normalised: the mean over its top images.
    agreement : ndarray of float, (units,)
        Mean cosine between the slopes of two of these images, in [-1, 1].
    halves : ndarray of float, (units,)
        Cosine between the mean slopes of two halves of them: how far the direction depends on
        which images were taken.
    others : ndarray of float, (units,)
        The control: absolute cosine between the mean slope on the first half and that of another
        unit of the layer on the second half, where the unit's own is compared; the median of three
        units that are drawn at random. A direction that agrees no better than this is the layer's,
        and not the unit's own.
    n_images : tuple of int
        Top images of each unit.
    level, leaves_out : str
        As `UnitDirections` has them.
    """

    layer: str
    units: tuple[int, ...]
    vectors: Matrix = field(repr=False)
    agreement: NDArray[np.float64]
    halves: NDArray[np.float64]
    others: NDArray[np.float64]
    n_images: tuple[int, ...]
    level: str = GRADIENT
    leaves_out: str = LEAVES_OUT

    def of(self, unit: int) -> Matrix:
        """Give one unit's direction, (embedding,).

        Raises
        ------
        NeuronNotFoundError
            If it is not among the units.
        """
        found: Matrix = self.vectors[self._row(unit)]
        return found

    def holds(self, unit: int) -> bool:
        """Tell whether a unit's direction may be trusted.

        It may if halves of the images give nearly the same (a cosine of 0.8 or more), and other
        units do not (at most half as much).

        Raises
        ------
        NeuronNotFoundError
            If it is not among the units.
        """
        row = self._row(unit)
        return bool(self.halves[row] >= 0.8 and self.others[row] <= self.halves[row] / 2)

    def weights(self, texts: Matrix) -> Matrix:
        """Give what each of the units adds to each text's score, (texts, units).

        Parameters
        ----------
        texts : ndarray of float32, (texts, embedding)
            See `UnitDirections.weights`.

        Raises
        ------
        OptionError
            If the texts lie in another space.
        """
        if texts.ndim != 2 or texts.shape[1] != self.vectors.shape[1]:
            raise OptionError(
                f"texts of shape {texts.shape} for units in {self.vectors.shape[1]} dimensions: "
                f"embed them by the model of the units"
            )
        found: Matrix = texts @ self.vectors.T
        return found

    def _row(self, unit: int) -> int:
        if unit not in self.units:
            raise NeuronNotFoundError(
                f"no direction of {self.layer}:{unit}: there are those of units "
                f"{', '.join(map(str, self.units))}"
            )
        return self.units.index(unit)


def gradient_directions(
    run: Activations,
    images: ImageSet,
    clip: Clip,
    layer: str,
    units: Sequence[int],
    *,
    n_images: int = 16,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> GradientDirections:
    """Differentiate the embedding by units, on the images that excite each most.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        That were scanned.
    clip : Clip
        The run's model.
    layer : str
        Any layer of the run.
    units : sequence of int
        Each costs about three passes over ``n_images`` images, in forward mode.
    n_images : int >= 4
        Top images of each unit, by its peak.
    seed : int
        Of the halves, and of the other units.
    progress : callable
        Takes how many of how many units are done.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold a unit.
    StaleActivationsError
        If the run is of another model or of other images.
    OptionError
        If there are too few images, or the layer has one unit only.

    Notes
    -----
    A slope tells what a small change would do. Whether a unit matters to a text is another
    question: ask what its removal costs.
    """
    run.check_clip(clip)
    run.check_images(images)
    total = run.layer(layer).units
    for unit in units:
        run.check(Neuron(layer, unit))
    least = min(n_images, len(run.good_rows()))
    if least < _FEWEST_IMAGES or total < 2:
        raise OptionError(
            f"{least} images of each of {total} units: a direction is compared between halves of "
            f"the images and with another unit; give {_FEWEST_IMAGES} images or more, and a layer "
            f"of two units or more"
        )
    random = np.random.default_rng(seed)
    found = []
    for done, unit in enumerate(units, 1):
        rows = _top_rows(run, Neuron(layer, unit), n_images)
        pixels = prepare(clip.preprocess, images, rows=rows).pixels
        slopes = _slopes(clip, Neuron(layer, unit), pixels)
        others = (unit + 1 + random.permutation(total - 1)[:_OTHERS]) % total
        first, second = np.array_split(random.permutation(len(pixels)), 2)
        controls = [_slopes(clip, Neuron(layer, int(each)), pixels[second]) for each in others]
        found.append(_measured(slopes, first, second, controls))
        progress(done, len(units))
    return GradientDirections(
        layer,
        tuple(int(unit) for unit in units),
        np.array([each.mean for each in found], np.float32),
        np.array([each.agreement for each in found]),
        np.array([each.halves for each in found]),
        np.array([each.others for each in found]),
        tuple(each.n_images for each in found),
    )


@dataclass(frozen=True, eq=False)
class _Measured:
    mean: NDArray[np.float64]
    agreement: float
    halves: float
    others: float
    n_images: int


def _measured(
    slopes: NDArray[np.float64],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    controls: Sequence[NDArray[np.float64]],
) -> _Measured:
    """Compare halves of a unit's images, and its first half with others' slopes on the second."""
    n, half = len(slopes), slopes[first].mean(0)
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    unit = slopes / np.maximum(lengths, 1e-30)
    # the mean over all pairs, without those of an image and itself
    pairs = (np.square(unit.sum(0)).sum() - np.square(unit).sum()) / max(1, n * (n - 1))
    others = float(np.median([abs(_cosine(half, each.mean(0))) for each in controls]))
    halves = _cosine(half, slopes[second].mean(0))
    return _Measured(slopes.mean(0), float(pairs), halves, others, n)


def _cosine(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else 0.0


def _slopes(clip: Clip, neuron: Neuron, pixels: Tensor) -> NDArray[np.float64]:
    parts = [unit_slopes(clip, neuron, part) for part in torch.split(pixels, _BATCH)]
    found: NDArray[np.float64] = torch.cat(parts).double().cpu().numpy()
    return found


def _top_rows(run: Activations, neuron: Neuron, n: int) -> list[int]:
    """Give the images whose peak is largest; of equal ones the first."""
    good = run.good_rows()
    peaks = run.peak(neuron)[good]
    order = np.argsort(-np.where(np.isfinite(peaks), peaks, -np.inf), kind="stable")
    return [int(row) for row in good[order[:n]]]
