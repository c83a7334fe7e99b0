"""What do readouts get to see of pixels, also when some units are silenced?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurons.address import EMBEDDING, Neuron
from neurons.data.loading import batches_of
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import Peak, edit, peak, watch
from neurons.network.inference import Precision, exact, inference_copy, true_fp32
from neurons.network.layers import Layer, Layout, find_layers
from neurons.readouts.readout import Readout, Scores

Values = NDArray[np.float32]
Edits = Mapping[Neuron, float]
# what some units of a layer are set to, in one batch; see `hooks.edit`
BatchEdits = Mapping[Neuron, float | Callable[[Tensor], Tensor]]
# takes a batch on its device, and which of the pixels it is
Alter = Callable[[Tensor, range], Tensor]

NO_EDITS: Edits = {}
_AS_THEY_ARE: Alter = lambda batch, rows: batch  # noqa: E731 - a default that does nothing


@dataclass(frozen=True)
class Responses:
    """What the network said of some pixels.

    Parameters
    ----------
    embeddings : ndarray of float32, (images, embedding)
    peaks, means : mapping of str to ndarray of float32, (images, units)
        Of each layer that is looked at.
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
    """Put what was seen of several batches of pixels together, in order."""
    return Responses(
        np.concatenate([part.embeddings for part in parts]),
        {path: np.concatenate([part.peaks[path] for part in parts]) for path in parts[0].peaks},
        {path: np.concatenate([part.means[path] for part in parts]) for path in parts[0].means},
    )


class EditableNetwork:
    """Looks at pixels, in batches of one shape; made by `open_editable`."""

    def __init__(
        self,
        clip: Clip,
        network: nn.Module,
        found: Sequence[Layer],
        precision: Precision,
        size: int,
    ) -> None:
        self.clip = clip
        self.layers = {layer.path: layer for layer in found}
        self._network, self._precision, self._size = network, precision, size

    def respond(
        self, pixels: Tensor, *, edits: Edits = NO_EDITS, alter: Alter = _AS_THEY_ARE
    ) -> Responses:
        """Look at pixels.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
        edits : mapping of Neuron to float
            What units are set to while looking; of layers that the eye was opened for.
        alter : callable
            Changes each batch on its way, on the model's device.

        Raises
        ------
        NeuronNotFoundError
            If an edit is of a layer that the eye was not opened for, or of no unit.
        """
        self.check(edits)

        def take(rows: range) -> Tensor:
            return pixels[rows.start : rows.stop]

        return self._respond(len(pixels), take, lambda rows: edits, alter)

    def respond_without_each(self, pixels: Tensor, units: Sequence[Neuron]) -> Responses:
        """Look at pixels with one unit silenced at a time, many units in a batch.

        Returns
        -------
        Responses
            As `respond_to_each`.
        """
        return self.respond_to_each(pixels, [{unit: 0.0} for unit in units])

    def respond_to_each(self, pixels: Tensor, variants: Sequence[Edits]) -> Responses:
        """Look at pixels under one edit after another, many of them in a batch.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
        variants : sequence of mapping of Neuron to float
            As ``edits`` of `respond`, one mapping a variant.

        Returns
        -------
        Responses
            Of all pixels under the first variant, then under the second; so
            ``values.reshape(len(variants), len(pixels), -1)``.

        Raises
        ------
        NeuronNotFoundError
            As `respond`.
        """
        for variant in variants:
            self.check(variant)
        n = len(pixels)

        def edits(rows: range) -> BatchEdits:
            mine: dict[Neuron, dict[int, float]] = {}
            for place, row in enumerate(rows):
                for neuron, value in variants[row // n].items():
                    mine.setdefault(neuron, {})[place] = value
            return {neuron: _setting(values) for neuron, values in mine.items()}

        def take(rows: range) -> Tensor:
            return pixels[[row % n for row in rows]]

        return self._respond(n * len(variants), take, edits, _AS_THEY_ARE)

    @torch.inference_mode()
    def _respond(
        self,
        n: int,
        take: Callable[[range], Tensor],
        edits_of: Callable[[range], BatchEdits],
        alter: Alter,
    ) -> Responses:
        device, parts = self.clip.device, []
        kept: dict[str, list[Peak]] = {path: [] for path in self.layers}
        for rows in batches_of(range(n), self._size):
            batch = alter(take(rows).to(device), rows)
            padded = self.clip.preprocess.empty_batch(self._size).to(device)
            padded[: len(rows)] = batch
            inputs = self.clip.preprocess.normalise(padded).to(self._precision.dtype)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            # what is edited is what is seen: hooks run in the order in which they were put there
            with edit(self._network, edits_of(rows)), self._watching() as seen:
                embedded = self._network.encode_image(inputs)  # type: ignore[operator]
            parts.append(embedded[: len(rows)].float().cpu())
            for path, found in seen.items():
                kept[path].append(found[path])
        return Responses(
            torch.cat(parts).numpy(),
            {path: torch.cat([p.value for p in k]).cpu().numpy()[:n] for path, k in kept.items()},
            {path: torch.cat([p.mean for p in k]).cpu().numpy()[:n] for path, k in kept.items()},
        )

    @contextmanager
    def _watching(self) -> Iterator[dict[str, dict[str, Peak]]]:
        with contextlib.ExitStack() as stack:
            seen = {}
            for path, layer in self.layers.items():
                reduce = partial(_peak, layout=layer.layout)
                seen[path] = stack.enter_context(watch(self._network, [path], reduce=reduce))
            yield seen

    def check(self, edits: Edits) -> None:
        """Raise NeuronNotFoundError unless these units can be edited here."""
        for neuron in edits:
            if neuron.layer not in self.layers:
                held = ", ".join(self.layers) or "none"
                raise NeuronNotFoundError(f"no {neuron} to edit here; the layers are: {held}")
            units = self.layers[neuron.layer].units
            if neuron.unit >= units:
                raise NeuronNotFoundError(f"{neuron.layer} has units 0 to {units - 1}: no {neuron}")


def _setting(values: Mapping[int, float]) -> Callable[[Tensor], Tensor]:
    """Set a unit to a value in some images of a batch."""

    def write(part: Tensor) -> Tensor:
        for place, value in values.items():
            part[place] = value
        return part

    return write


def _peak(output: Tensor, *, layout: Layout) -> Peak:
    return peak(layout.maps(output))


@contextmanager
def open_editable(
    clip: Clip,
    paths: Iterable[str] = (),
    *,
    readouts: Sequence[Readout] = (),
    precision: Precision = exact,
    batch_size: int | None = None,
) -> Iterator[EditableNetwork]:
    """Make a fast copy of the network that reports layers and lets their units be edited.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    paths : iterable of str
        Layers to look at, or to edit.
    readouts : sequence of Readout
        Their layers are looked at too.
    precision : Precision
        ``exact`` or ``fast``.
    batch_size : int >= 1, optional
        Default: 32, beside a GPU 256.

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
    size = batch_size or (32 if clip.device.type == "cpu" else 256)
    network = inference_copy(clip, [layer.path for layer in found], precision, embeddings=True)
    with true_fp32(precision):
        yield EditableNetwork(clip, network, found, precision, size)
