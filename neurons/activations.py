"""How are activations kept on disk, so that nothing is lost and one unit is cheap to read?

A run is a folder, itself a zarr v3 group::

    RUN/zarr.json                          provenance, as attributes
    RUN/layers/visual.layer4/peak          images x units; also mean, position, class_token
    RUN/embeddings                         images x dimensions
    RUN/status                             images: 0 not scanned, 1 good, 2 skipped
    RUN/images.parquet                     each image's id and label
    RUN/skipped/00000003.json              why images of a shard were skipped

A shard of images is committed by writing its piece of ``status``, last: a piece that is there
says that all the others are. Every file is written beside its place and renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from neurons.address import Neuron
from neurons.errors import (
    LayerNotFoundError,
    NeuronNotFoundError,
    OptionError,
    RunLockedError,
    RunNotFoundError,
    StaleActivationsError,
)
from neurons.images import ImageSet
from neurons.model import Clip

FORMAT = 1
PENDING, GOOD, SKIPPED = 0, 1, 2

# units that lie together in a file: reading one unit reads this many
_UNITS_PER_CHUNK = 32


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
        around the place of the peak.
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
            "layers": [{**vars(layer), "field": list(layer.field)} for layer in self.layers],
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
            LayerSpec(**{**layer, "field": tuple(layer["field"])}) for layer in values["layers"]
        )
        return cls(**{**known, "layers": layers})


@dataclass(frozen=True)
class Shard:
    """The work of one shard, done: rows in the order of its images, nan where one was skipped.

    Parameters
    ----------
    index : int
    peak, mean : mapping of str to ndarray of float32, (images, units)
        By layer.
    position : mapping of str to ndarray of uint16, (images, units)
    class_token : mapping of str to ndarray of float32, (images, units)
        Only layers that have one.
    embeddings : ndarray of float32, (images, dimensions), or None
    sha256 : ndarray of uint8, (images, 32), or None
    skipped : mapping of int to str
        Why, by the image's index in the whole set.
    """

    index: int
    peak: Mapping[str, NDArray[np.float32]]
    mean: Mapping[str, NDArray[np.float32]]
    position: Mapping[str, NDArray[np.uint16]]
    class_token: Mapping[str, NDArray[np.float32]]
    embeddings: NDArray[np.float32] | None
    sha256: NDArray[np.uint8] | None
    skipped: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Activations:
    """A finished run, opened but never loaded whole.

    Rows are images in the order of the set; a skipped image's row is nan (its position is 0).
    """

    path: Path
    spec: RunSpec
    _group: Any

    @classmethod
    def open(
        cls, path: str | Path, *, clip: Clip | None = None, images: ImageSet | None = None
    ) -> Activations:
        """Open a finished run.

        Parameters
        ----------
        path : str or Path
        clip : Clip, optional
            If given, the run must have been made with this model.
        images : ImageSet, optional
            If given, the run must have been made of these images.

        Raises
        ------
        RunNotFoundError
            If there is no run, or it is not finished.
        StaleActivationsError
            If the run is of another model or other images; the message says what differs.
        """
        path = Path(path)
        spec = read_spec(path)
        asked: dict[str, object] = {}
        if clip is not None:
            asked["model"] = _without_name(clip.provenance())
        if images is not None:
            asked["images"] = images.provenance()
        _compare(path, spec.provenance, asked)
        group = zarr.open_group(path, mode="r")
        run = cls(path, spec, group)
        done = int(np.count_nonzero(run.status))
        if done < spec.n_images:
            raise RunNotFoundError(
                f"run {str(path)!r} is not finished ({done:,} of {spec.n_images:,} images); "
                f"give `neurons scan` the same command again to go on"
            )
        return run

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """The layers that were scanned."""
        return self.spec.layers

    def layer(self, path: str) -> LayerSpec:
        """Find a scanned layer.

        Raises
        ------
        LayerNotFoundError
            If the run does not hold it.
        """
        for layer in self.spec.layers:
            if layer.path == path:
                return layer
        held = ", ".join(layer.path for layer in self.spec.layers)
        raise LayerNotFoundError(
            f"the run holds no layer {path!r}; it holds: {held}; scan again with --layers {path}"
        )

    def peak(self, neuron: Neuron) -> NDArray[np.float32]:
        """Largest activation of the unit in each image: (images,)."""
        return self._column(neuron, "peak").astype(np.float32)

    def mean(self, neuron: Neuron) -> NDArray[np.float32]:
        """Mean activation over the map: (images,)."""
        return self._column(neuron, "mean").astype(np.float32)

    def position(self, neuron: Neuron) -> NDArray[np.uint16]:
        """Place of the peak, row * width + column: (images,)."""
        return self._column(neuron, "position").astype(np.uint16)

    def class_token(self, neuron: Neuron) -> NDArray[np.float32]:
        """Activation of the unit in the class token: (images,).

        Raises
        ------
        LayerNotFoundError
            If the layer has no class token.
        """
        if not self.layer(neuron.layer).class_token:
            raise LayerNotFoundError(f"{neuron.layer!r} has no class token")
        return self._column(neuron, "class_token").astype(np.float32)

    def array(self, layer: str, name: str) -> Any:
        """Give the zarr array of a layer (``peak``, ``mean``, ``position``, ``class_token``)."""
        self.layer(layer)
        return self._group[f"layers/{layer}/{name}"]

    @property
    def embeddings(self) -> Any:
        """The zarr array of image embeddings, (images, dimensions), not normalised.

        Raises
        ------
        LayerNotFoundError
            If the run was made without.
        """
        if not self.spec.embedding_size:
            raise LayerNotFoundError(f"run {str(self.path)!r} was made without embeddings")
        return self._group["embeddings"]

    @property
    def status(self) -> NDArray[np.uint8]:
        """For each image: `GOOD` or `SKIPPED`."""
        return np.asarray(self._group["status"][:], np.uint8)

    def ids(self) -> list[str]:
        """Every image's id."""
        found: list[str] = pq.read_table(self.path / "images.parquet")["id"].to_pylist()
        return found

    def skipped(self) -> dict[int, str]:
        """Why images were skipped, by index."""
        reasons: dict[int, str] = {}
        for file in sorted((self.path / "skipped").glob("*.json")):
            listed = json.loads(file.read_text(encoding="utf-8"))
            reasons.update({int(row["index"]): str(row["reason"]) for row in listed})
        return reasons

    def _column(self, neuron: Neuron, name: str) -> NDArray[Any]:
        units = self.layer(neuron.layer).units
        if neuron.unit >= units:
            raise NeuronNotFoundError(f"{neuron.layer} has units 0 to {units - 1}: no {neuron}")
        return np.asarray(self._group[f"layers/{neuron.layer}/{name}"][:, neuron.unit])


