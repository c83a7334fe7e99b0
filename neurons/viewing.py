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

from neurons.address import Neuron
from neurons.errors import ImagesNotFoundError, NeuronNotFoundError, OptionError
from neurons.hooks import Peak, edit, peak, watch
from neurons.images import ImageSet
from neurons.inference import Precision, exact, inference_copy, true_fp32
from neurons.layers import Layer, Layout, find_layers, layers
from neurons.loading import batches_of, load_batch
from neurons.model import Clip
from neurons.objectives import EMBEDDING
from neurons.zeroshot import Readout, Scores

Values = NDArray[np.float32]
Edits = Mapping[Neuron, float]
# what some units of a layer are set to, in one batch; see `hooks.edit`
BatchEdits = Mapping[Neuron, float | Callable[[Tensor], Tensor]]
# takes a batch on its device, and which of the pixels it is
Alter = Callable[[Tensor, range], Tensor]

NO_EDITS: Edits = {}
_AS_THEY_ARE: Alter = lambda batch, rows: batch  # noqa: E731 - a default that does nothing


@dataclass(frozen=True)
class Prepared:
    """Images at the network's input size, decoded once.

    Parameters
    ----------
    images : ImageSet
    rows : tuple of int
        Which of the set's images these are.
    pixels : Tensor of uint8, (images, 3, H, W)
        On the CPU.
    n_skipped : int
        Images that were asked for and could not be decoded.
    """

    images: ImageSet
    rows: tuple[int, ...]
    pixels: Tensor
    n_skipped: int

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, which: Sequence[int] | NDArray[np.intp]) -> Prepared:
        """Take some of them, by their place here."""
        places = [int(i) for i in which]
        rows = tuple(self.rows[i] for i in places)
        return Prepared(self.images, rows, self.pixels[places], self.n_skipped)

    def halves(self, seed: int) -> tuple[Prepared, Prepared]:
        """Part them at random into those to choose with and those to measure on.

        Raises
        ------
        OptionError
            If there is one image only.
        """
        if len(self) < 2:
            raise OptionError("one image cannot be chosen with and measured on; give two or more")
        order = np.random.default_rng(seed).permutation(len(self))
        half = len(self) // 2
        return self.part(order[:half]), self.part(order[half:])

    def labels(self) -> tuple[str, ...]:
        """Give each image's class; empty where it has none."""
        known = self.images.labels
        if known is None:
            return ("",) * len(self)
        names = self.images.class_names
        return tuple(names[known[row]] if known[row] >= 0 else "" for row in self.rows)

    def truth(self, readout: Readout) -> NDArray[np.int64]:
        """Give each image's class as the readout counts them; -1 where it has no such class."""
        places = {name: i for i, name in enumerate(readout.class_names)}
        return np.array([places.get(label, -1) for label in self.labels()], np.int64)

    def provenance(self) -> dict[str, object]:
        """Tell which images these are."""
        return {**self.images.provenance(), "n_taken": len(self), "n_skipped": self.n_skipped}


