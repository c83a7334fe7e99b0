"""A run of random numbers that are known, and its shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurons.activations.run import Activations
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing
from neurons.data.images import ImageSet

UNITS = 1024


def spec_of(images: ImageSet) -> RunSpec:
    layer = LayerSpec("layer", "Random", UNITS, 3, 3, False, (-0.1, -0.1, 0.1, 0.1))
    return RunSpec(len(images), (layer,), 0, 16, "float32", False, {"images": images.provenance()})


def shard_of(spec: RunSpec, index: int) -> Shard:
    rng = np.random.default_rng(index)
    shape = (len(spec.shard(index)), UNITS)
    peak = {"layer": rng.normal(size=shape).astype(np.float32)}
    position = {"layer": rng.integers(0, 9, shape).astype(np.int32)}
    return Shard(index, peak, {"layer": peak["layer"] / 2}, position, {}, None, None, {})


def write_run(path: Path, images: ImageSet) -> RunSpec:
    spec = spec_of(images)
    with open_for_writing(path, spec, images) as writer:
        for index in writer.missing():
            writer.commit(shard_of(spec, index))
    return spec


def run_of(path: Path, images: ImageSet, peaks: np.ndarray, *, layer: str = "layer") -> Activations:
    """Keep peaks, (images, units), as the only layer of a run; its maps are 1 x 1."""
    planted = LayerSpec(layer, "Planted", peaks.shape[1], 1, 1, False, (-0.5, -0.5, 0.5, 0.5))
    shape = {"size": [96, 96], "mean": [0.5] * 3, "std": [0.5] * 3, "fill_color": 0}
    shape |= {"interpolation": "bicubic", "resize_mode": "squash"}
    provenance = {
        "images": images.provenance(),
        "model": {"name": "planted", "preprocess": shape},
        "precision": "exact",
        "where": {"images": images.location, "label_column": images.label_column},
    }
    spec = RunSpec(len(images), (planted,), 0, len(images), "float32", False, provenance)
    with open_for_writing(path, spec, images) as writer:
        for index in writer.missing():
            values = {layer: peaks[list(spec.shard(index))].astype(np.float32)}
            where = {layer: np.zeros_like(values[layer], np.int32)}
            writer.commit(Shard(index, values, values, where, {}, None, None, {}))
    return Activations.open(path)