class Writer:
    """Commits shards to a run; made by `open_for_writing`, which holds the run's lock."""

    def __init__(self, path: Path, spec: RunSpec) -> None:
        self.path = path
        self.spec = spec
        self._group = zarr.open_group(path, mode="r+")
        (self.path / "skipped").mkdir(exist_ok=True)

    def missing(self) -> list[int]:
        """Shards that are not committed yet."""
        status = self._group["status"][:]
        return [i for i in range(self.spec.n_shards) if not status[self.spec.shard(i)[0]]]

    def commit(self, shard: Shard) -> None:
        """Write a shard; it counts once its piece of ``status`` is in place.

        Raises
        ------
        OptionError
            If a number is too large for float16.
        """
        rows = self.spec.shard(shard.index)
        where = slice(rows.start, rows.stop)
        for layer in self.spec.layers:
            for name, values in (
                ("peak", shard.peak),
                ("mean", shard.mean),
                ("class_token", shard.class_token),
            ):
                if layer.path in values:
                    self._write(f"layers/{layer.path}/{name}", where, values[layer.path])
            self._group[f"layers/{layer.path}/position"][where] = shard.position[layer.path]
        if shard.embeddings is not None:
            self._write("embeddings", where, shard.embeddings)
        if shard.sha256 is not None:
            self._group["sha256"][where] = shard.sha256
        if shard.skipped:
            _write_file(self.path / "skipped" / f"{shard.index:08}.json", _as_json(shard.skipped))
        self._sync(shard.index)
        status = np.full(len(rows), GOOD, np.uint8)
        status[[index - rows.start for index in shard.skipped]] = SKIPPED
        self._group["status"][where] = status

    def _write(self, name: str, where: slice, values: NDArray[np.float32]) -> None:
        with np.errstate(over="ignore"):
            stored = values.astype(self.spec.dtype)
        if np.any(np.isinf(stored) & np.isfinite(values)):
            raise OptionError(
                f"{name}: an activation of {np.nanmax(np.abs(values)):.3g} does not fit into "
                f"float16; scan with --dtype float32"
            )
        self._group[name][where] = stored

    def _sync(self, shard: int) -> None:
        # the data must be on the disk before the mark that says so
        for array in _arrays(self.spec):
            piece = self.path / array / "c" / str(shard)
            for file in [piece / "0"] if (piece / "0").is_file() else []:
                _sync_file(file)


@contextmanager
def open_for_writing(path: Path, spec: RunSpec, images: ImageSet) -> Iterator[Writer]:
    """Create a run, or go on with one that has the same spec, and hold its lock.

    Raises
    ------
    RunLockedError
        If another process is writing it.
    StaleActivationsError
        If the run there was started with other settings; the message says what differs.
    """
    path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunLockedError(
            f"another process is writing run {str(path)!r}; wait for it, or choose another --out"
        ) from None
    try:
        for torn in path.rglob("*.partial"):
            torn.unlink()
        if (path / "zarr.json").is_file():
            _compare(path, read_spec(path).as_attributes(), spec.as_attributes())
        elif any(file.name != ".lock" for file in path.iterdir()) and not _is_torn(path):
            raise RunNotFoundError(f"{str(path)!r} is not empty and is no run; choose another --out")
        else:
            _create(path, spec, images)
        yield Writer(path, spec)
    finally:
        lock.release()


