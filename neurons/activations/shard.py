"""What is the work of one shard? It needs its own images only, so any machine can do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run_format import RunSpec
from neurons.activations.run_writer import Shard
from neurons.data.loading import Batch
from neurons.network.inference import Reading


def scan_shard(
    spec: RunSpec,
    index: int,
    readings: Iterable[tuple[Batch, Reading]],
    done: Callable[[Batch], None] | None = None,
) -> Shard:
    """Do the work of one shard; it needs nothing but its own images, so any machine can do it.

    Parameters
    ----------
    spec : RunSpec
    index : int
        Of the shard.
    readings : iterable of (Batch, Reading)
        Its images in order, as `load_batch` gives them, and what `reader` says of each batch.
    done : callable, optional
        Called after each batch.

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
        good = [i for i, image in enumerate(batch.indices) if image not in batch.bad]
        at = [batch.indices[i] - rows.start for i in good]
        for path, layer in reading.layers.items():
            kept[path, "peak"][at] = layer.peak[good]
            kept[path, "mean"][at] = layer.mean[good]
            kept[path, "position"][at] = layer.position[good]
            if layer.class_token is not None:
                kept[path, "class_token"][at] = layer.class_token[good]
        if reading.embeddings is not None:
            kept["", "embeddings"][at] = reading.embeddings[good]
        if batch.sha256 is not None:
            hashes.append(batch.sha256)
        skipped.update(batch.bad)
        if done is not None:
            done(batch)

    def of(name: str) -> dict[str, NDArray[Any]]:
        return {path: values for (path, kind), values in kept.items() if kind == name}

    return Shard(
        index=index,
        peak=of("peak"),
        mean=of("mean"),
        position=of("position"),
        class_token=of("class_token"),
        embeddings=kept.get(("", "embeddings")),
        sha256=np.concatenate(hashes) if hashes else None,
        skipped=skipped,
    )


def _empty_shard(spec: RunSpec, n: int) -> dict[tuple[str, str], NDArray[Any]]:
    kept: dict[tuple[str, str], NDArray[Any]] = {}
    for layer in spec.layers:
        names = ["peak", "mean", *(["class_token"] if layer.class_token else [])]
        for name in names:
            kept[layer.path, name] = np.full((n, layer.units), np.nan, np.float32)
        kept[layer.path, "position"] = np.zeros((n, layer.units), np.int32)
    if spec.embedding_size:
        kept["", "embeddings"] = np.full((n, spec.embedding_size), np.nan, np.float32)
    return kept