def prepare(
    clip: Clip,
    images: ImageSet,
    *,
    n: int | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Decode and resize images, once for all that is done with them.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    n : int >= 1, optional
        So many of them, drawn without replacement; default: all.
    rows : sequence of int, optional
        To draw from; default: the whole set.
    seed : int
    progress : callable
        Takes how many of how many are ready.

    Raises
    ------
    OptionError
        If ``n`` is below one.
    ImagesNotFoundError
        If none of them can be decoded.
    """
    if n is not None and n < 1:
        raise OptionError(f"{n} images to attack: at least 1")
    pool = np.arange(len(images)) if rows is None else np.asarray(rows, np.intp)
    chosen = pool
    if n is not None and n < len(pool):
        chosen = np.sort(np.random.default_rng(seed).choice(pool, n, replace=False))
    parts, kept, bad = [], [], 0
    for span in batches_of(range(len(chosen)), 32):
        wanted = [int(chosen[i]) for i in span]
        batch = load_batch(clip, images, wanted, batch_size=len(wanted))
        good = [i for i, row in enumerate(wanted) if row not in batch.bad]
        parts.append(batch.pixels[good])
        kept += [wanted[i] for i in good]
        bad += len(batch.bad)
        progress(span.stop, len(chosen))
    if not kept:
        raise ImagesNotFoundError(f"none of {len(chosen)} images of {images.name!r} can be decoded")
    return Prepared(images, tuple(kept), torch.cat(parts), bad)


@dataclass(frozen=True)
class Seen:
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


def joined(parts: Sequence[Seen]) -> Seen:
    """Put what was seen of several batches of pixels together, in order."""
    return Seen(
        np.concatenate([part.embeddings for part in parts]),
        {path: np.concatenate([part.peaks[path] for part in parts]) for path in parts[0].peaks},
        {path: np.concatenate([part.means[path] for part in parts]) for path in parts[0].means},
    )


class Eye:
    """Looks at pixels, in batches of one shape; made by `open_eye`."""

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

    def see(self, pixels: Tensor, *, edits: Edits = NO_EDITS, alter: Alter = _AS_THEY_ARE) -> Seen:
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

        return self._see(len(pixels), take, lambda rows: edits, alter)

    def see_without_each(self, pixels: Tensor, units: Sequence[Neuron]) -> Seen:
        """Look at pixels with one unit silenced at a time, many units in a batch.

        Returns
        -------
        Seen
            As `see_each`.
        """
        return self.see_each(pixels, [{unit: 0.0} for unit in units])

    def see_each(self, pixels: Tensor, variants: Sequence[Edits]) -> Seen:
        """Look at pixels under one edit after another, many of them in a batch.

        Parameters
        ----------
        pixels : Tensor of uint8, (images, 3, H, W)
        variants : sequence of mapping of Neuron to float
            As ``edits`` of `see`, one mapping a variant.

        Returns
        -------
        Seen
            Of all pixels under the first variant, then under the second; so
            ``values.reshape(len(variants), len(pixels), -1)``.

        Raises
        ------
        NeuronNotFoundError
            As `see`.
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

        return self._see(n * len(variants), take, edits, _AS_THEY_ARE)

    @torch.inference_mode()
    def _see(
        self,
        n: int,
        take: Callable[[range], Tensor],
        edits_of: Callable[[range], BatchEdits],
        alter: Alter,
    ) -> Seen:
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
        return Seen(
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
def open_eye(
    clip: Clip,
    paths: Iterable[str] = (),
    *,
    readouts: Sequence[Readout] = (),
    precision: Precision = exact,
    batch_size: int | None = None,
) -> Iterator[Eye]:
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
        yield Eye(clip, network, found, precision, size)


def stages(clip: Clip, *, most: int = 4) -> tuple[str, ...]:
    """Give blocks of one kind, evenly over a network's depth: `layer1` to `layer4` of a ResNet.

    Parameters
    ----------
    clip : Clip
    most : int >= 1

    Raises
    ------
    OptionError
        If the model has no blocks with maps.
    """
    placed = _placed(clip)
    depths = [path.count(".") for path in placed]
    # the outermost level that has several; a ViT's transformer is one block of many
    several = [depth for depth in sorted(set(depths)) if depths.count(depth) >= 3]
    level = several[0] if several else max(depths)
    found = [path for path, depth in zip(placed, depths, strict=True) if depth == level]
    chosen = np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))
    return tuple(found[i] for i in chosen)


def last_block(clip: Clip) -> str:
    """Give the path of the deepest block whose units have a place: `layer4` of a ResNet.

    Raises
    ------
    OptionError
        If the model has none.
    """
    return _placed(clip)[-1]


def _placed(clip: Clip) -> list[str]:
    placed = [
        layer.path
        for layer in layers(clip)
        if layer.is_block and layer.layout.height * layer.layout.width > 1
    ]
    if not placed:
        raise OptionError(f"{clip.name} has no block with maps; name a layer; see `neurons layers`")
    return placed
