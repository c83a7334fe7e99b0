"""What does a network answer to pixels, also when some of its units are set?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import EMBEDDING, Neuron, by_neuron
from neurons.data.loading import batches_of
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.engine import BatchEdits, Engine, open_engine
from neurons.network.inference import Precision, exact
from neurons.network.layers import Layer, find_layers
from neurons.readouts.readout import Readout, Scores

Values = NDArray[np.float32]
# what units are set to
Edits = Mapping[Neuron, float]
# the same, where units may be named by their addresses
AnyEdits = Edits | Mapping[str, float]
# takes a batch on its device, and which of the pixels it is
Alter = Callable[[Tensor, range], Tensor]

NO_EDITS: Edits = {}


def _as_they_are(batch: Tensor, rows: range) -> Tensor:
    return batch


@dataclass(frozen=True)
class Responses:
    """What the network gave for some images.

    Parameters
    ----------
    embeddings : ndarray of float32, (images, embedding)
    peaks, means : mapping of str to ndarray of float32, (images, units)
        Over the map, by the layer's path.
    """

    embeddings: Values
    peaks: Mapping[str, Values]
    means: Mapping[str, Values]

    def units(self, layer: str, pooling: str) -> Values:
        """Give a layer's units, pooled; embeddings have no map, and are given with length 1.

        Raises
        ------
        OptionError
            If the pooling is neither peak nor mean.
        """
        if layer == EMBEDDING:
            lengths = np.linalg.norm(self.embeddings, axis=1, keepdims=True)
            found: Values = self.embeddings / np.maximum(lengths, 1e-12)
            return found
        if pooling not in ("peak", "mean"):
            raise OptionError(f"no pooling {pooling!r}; there are: peak, mean")
        return (self.peaks if pooling == "peak" else self.means)[layer]

    def scores(self, readout: Readout) -> Scores:
        """Give a readout's scores, (images, classes)."""
        return readout.decision(self.units(readout.layer, readout.pooling))

    def answers(self, readout: Readout) -> NDArray[np.intp]:
        """Give a readout's top class of each image."""
        return np.asarray(self.scores(readout).argmax(1))


def joined(parts: Sequence[Responses]) -> Responses:
    """Put the responses to several batches of images together, in order."""
    return Responses(
        np.concatenate([part.embeddings for part in parts]),
        {path: np.concatenate([part.peaks[path] for part in parts]) for path in parts[0].peaks},
        {path: np.concatenate([part.means[path] for part in parts]) for path in parts[0].means},
    )


class EditableNetwork:
    """A copy of a network whose units can be set, and which reports layers; see `open_editable`.

    Attributes
    ----------
    clip : Clip
        The model, which stays as it is.
    layers : dict of str to Layer
        By path: those that are reported, and whose units can be set.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.clip = engine.clip
        self.layers: dict[str, Layer] = {layer.path: layer for layer in engine.layers}

    def respond(
        self, pixels: Tensor, *, edits: AnyEdits = NO_EDITS, alter: Alter = _as_they_are
    ) -> Responses:
        """Run the network on images.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
        edits : mapping of Neuron or str to float
            What units are set to meanwhile; of the layers that the network was opened with.
        alter : callable
            Changes each batch before the network gets it, on the model's device.

        Raises
        ------
        NeuronNotFoundError
            If an edit is of a layer that the network was not opened with, or of no unit.
        """
        self.check(edits)
        by_unit = by_neuron(edits)

        def take(rows: range) -> Tensor:
            return alter(pixels[rows.start : rows.stop].to(self.clip.device), rows)

        return self._respond(len(pixels), take, lambda rows: by_unit)

    def respond_without_each(self, pixels: Tensor, units: Sequence[Neuron | str]) -> Responses:
        """Run the network on images with one unit silenced at a time, many units per batch.

        Returns
        -------
        Responses
            As `respond_to_each`.
        """
        return self.respond_to_each(pixels, [{Neuron.of(unit): 0.0} for unit in units])

    def respond_to_each(self, pixels: Tensor, variants: Sequence[AnyEdits]) -> Responses:
        """Run the network on images under one edit after another, many of them per batch.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
        variants : sequence of mapping of Neuron or str to float
            As ``edits`` of `respond`, one mapping per variant.

        Returns
        -------
        Responses
            To all images under the first variant, then under the second; so
            ``values.reshape(len(variants), len(pixels), -1)``.

        Raises
        ------
        NeuronNotFoundError
            As `respond`.
        """
        for variant in variants:
            self.check(variant)
        by_unit = [by_neuron(variant) for variant in variants]
        n = len(pixels)

        def take(rows: range) -> Tensor:
            return pixels[[row % n for row in rows]]

        def edits(rows: range) -> BatchEdits:
            return _edits_of_batch([by_unit[row // n] for row in rows])

        return self._respond(n * len(variants), take, edits)

    def check(self, edits: AnyEdits) -> None:
        """Raise NeuronNotFoundError unless these units can be set here."""
        self._engine.check(by_neuron(edits))

    @torch.inference_mode()
    def _respond(
        self, n: int, take: Callable[[range], Tensor], edits_of: Callable[[range], BatchEdits]
    ) -> Responses:
        parts = [
            self._engine.run(take(rows), edits_of(rows))
            for rows in batches_of(range(n), self._engine.batch_size)
        ]
        return Responses(
            torch.cat([part.embeddings.float().cpu() for part in parts]).numpy(),
            {p: _joined([part.layers[p].peak.value for part in parts]) for p in self.layers},
            {p: _joined([part.layers[p].peak.mean for part in parts]) for p in self.layers},
        )


def _joined(parts: Sequence[Tensor]) -> Values:
    found: Values = torch.cat(list(parts)).cpu().numpy()
    return found


def _edits_of_batch(edits: Sequence[Edits]) -> BatchEdits:
    """Give the edits of a batch, from those of each of its images."""
    by_unit: dict[Neuron, dict[int, float]] = {}
    for place, mine in enumerate(edits):
        for neuron, value in mine.items():
            by_unit.setdefault(neuron, {})[place] = value
    return {neuron: _setting(values) for neuron, values in by_unit.items()}


def _setting(values: Mapping[int, float]) -> Callable[[Tensor], Tensor]:
    """Set a unit to a value in some images of a batch."""

    def write(part: Tensor) -> Tensor:
        for place, value in values.items():
            part[place] = value
        return part

    return write


@contextmanager
def open_editable(
    clip: Clip,
    paths: Iterable[str] = (),
    *,
    readouts: Sequence[Readout] = (),
    precision: Precision = exact,
    batch_size: int | None = None,
) -> Iterator[EditableNetwork]:
    """Make a fast copy of the network that reports layers and lets their units be set.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    paths : iterable of str
        Layers to report, or to edit.
    readouts : sequence of Readout
        Their layers are reported too.
    precision : Precision
        ``exact`` or ``fast``.
    batch_size : int >= 1, optional
        Default: 32, on a GPU 256.

    Raises
    ------
    OptionError
        If the precision is ``compiled``: a compiled network cannot be edited.
    LayerNotFoundError
        If the model has no such layer.
    """
    if precision.compiled:
        raise OptionError("a compiled network cannot be edited; use exact or fast")
    wanted = dict.fromkeys([*paths, *(readout.layer for readout in readouts)])
    found = find_layers(clip, [path for path in wanted if path != EMBEDDING])
    with open_engine(clip, found, precision=precision, batch_size=batch_size) as engine:
        yield EditableNetwork(engine)
