"""What does a made picture really do in the network, and does a photograph do as much?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from neurons.activations.run import Activations
from neurons.activations.run_format import check_same
from neurons.address import EMBEDDING, Neuron
from neurons.network.clip import Clip
from neurons.network.hooks import tap
from neurons.network.inference import exact, reader
from neurons.network.layers import find_layers
from neurons.visualization.ascent import OptimisedImage
from neurons.visualization.objectives import Objective
from neurons.visualization.transforms import Draws, Transform

REACHES = 0.99
_N_SHAKES = 16
_BATCH = 16
_CURVE_POINTS = 64
_SAMPLED_ROWS = 2048


@dataclass(frozen=True)
class Excited:
    """One of the units that a picture excites most.

    Parameters
    ----------
    unit : int
    activation : float
        Its peak on the plain picture.
    z : float
        In standard deviations above its mean peak on the run's images; nan without a run.
    """

    unit: int
    activation: float
    z: float


@dataclass(frozen=True)
class MadePicture:
    """A made picture with the evidence for it.

    Parameters
    ----------
    name : str
        What it is: ``seed 0``, or a facet.
    facet : str
        The facet's name; empty for a plain picture.
    strength : float
        Of the facet; 0 for a plain picture.
    image : bytes
        PNG.
    moved : bool
        False if no gradient ever reached it: then it is grey, and means nothing.
    activation : float
        Of the plain picture, not shaken, as it is in ``image``: the unit's peak over the map; of an
        objective that is about no unit, its value.
    percentile : float in [0, 1]
        Share of the run's images on which the activation is lower; nan without a run.
    shaken, shaken_deviation : float
        Mean and standard deviation of the activation over 16 draws of the transforms.
    excited : tuple of Excited
        The five units of the layer that it excites most: by z where there is a run.
    curve : tuple of float
        The objective over the steps, as means of equal parts.
    """

    name: str
    facet: str
    strength: float
    image: bytes
    moved: bool
    activation: float
    percentile: float
    shaken: float
    shaken_deviation: float
    excited: tuple[Excited, ...]
    curve: tuple[float, ...]

    @property
    def reaches(self) -> bool | None:
        """Whether it excites more than 99 % of real images do; None if that is not known."""
        return None if np.isnan(self.percentile) else self.percentile >= REACHES


class PictureEvaluator:
    """Measures pictures of any objectives of a model, beside a run's images if there is one.

    Parameters
    ----------
    clip : Clip
    transforms : Transform
        What the pictures were shaken by.
    run : Activations, optional

    Raises
    ------
    StaleActivationsError
        If the run is of another model.
    """

    def __init__(self, clip: Clip, transforms: Transform, run: Activations | None) -> None:
        if run is not None:
            check_same(run.path, run.spec.provenance, {"model": clip.provenance()})
        self._clip, self._transforms, self._run = clip, transforms, run
        self._spread: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}

    def check(self, objective: Objective) -> None:
        """Raise LayerNotFoundError or NeuronNotFoundError if the run lacks the unit."""
        if self._run is not None and objective.unit is not None:
            self._run.check(objective.unit)

    def portraits(
        self,
        objectives: Sequence[Objective],
        painted: Sequence[OptimisedImage],
        frames: Sequence[Frame],
    ) -> list[MadePicture]:
        """Measure pictures, each for its own objective."""
        batch = torch.stack([torch.from_numpy(_opaque(each.pixels)) for each in painted])
        batch = batch.permute(0, 3, 1, 2)
        plain, layers = self._activations(objectives, batch)
        # all pictures are shaken alike, wherever they stand in the batch
        same = [torch.Generator().manual_seed(0) for _ in painted]
        draws = Draws(same, torch.device("cpu"))
        shaken = []
        for _ in range(_N_SHAKES):
            moved = self._transforms(batch.float().div(255), draws).clamp(0, 1)
            values, _ = self._activations(objectives, moved.mul(255).round().to(torch.uint8))
            shaken.append(values)
        return [
            MadePicture(
                name=frame.name,
                facet=frame.facet,
                strength=frame.strength,
                image=_png(each.pixels),
                moved=each.moved,
                activation=float(plain[i]),
                percentile=self._percentile(objectives[i], float(plain[i])),
                shaken=float(np.mean([values[i] for values in shaken])),
                shaken_deviation=float(np.std([values[i] for values in shaken])),
                excited=self._excited(objectives[i], layers[i]),
                curve=_thin(each.curve),
            )
            for i, (each, frame) in enumerate(zip(painted, frames, strict=True))
        ]

    def _activations(
        self, objectives: Sequence[Objective], batch: Tensor
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32] | None]]:
        """Give each picture's own activation, and all of its layer's peaks, of the exact model."""
        values = np.zeros(len(batch), np.float32)
        whole: list[NDArray[np.float32] | None] = [None] * len(batch)
        by_layer: dict[str, list[int]] = {}
        for i, objective in enumerate(objectives):
            by_layer.setdefault("" if objective.unit is None else objective.unit.layer, []).append(
                i
            )
        for layer, rows in by_layer.items():
            if not layer:
                for row in rows:
                    values[row] = self._score(objectives[row], batch[row : row + 1])
                continue
            for row, peaks in zip(rows, self._peaks(layer, batch[rows]), strict=True):
                unit = objectives[row].unit
                assert unit is not None
                values[row], whole[row] = peaks[unit.unit], peaks
        return values, whole

    def _peaks(self, layer: str, batch: Tensor) -> NDArray[np.float32]:
        """Read a layer in batches of one shape: a picture's numbers do not know its neighbours."""
        found = find_layers(self._clip, [layer])
        padding = -len(batch) % _BATCH
        padded = torch.cat([batch, batch.new_zeros(padding, *batch.shape[1:])])
        with reader(self._clip, found, precision=exact, embeddings=False) as read:
            parts = [read(part).layers[layer].peak for part in torch.split(padded, _BATCH)]
        return np.concatenate(parts)[: len(batch)]

    @torch.no_grad()
    def _score(self, objective: Objective, image: Tensor) -> float:
        inputs = self._clip.preprocess.normalise(image.to(self._clip.device))
        paths = [path for path in objective.layers if path != EMBEDDING]
        layers = find_layers(self._clip, paths)
        network = self._clip.network
        with tap(network, paths, stop=EMBEDDING not in objective.layers) as seen:
            embedded = seen.run(lambda: network.encode_image(inputs))  # type: ignore[operator]
            maps = {layer.path: layer.layout.maps(seen.outputs[layer.path]) for layer in layers}
        if embedded is not None:
            maps[EMBEDDING] = embedded
        return float(objective(maps))

    def _percentile(self, objective: Objective, activation: float) -> float:
        if self._run is None:
            return float("nan")
        if objective.unit is not None:
            real = self._run.peak(objective.unit)[self._run.good_rows()]
        elif objective.layers == (EMBEDDING,) and self._run.spec.embedding_size:
            rows = np.asarray(self._run.embeddings[:], np.float32)[self._run.good_rows()]
            real = objective({EMBEDDING: torch.from_numpy(rows)}).numpy()
        else:
            return float("nan")
        return float(np.mean(real < activation))

    def _excited(
        self, objective: Objective, peaks: NDArray[np.float32] | None
    ) -> tuple[Excited, ...]:
        if peaks is None or objective.unit is None:
            return ()
        z = np.full(len(peaks), np.nan, np.float32)
        if self._run is not None:
            mean, deviation = self._usual(objective.unit)
            # a unit that says the same of every image has no scale to stand out on
            with np.errstate(divide="ignore", invalid="ignore"):
                z = np.where(deviation > 0, (peaks - mean) / deviation, -np.inf)
        order = np.argsort(-(peaks if self._run is None else z), kind="stable")[:5]
        return tuple(Excited(int(u), float(peaks[u]), float(z[u])) for u in order)

    def _usual(self, unit: Neuron) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert self._run is not None
        if unit.layer not in self._spread:
            # whole rows of a large run are large: evenly spaced ones tell the scale
            good = self._run.good_rows()
            rows = good[:: max(1, len(good) // _SAMPLED_ROWS)]
            peaks = self._run.array(unit.layer, "peak")
            shown = np.asarray(peaks.oindex[rows], np.float32)
            self._spread[unit.layer] = (shown.mean(0), shown.std(0))
        return self._spread[unit.layer]


@dataclass(frozen=True)
class Frame:
    """What a picture of a target is: plain, from some seed, or faceted."""

    name: str
    facet: str = ""
    strength: float = 0.0


def _opaque(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a picture with an opacity on mid-grey."""
    if pixels.shape[2] == 3:
        return pixels
    opacity = pixels[:, :, 3:].astype(np.float32) / 255
    laid = pixels[:, :, :3] * opacity + 127.5 * (1 - opacity)
    return laid.round().astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _thin(curve: NDArray[np.float32]) -> tuple[float, ...]:
    parts = np.array_split(curve, min(_CURVE_POINTS, len(curve)))
    return tuple(float(part.mean()) for part in parts)
