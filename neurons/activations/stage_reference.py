"""What do layers usually give? Peaks, pooled units and embeddings of other images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.data.loading import batches_of, load_batch
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.engine import default_batch_size, open_engine
from neurons.network.inference import exact
from neurons.network.layers import find_layers
from neurons.network.readings import Reading
from neurons.readouts.copies import equal_rows

Values = NDArray[np.float32]
Progress = Callable[[int, int], None]

# of a larger run so many rows are read, evenly spaced
_MOST_ROWS = 4096
# two images with this cosine or more are taken for one and the same: copies differ in rounding only
_SAME = 0.9999


@dataclass(frozen=True, eq=False)
class LayerReference:
    """What a layer gave for the images.

    Parameters
    ----------
    peaks : ndarray of float32, (images, units)
        Over the map; nan where a unit was not finite.
    pooled : ndarray of float32, (images, units or 2 x units)
        Means over the map, and after them the class token where the layer has one.
    """

    peaks: Values
    pooled: Values

    @property
    def means(self) -> Values:
        """Means over the map, (images, units)."""
        return self.pooled[:, : self.peaks.shape[1]]


@dataclass(frozen=True, eq=False)
class StageReference:
    """Other images that one image is compared with, layer by layer.

    Parameters
    ----------
    source : str
        What they are, such as ``3,160 images of the run``.
    layers : mapping of str to LayerReference
        By the layer's path.
    embeddings : ndarray of float32, (images, embedding), or None
        Not normalised; None where the run was made without.
    provenance : mapping
        Of the run, or of the images.
    n_same : int
        Images that were left out, since they were the image itself or copies of it.
    """

    source: str
    layers: Mapping[str, LayerReference]
    embeddings: Values | None
    provenance: Mapping[str, Any]
    n_same: int = 0

    @property
    def n(self) -> int:
        """How many images."""
        return len(next(iter(self.layers.values())).peaks) if self.layers else 0

    def groups(self) -> NDArray[np.intp]:
        """Give numbers to images so that copies share one."""
        if self.embeddings is None:
            return np.arange(self.n)
        return equal_rows(self.embeddings)

    def without(self, embedding: NDArray[np.floating]) -> StageReference:
        """Leave out an image itself and its copies, by its embedding, (embedding,)."""
        if self.embeddings is None:
            return self
        own = np.asarray(embedding, np.float64)
        lengths = np.linalg.norm(self.embeddings, axis=1) * np.linalg.norm(own)
        kept = self.embeddings @ own < _SAME * np.maximum(lengths, 1e-30)
        return replace(
            self,
            layers={
                path: LayerReference(each.peaks[kept], each.pooled[kept])
                for path, each in self.layers.items()
            },
            embeddings=self.embeddings[kept],
            n_same=int((~kept).sum()),
        )


def reference_of_run(run: Activations, layers: Sequence[str]) -> StageReference:
    """Take what a run holds of some layers; layers that it does not hold are left out.

    Parameters
    ----------
    run : Activations
    layers : sequence of str

    Raises
    ------
    OptionError
        If the run holds none of the layers.
    """
    held = {each.path: each for each in run.layers}
    paths = [path for path in layers if path in held]
    if not paths:
        raise OptionError(
            f"the run holds none of the layers {', '.join(layers)}: it holds "
            f"{', '.join(held)}; scan again with these layers, or name those of the run"
        )
    good = run.good_rows()
    rows = good[:: -(-len(good) // _MOST_ROWS)] if len(good) else good

    def read(path: str, name: str) -> Values:
        return np.asarray(run.array(path, name).oindex[rows], np.float32)

    found = {}
    for path in paths:
        pooled = [read(path, "mean")]
        if held[path].class_token:
            pooled.append(read(path, "class_token"))
        found[path] = LayerReference(read(path, "peak"), np.concatenate(pooled, 1))
    embedded = None
    if run.spec.embedding_size:
        embedded = np.asarray(run.embeddings.oindex[rows], np.float32)
    return StageReference(f"{len(rows):,} images of the run", found, embedded, run.provenance())


def reference_of_images(
    clip: Clip,
    images: ImageSet,
    layers: Sequence[str],
    *,
    progress: Progress = lambda done, total: None,
) -> StageReference:
    """Run a model on images, and keep what some layers give.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
        A few hundred: all of them are run. Images that cannot be read are left out.
    layers : sequence of str
    progress : callable
        Takes how many of how many images are done.

    Raises
    ------
    LayerNotFoundError
        If the model has no such layer.
    """
    found = find_layers(clip, layers)
    size = default_batch_size(clip.device)
    readings: list[tuple[Reading, NDArray[np.intp]]] = []
    with open_engine(clip, found, precision=exact, batch_size=size) as engine:
        for rows in batches_of(range(len(images)), size):
            batch = load_batch(clip.preprocess, images, rows, batch_size=size)
            good = np.array([i for i, row in enumerate(rows) if row not in batch.bad], np.intp)
            readings.append((engine.read(batch.pixels), good))
            progress(rows.stop, len(images))
    layered = {
        layer.path: LayerReference(
            np.concatenate([each.layers[layer.path].peak[good] for each, good in readings]),
            np.concatenate([_pooled(each, layer.path)[good] for each, good in readings]),
        )
        for layer in found
    }
    parts = [each.embeddings[good] for each, good in readings if each.embeddings is not None]
    provenance = {"model": clip.provenance(), "images": images.provenance(), "precision": "exact"}
    n = sum(len(good) for _, good in readings)
    return StageReference(f"{n:,} images", layered, np.concatenate(parts), provenance)


def _pooled(reading: Reading, path: str) -> Values:
    layer = reading.layers[path]
    if layer.class_token is None:
        return layer.mean
    return np.concatenate([layer.mean, layer.class_token], 1)
