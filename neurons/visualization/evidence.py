"""What does a made picture really do in the network, and does a photograph do as much?"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from neurons.activations.run import Activations
from neurons.address import EMBEDDING, Neuron
from neurons.network.clip import Clip
from neurons.network.engine import open_engine
from neurons.network.hooks import tap
from neurons.network.layers import find_layers
from neurons.visualization.made_picture import Excited, MadePicture, PictureKind
from neurons.visualization.objectives import Objective
from neurons.visualization.request import OptimisedImage
from neurons.visualization.transforms import Draws, Transform

_N_SHAKES = 16
_BATCH = 16
_CURVE_POINTS = 64
_SAMPLED_ROWS = 2048
# of fewer images the 99th percentile is their maximum, or lies above it
_FEWEST_IMAGES = 100


class PictureEvaluator:
    """Measures pictures of any objectives of a model, beside a run's images if there is one.

    Parameters
    ----------
    clip : Clip
    transforms : Transform
        What the pictures were transformed by while they were made.
    run : Activations, optional

    Raises
    ------
    StaleActivationsError
        If the run is of another model.
    """

    def __init__(self, clip: Clip, transforms: Transform, run: Activations | None) -> None:
        if run is not None:
            run.check_clip(clip)
        self._clip, self._transforms, self._run = clip, transforms, run
        self._spread: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}

    def check(self, objective: Objective) -> None:
        """Raise LayerNotFoundError or NeuronNotFoundError if the run lacks the unit."""
        if self._run is not None and objective.unit is not None:
            self._run.check(objective.unit)

    def why_no_percentile(self, size: tuple[int, int]) -> str:
        """Say why pictures cannot be compared with the run's images; empty if they can be.

        Parameters
        ----------
        size : (int, int)
            Height and width of the pictures, px. A larger canvas has more places for a peak:
            photographs that nobody chose pass the 99th percentile more often there.
        """
        if self._run is None:
            return "no run of real images was given"
        n = len(self._run.good_rows())
        if n < _FEWEST_IMAGES:
            return f"the run has {n:,} images, and a percentile takes {_FEWEST_IMAGES} or more"
        native = self._clip.preprocess.size
        if size != native:
            return (
                f"pictures of {size[0]} x {size[1]} px have more or fewer places for a peak than "
                f"the run's {native[0]} x {native[1]} px"
            )
        return ""

    def measure(
        self,
        objectives: Sequence[Objective],
        made: Sequence[OptimisedImage],
        kinds: Sequence[PictureKind],
    ) -> list[MadePicture]:
        """Measure pictures, each for its own objective.

        Parameters
        ----------
        objectives : sequence of Objective
            One per picture.
        made : sequence of OptimisedImage
        kinds : sequence of PictureKind
            One per picture.
        """
        batch = torch.stack([torch.from_numpy(_opaque(each.pixels)) for each in made])
        batch = batch.permute(0, 3, 1, 2)
        plain, layers = self._activations(objectives, batch)
        shaken = self._shaken(objectives, batch)
        return [
            MadePicture(
                name=kind.name,
                facet=kind.facet,
                strength=kind.strength,
                image=_png(each.pixels),
                moved=each.moved,
                activation=float(plain[i]),
                percentile=self._percentile(objectives[i], each.pixels, float(plain[i])),
                shaken=float(np.mean([values[i] for values in shaken])),
                shaken_deviation=float(np.std([values[i] for values in shaken])),
                excited=self._excited(objectives[i], layers[i]),
                curve=_thin(each.curve),
            )
            for i, (each, kind) in enumerate(zip(made, kinds, strict=True))
        ]

    def _shaken(self, objectives: Sequence[Objective], batch: Tensor) -> list[NDArray[np.float32]]:
        """Give the pictures' activations under draws of the transforms, one array per draw."""
        # all pictures are transformed alike, wherever they stand in the batch
        same = [torch.Generator().manual_seed(0) for _ in batch]
        draws = Draws(same, torch.device("cpu"))
        found = []
        for _ in range(_N_SHAKES):
            moved = self._transforms(batch.float().div(255), draws).clamp(0, 1)
            values, _ = self._activations(objectives, moved.mul(255).round().to(torch.uint8))
            found.append(values)
        return found

    def _activations(
        self, objectives: Sequence[Objective], batch: Tensor
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32] | None]]:
        """Give each picture's own activation, and all peaks of its layer, in exact precision."""
        values = np.zeros(len(batch), np.float32)
        whole: list[NDArray[np.float32] | None] = [None] * len(batch)
        by_layer: dict[str, list[int]] = {}
        for i, objective in enumerate(objectives):
            layer = "" if objective.unit is None else objective.unit.layer
            by_layer.setdefault(layer, []).append(i)
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
        """Give a layer's peaks; a picture's numbers do not depend on the others."""
        found = find_layers(self._clip, [layer])
        with open_engine(self._clip, found, batch_size=_BATCH, embeddings=False) as engine:
            return engine.peaks(batch)[layer]

    @torch.no_grad()
    def _score(self, objective: Objective, image: Tensor) -> float:
        inputs = self._clip.preprocess.normalise(image.to(self._clip.device))
        paths = [path for path in objective.layers if path != EMBEDDING]
        layers = find_layers(self._clip, paths)
        network = self._clip.network
        with tap(network, paths, stop=EMBEDDING not in objective.layers) as tapped:
            embedded = tapped.run(lambda: network.encode_image(inputs))  # type: ignore[operator]
            maps = {layer.path: layer.layout.maps(tapped.outputs[layer.path]) for layer in layers}
        if embedded is not None:
            maps[EMBEDDING] = embedded
        return float(objective(maps))

    def _percentile(
        self, objective: Objective, pixels: NDArray[np.uint8], activation: float
    ) -> float:
        if self._run is None or self.why_no_percentile((pixels.shape[0], pixels.shape[1])):
            return float("nan")
        if objective.unit is not None:
            real = self._run.known_peaks(objective.unit)
        elif objective.layers == (EMBEDDING,) and self._run.spec.embedding_size:
            rows = np.asarray(self._run.embeddings[:], np.float32)[self._run.good_rows()]
            real = objective({EMBEDDING: torch.from_numpy(rows)}).numpy()
        else:
            return float("nan")
        # nothing goes below a ReLU's 0: images that are there, too, are not below the picture
        beaten = real >= activation if objective.downwards else real < activation
        return float(np.mean(beaten))

    def _excited(
        self, objective: Objective, peaks: NDArray[np.float32] | None
    ) -> tuple[Excited, ...]:
        if peaks is None or objective.unit is None:
            return ()
        z = np.full(len(peaks), np.nan, np.float32)
        if self._run is not None:
            mean, deviation = self._usual(objective.unit)
            # a unit that is the same for every image has no scale to stand out on
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
            # a unit that is not finite on some image has no scale: 0 here, and never excited most
            shown[:, self._run.lost(unit.layer).not_finite > 0] = 0
            self._spread[unit.layer] = (shown.mean(0), shown.std(0))
        return self._spread[unit.layer]


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