def read_spec(path: Path) -> RunSpec:
    """Read a run's spec.

    Raises
    ------
    RunNotFoundError
        If there is no run.
    """
    file = path / "zarr.json"
    if not file.is_file():
        raise RunNotFoundError(f"no run at {str(path)!r}; `neurons scan --out {path}` makes one")
    attributes = json.loads(file.read_text(encoding="utf-8")).get("attributes", {})
    if attributes.get("format") != FORMAT:
        raise RunNotFoundError(
            f"{str(path)!r} is no run of this version (format {attributes.get('format')}, "
            f"here {FORMAT}); scan again"
        )
    return RunSpec.from_attributes(attributes)


def differences(run: Mapping[str, Any], asked: Mapping[str, Any], at: str = "") -> list[str]:
    """List where two nested mappings differ, key by key, as far as ``asked`` has the key."""
    found = []
    for key, value in asked.items():
        there = run.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            found += differences(there, value, f"{at}{key}.")
        elif there != value:
            found.append(f"{at}{key}: the run has {there!r}, asked is {value!r}")
    return found


def _compare(path: Path, run: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    found = differences(run, asked)
    if found:
        raise StaleActivationsError(
            f"run {str(path)!r} was made with other settings ({'; '.join(found)}); "
            f"ask for the same, or scan to another --out"
        )


def _without_name(model: dict[str, object]) -> dict[str, object]:
    # the same weights under another path are the same model
    return {key: value for key, value in model.items() if key != "name"}


# the group's zarr.json is written last, so a folder with these and without it was never started
_MADE_FIRST = {".lock", "images.parquet", "layers", "embeddings", "status", "sha256"}


def _is_torn(path: Path) -> bool:
    return {file.name for file in path.iterdir()} <= _MADE_FIRST


def _create(path: Path, spec: RunSpec, images: ImageSet) -> None:
    _write_ids(path / "images.parquet", images)
    for name, (width, dtype, fill) in _arrays(spec).items():
        shape: tuple[int, ...] = (spec.n_images,)
        chunks, shards = (spec.shard_size,), None
        if width:
            per_chunk = min(_UNITS_PER_CHUNK, width)
            shape = (spec.n_images, width)
            chunks = (spec.shard_size, per_chunk)  # type: ignore[assignment]
            shards = (spec.shard_size, -(-width // per_chunk) * per_chunk)
        zarr.create_array(
            path / name,
            shape=shape,
            dtype=dtype,
            chunks=chunks,
            shards=shards,
            fill_value=fill,
            compressors=ZstdCodec(level=1),
            overwrite=True,
        )
    # attributes first in memory, one file at last: its presence says that the run was created
    zarr.create_group(path / "layers", overwrite=False) if not (
        path / "layers" / "zarr.json"
    ).is_file() else None
    content = {"zarr_format": 3, "node_type": "group", "attributes": spec.as_attributes()}
    _write_file(path / "zarr.json", json.dumps(content, indent=2).encode())


def _arrays(spec: RunSpec) -> dict[str, tuple[int, str, Any]]:
    """Name, width (0: one number an image), dtype and fill value of every array of a run."""
    arrays: dict[str, tuple[int, str, Any]] = {"status": (0, "uint8", PENDING)}
    for layer in spec.layers:
        at = f"layers/{layer.path}"
        arrays[f"{at}/peak"] = (layer.units, spec.dtype, np.nan)
        arrays[f"{at}/mean"] = (layer.units, spec.dtype, np.nan)
        arrays[f"{at}/position"] = (layer.units, "uint16", 0)
        if layer.class_token:
            arrays[f"{at}/class_token"] = (layer.units, spec.dtype, np.nan)
    if spec.embedding_size:
        arrays["embeddings"] = (spec.embedding_size, spec.dtype, np.nan)
    if spec.content_hash:
        arrays["sha256"] = (32, "uint8", 0)
    return arrays


def _write_ids(path: Path, images: ImageSet, *, batch: int = 65_536) -> None:
    schema = pa.schema([("id", pa.large_string()), ("label", pa.int32())])
    part = path.with_suffix(".partial")
    with pq.ParquetWriter(part, schema) as writer:
        for start in range(0, len(images), batch):
            ids = images.ids[start : start + batch]
            labels = [None] * len(ids)
            if images.labels is not None:
                labels = images.labels[start : start + batch].tolist()
            writer.write_table(pa.table({"id": list(ids), "label": labels}, schema=schema))
    _sync_file(part)
    part.replace(path)


def _as_json(skipped: Mapping[int, str]) -> bytes:
    rows = [{"index": index, "reason": skipped[index]} for index in sorted(skipped)]
    return json.dumps(rows, indent=1, ensure_ascii=False).encode()


def _write_file(path: Path, content: bytes) -> None:
    part = path.with_suffix(f"{path.suffix}.partial")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def content_digest(data: Sequence[bytes | None]) -> NDArray[np.uint8]:
    """Hash files' contents: SHA-256 as (files, 32) bytes, zeros for None."""
    zero = bytes(32)
    digests = [zero if item is None else hashlib.sha256(item).digest() for item in data]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
