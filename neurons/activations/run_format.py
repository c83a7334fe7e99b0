"""What does a run on disk hold, and what do its numbers depend on?

A run is a folder, itself a zarr v3 group::

    RUN/zarr.json                          provenance, as attributes
    RUN/layers/visual.layer4/peak          images x units; also mean, position, class_token
    RUN/embeddings                         images x dimensions
    RUN/status                             images: 0 not scanned, 1 good, 2 skipped
    RUN/images.parquet                     each image's id and label
    RUN/skipped/00000003.json              why images of a shard were skipped
    RUN/dictionaries/PATH/                 sparse autoencoders whose features are the layer PATH
    RUN/lost/00000003.json                 units that were not finite, or rounded to 0, in a shard

A shard of images is committed by writing its piece of ``status`` last: where that piece is, all
the others are too. Every file is written beside its place and renamed into it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurons.differences import differences, listed_differences
from neurons.errors import RunNotFoundError, StaleActivationsError
from neurons.folder_kinds import RUN, not_there

FORMAT = 1
PENDING, GOOD, SKIPPED = 0, 1, 2
# what is being added to a run lies here until it is finished
GROWING = "growing"


@dataclass(frozen=True)
class LayerSpec:
    """What is stored of a layer, and how a position is read.

    Parameters
    ----------
    path : str
    kind : str
    units : int
    height, width : int
        Of the map: ``position = row * width + column``.
    class_token : bool
        Whether a ViT's class token is stored beside the patches.
    field : tuple of float
        The effective receptive field: left, top, right, bottom in shares of the network's input,
        around the place of the peak. Measured on some of the run's own images.
    """

    path: str
    kind: str
    units: int
    height: int
    width: int
    class_token: bool
    field: tuple[float, float, float, float]


@dataclass(frozen=True)
class RunSpec:
    """Everything that a store's shape and numbers depend on.

    Parameters
    ----------
    n_images : int
    layers : tuple of LayerSpec
    embedding_size : int
        0 where embeddings are not kept.
    shard_size : int
        Images committed together.
    dtype : str
        ``float32`` or ``float16``, of peaks, means and embeddings.
    content_hash : bool
        Whether each file's SHA-256 is kept.
    provenance : mapping
        Model, images, precision and versions, as plain values.
    """

    n_images: int
    layers: tuple[LayerSpec, ...]
    embedding_size: int
    shard_size: int
    dtype: str
    content_hash: bool
    provenance: Mapping[str, Any]

    @property
    def n_shards(self) -> int:
        """Shards in the run; the last may be short."""
        return -(-self.n_images // self.shard_size)

    def shard(self, index: int) -> range:
        """Give the images of a shard."""
        start = index * self.shard_size
        return range(start, min(start + self.shard_size, self.n_images))

    def as_attributes(self) -> dict[str, Any]:
        """Plain values for zarr's attributes."""
        return {
            "format": FORMAT,
            "n_images": self.n_images,
            "layers": {layer.path: _layer_values(layer) for layer in self.layers},
            "embedding_size": self.embedding_size,
            "shard_size": self.shard_size,
            "dtype": self.dtype,
            "content_hash": self.content_hash,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_attributes(cls, values: Mapping[str, Any]) -> RunSpec:
        """Read what `as_attributes` wrote."""
        known = {key: value for key, value in values.items() if key != "format"}
        layers = tuple(
            LayerSpec(path, **{**layer, "field": tuple(layer["field"])})
            for path, layer in values["layers"].items()
        )
        return cls(**{**known, "layers": layers})


def _layer_values(layer: LayerSpec) -> dict[str, Any]:
    values = {key: value for key, value in vars(layer).items() if key != "path"}
    return {**values, "field": list(layer.field)}


def arrays(spec: RunSpec) -> dict[str, tuple[int, str, Any]]:
    """Name, width (0: one number per image), dtype and fill value of every array of a run."""
    arrays: dict[str, tuple[int, str, Any]] = {"status": (0, "uint8", PENDING)}
    for layer in spec.layers:
        at = f"layers/{layer.path}"
        arrays[f"{at}/peak"] = (layer.units, spec.dtype, np.nan)
        arrays[f"{at}/mean"] = (layer.units, spec.dtype, np.nan)
        # a map of more than 65,536 places needs the wider number
        position = "uint16" if layer.height * layer.width <= 1 << 16 else "uint32"
        arrays[f"{at}/position"] = (layer.units, position, 0)
        if layer.class_token:
            arrays[f"{at}/class_token"] = (layer.units, spec.dtype, np.nan)
    if spec.embedding_size:
        arrays["embeddings"] = (spec.embedding_size, spec.dtype, np.nan)
    if spec.content_hash:
        arrays["sha256"] = (32, "uint8", 0)
    return arrays


def read_spec(path: Path) -> RunSpec:
    """Read a run's spec.

    Raises
    ------
    RunNotFoundError
        If there is no run.
    """
    file = path / "zarr.json"
    if not file.is_file():
        raise RunNotFoundError(not_there(path, RUN, "`neurons scan` makes one"))
    check_grown(path)
    attributes = json.loads(file.read_text(encoding="utf-8")).get("attributes", {})
    if attributes.get("format") != FORMAT:
        raise RunNotFoundError(
            f"{str(path)!r} is no run of this version (format {attributes.get('format')}, "
            f"here {FORMAT}); scan again"
        )
    return RunSpec.from_attributes(attributes)


def check_same(path: Path, run: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Raise StaleActivationsError, saying what differs, unless the run has what is asked."""
    found = differences(run, asked)
    if found:
        raise StaleActivationsError(
            f"run {str(path)!r} was not made of this ({listed_differences(found)}); give what it "
            f"was made of, or scan again"
        )


def growing_file(path: Path) -> Path:
    """Say where it is written what a run is to become, while it is changed."""
    return path / f"{GROWING}.json"


def check_grown(path: Path) -> None:
    """Refuse a run that was stopped in the middle of a change of its arrays.

    Raises
    ------
    RunNotFoundError
        The message says how to end it.
    """
    if growing_file(path).exists():
        raise RunNotFoundError(
            f"run {str(path)!r} was stopped while something was added to it; give the same command "
            f"again to end that"
        )
