"""How does a network run on images? In batches of one shape, with layers read and units set."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurons.address import Neuron
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import edit, watch
from neurons.network.inference import Precision, exact, inference_copies, true_fp32
from neurons.network.layers import Layer
from neurons.network.layout import check_rows
from neurons.network.readings import Output, Pooled, Reading, pooled

# what units are set to in one batch: a number, or a function of the unit's part; see `hooks.edit`
BatchEdits = Mapping[Neuron, float | Callable[[Tensor], Tensor]]

NO_BATCH_EDITS: BatchEdits = {}


_Step = Callable[[Tensor, BatchEdits], tuple[Tensor, dict[str, Pooled]]]


class Engine:
    """Runs a network on batches of one shape; made by `open_engine`.

    Attributes
    ----------
    clip : Clip
        The model, which stays as it is.
    layers : tuple of Layer
        Those that are read.
    batch_size : int
        Images per forward pass; shorter batches are padded with black images.
    """

    def __init__(
        self,
        clip: Clip,
        layers: Sequence[Layer],
        precision: Precision,
        batch_size: int,
        embeddings: bool,
        steps: SimpleQueue[_Step],
    ) -> None:
        self.clip, self.layers, self.batch_size = clip, tuple(layers), batch_size
        self._precision, self._embeddings, self._steps = precision, embeddings, steps
        self._units = {layer.path: layer.units for layer in layers}
        self._mine = threading.local()

    @torch.inference_mode()
    def run(self, batch: Tensor, edits: BatchEdits = NO_BATCH_EDITS) -> Output:
        """Run one batch, and leave what it gave on the device.

        Parameters
        ----------
        batch : Tensor of uint8, (images, 3, H, W)
            At most ``batch_size`` images, on any device.
        edits : mapping of Neuron to float or callable
            What units are set to; the layers are read after that.

        Raises
        ------
        OptionError
            If there are more images than ``batch_size``, or a compiled network is to be edited.
        NeuronNotFoundError
            If an edit is of a layer that is not read here, or of no unit.
        LayerNotFoundError
            If a layer gave another number of rows than there are images.
        """
        n = len(batch)
        self.check(edits)
        if n > self.batch_size:
            raise OptionError(f"{n} images in a batch of {self.batch_size}; give fewer at a time")
        if not hasattr(self._mine, "step"):
            self._mine.step = self._steps.get_nowait()
        # normalised in fp32 and only then rounded to the working precision
        inputs = self.clip.preprocess.normalise(self._padded(batch)).to(self._precision.dtype)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        embedded, kept = self._mine.step(inputs, edits)
        for path, pooled_layer in kept.items():
            check_rows(path, len(pooled_layer.peak.value), self.batch_size)
        return Output(
            embedded[:n], {layer.path: kept[layer.path].first(n) for layer in self.layers}
        )

    def read(self, batch: Tensor) -> Reading:
        """Run one batch, and give what it gave as arrays on the CPU.

        Parameters
        ----------
        batch : Tensor of uint8, (images, 3, H, W)
            As `run` takes it.
        """
        found = self.run(batch)
        return Reading(
            {path: kept.reading() for path, kept in found.layers.items()},
            found.embeddings.float().cpu().numpy() if self._embeddings else None,
        )

    def peaks(self, pixels: Tensor) -> dict[str, NDArray[np.float32]]:
        """Give the peak of every unit in any number of images.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)

        Returns
        -------
        dict of str to ndarray of float32, (images, units)
            By the layer's path.
        """
        read = [self.read(part) for part in torch.split(pixels, self.batch_size)]
        paths = [layer.path for layer in self.layers]
        return {path: np.concatenate([each.layers[path].peak for each in read]) for path in paths}

    def check(self, edits: BatchEdits) -> None:
        """Raise NeuronNotFoundError unless these units can be set here."""
        for neuron in edits:
            units = self._units.get(neuron.layer)
            if units is None:
                held = ", ".join(self._units) or "none"
                raise NeuronNotFoundError(f"no {neuron} to edit here; the layers are: {held}")
            if neuron.unit >= units:
                raise NeuronNotFoundError(f"{neuron.layer} has units 0 to {units - 1}: no {neuron}")

    def _padded(self, batch: Tensor) -> Tensor:
        moved = batch.to(self.clip.device, non_blocking=True)
        if len(moved) == self.batch_size:
            return moved
        padded = moved.new_zeros(self.batch_size, *moved.shape[1:])
        padded[: len(moved)] = moved
        return padded


@contextmanager
def open_engine(
    clip: Clip,
    layers: Sequence[Layer],
    *,
    precision: Precision = exact,
    batch_size: int | None = None,
    embeddings: bool = True,
    lanes: int = 1,
) -> Iterator[Engine]:
    """Make a fast copy of a network that reads layers of any number of images.

    The work is done on a copy of the image tower with BatchNorm folded into the convolutions
    (except those being read) and channels last. Every batch has the same shape: an image's numbers
    then do not depend on the other images, and a compiled graph is built once.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    layers : sequence of Layer
        What is read, pooled inside the network: peak, its place, mean, and class token.
    precision : Precision
        ``exact``, ``fast`` or ``compiled``.
    batch_size : int >= 1, optional
        Default: 32 on a CPU, 256 on a GPU. The last bits of all numbers depend on it.
    embeddings : bool
        If False, what runs after the last layer is skipped where that is possible.
    lanes : int >= 1
        Threads that may use the engine at the same time. Each gets modules of its own; the
        weights are shared.

    Yields
    ------
    Engine

    Raises
    ------
    OptionError
        If the network is being watched or edited.
    """
    paths = [layer.path for layer in layers]
    # a compiled step hands its tensors on as values, so that all threads can share one graph
    n_copies = 1 if precision.compiled else lanes
    make = _compiled_step if precision.compiled else _step
    steps: SimpleQueue[_Step] = SimpleQueue()
    with ExitStack() as stack:
        for network in inference_copies(clip, paths, precision, embeddings=embeddings, n=n_copies):
            step = make(network, layers, clip.device, stack)
            for _ in range(lanes // n_copies):
                steps.put(step)
        stack.enter_context(true_fp32(precision))
        size = batch_size or default_batch_size(clip.device)
        yield Engine(clip, layers, precision, size, embeddings, steps)


def default_batch_size(device: torch.device) -> int:
    """Give the images of one forward pass: 32 on a CPU, 256 on a GPU."""
    return 32 if device.type == "cpu" else 256


def _step(
    network: nn.Module, layers: Sequence[Layer], device: torch.device, stack: ExitStack
) -> _Step:
    def step(inputs: Tensor, edits: BatchEdits) -> tuple[Tensor, dict[str, Pooled]]:
        # hooks run in the order in which they were put there: what is edited is what is read
        with edit(network, edits), _watched(network, layers) as seen:
            embedded = network.encode_image(inputs)  # type: ignore[operator]
        return embedded, {path: kept[path] for path, kept in seen.items()}

    return step


def _compiled_step(
    network: nn.Module, layers: Sequence[Layer], device: torch.device, stack: ExitStack
) -> _Step:
    # the hooks are part of the graph, so they stay
    seen = stack.enter_context(_watched(network, layers))

    def run(inputs: Tensor) -> tuple[Tensor, dict[str, Pooled]]:
        embedded = network.encode_image(inputs)  # type: ignore[operator]
        return embedded, {path: seen[path][path] for path in seen}

    if device.type == "cpu":
        # weights are constants here: packed once for the processor's own layout
        built = torch.compile(run, dynamic=False, options={"freezing": True})
    else:
        built = torch.compile(run, dynamic=False, mode="max-autotune")

    def step(inputs: Tensor, edits: BatchEdits) -> tuple[Tensor, dict[str, Pooled]]:
        if edits:
            raise OptionError("a compiled network cannot be edited; use exact or fast")
        return built(inputs)

    return step


@contextmanager
def _watched(network: nn.Module, layers: Sequence[Layer]) -> Iterator[dict[str, dict[str, Pooled]]]:
    with ExitStack() as stack:
        yield {
            layer.path: stack.enter_context(
                watch(network, [layer.path], reduce=partial(pooled, layout=layer.layout))
            )
            for layer in layers
        }
