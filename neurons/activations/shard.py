"""What is the work of one shard? It needs its own images only, so any machine can do it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run_format import RunSpec
from neurons.activations.run_writer import Shard
from neurons.data.loading import Batch
from neurons.network.readings import Reading

# by the layer's path and what is kept of it
_Kept = dict[tuple[str, str], NDArray[Any]]

_EMBEDDINGS = ("", "embeddings")


def scan_shard(spec: RunSpec, index: int, readings: Iterable[tuple[Batch, Reading]]) -> Shard:
    """Do the work of one shard; it needs nothing but its own images, so any machine can do it.

    Parameters
    ----------
    spec : RunSpec
    index : int
        Of the shard.
    readings : iterable of (Batch, Reading)
        Its images in order, as `load_batch` gives them, and what `Engine.read` gives for each
        batch.

    Returns
    -------
    Shard
        To be committed by whoever holds the run's lock.
    """
    rows = spec.shard(index)
    kept = _empty_shard(spec, len(rows))
    skipped: dict[int, str] = {}
    hashes: list[NDArray[np.uint8]] = []
    for batch, reading in readings:
        _keep(kept, batch, reading, rows.start)
        skipped.update(batch.bad)
        if batch.sha256 is not None:
            hashes.append(batch.sha256)
    return Shard(
        index=index,
        peak=_by_layer(kept, "peak"),
        mean=_by_layer(kept, "mean"),
        position=_by_layer(kept, "position"),
        class_token=_by_layer(kept, "class_token"),
        embeddings=kept.get(_EMBEDDINGS),
        sha256=np.concatenate(hashes) if hashes else None,
        skipped=skipped,
    )


def _keep(kept: _Kept, batch: Batch, reading: Reading, start: int) -> None:
    """Copy what was read of the good images into their rows; ``start`` is the shard's first."""
    good = [slot for slot, image in enumerate(batch.indices) if image not in batch.bad]
    rows = [batch.indices[slot] - start for slot in good]
    for path, layer in reading.layers.items():
        kept[path, "peak"][rows] = layer.peak[good]
        kept[path, "mean"][rows] = layer.mean[good]
        kept[path, "position"][rows] = layer.position[good]
        if layer.class_token is not None:
            kept[path, "class_token"][rows] = layer.class_token[good]
    if reading.embeddings is not None:
        kept[_EMBEDDINGS][rows] = reading.embeddings[good]


def _by_layer(kept: _Kept, name: str) -> dict[str, NDArray[Any]]:
    return {path: values for (path, kind), values in kept.items() if kind == name}


def _empty_shard(spec: RunSpec, n: int) -> _Kept:
    kept: _Kept = {}
    for layer in spec.layers:
        names = ["peak", "mean", *(["class_token"] if layer.class_token else [])]
        for name in names:
            kept[layer.path, name] = np.full((n, layer.units), np.nan, np.float32)
        kept[layer.path, "position"] = np.zeros((n, layer.units), np.int32)
    if spec.embedding_size:
        kept[_EMBEDDINGS] = np.full((n, spec.embedding_size), np.nan, np.float32)
    return kept
