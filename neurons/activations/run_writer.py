"""How is a run written, so that a kill at any moment loses at most the shard in flight?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from neurons.activations.dictionary_told import write_dictionaries
from neurons.activations.lost_values import FOLDER, LostValues, lost_as_json
from neurons.activations.run_format import GOOD, SKIPPED, RunSpec, arrays, check_grown
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.files import move, sync_file, write_file
from neurons.folder_kinds import RUN
from neurons.folders import folder_for_writing
from neurons.network.dictionary import Dictionary

# units that lie together in a file: reading one unit reads this many
_UNITS_PER_CHUNK = 32
NO_DICTIONARIES: Mapping[str, Dictionary] = {}


@dataclass(frozen=True)
class Shard:
    """The work of one shard, done: rows in the order of its images, nan where one was skipped.

    Parameters
    ----------
    index : int
    peak, mean : mapping of str to ndarray of float32, (images, units)
        By layer.
    position : mapping of str to ndarray of int32, (images, units)
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
    position: Mapping[str, NDArray[np.int32]]
    class_token: Mapping[str, NDArray[np.float32]]
    embeddings: NDArray[np.float32] | None
    sha256: NDArray[np.uint8] | None
    skipped: Mapping[int, str]


class Writer:
    """Commits shards to a run; made by `open_for_writing`, which holds the run's lock."""

    def __init__(self, path: Path, spec: RunSpec) -> None:
        self.path = path
        self.spec = spec
        self._group: Any = zarr.open_group(path, mode="r+")
        for name in ("skipped", FOLDER):
            (self.path / name).mkdir(exist_ok=True)

    def missing(self) -> list[int]:
        """Shards that are not committed yet."""
        status = self._group["status"][:]
        return [i for i in range(self.spec.n_shards) if not status[self.spec.shard(i)[0]]]

    def commit(self, shard: Shard) -> None:
        """Write a shard; it counts once its piece of ``status`` is in place.

        What is not finite is stored as nan and counted, and so is what the stored type rounds to 0.

        Raises
        ------
        OptionError
            If a number is too large for float16.
        """
        rows = self.spec.shard(shard.index)
        where = slice(rows.start, rows.stop)
        good = np.ones(len(rows), bool)
        good[[index - rows.start for index in shard.skipped]] = False
        lost = {
            layer.path: self._write_layer(layer.path, where, shard, good)
            for layer in self.spec.layers
        }
        if shard.embeddings is not None:
            self._write("embeddings", where, shard.embeddings)
        if shard.sha256 is not None:
            self._group["sha256"][where] = shard.sha256
        if shard.skipped:
            write_file(self.path / "skipped" / f"{shard.index:08}.json", _as_json(shard.skipped))
        if any(each.any for each in lost.values()):
            write_file(self.path / FOLDER / f"{shard.index:08}.json", lost_as_json(lost))
        self._sync(shard.index)
        self._group["status"][where] = np.where(good, GOOD, SKIPPED).astype(np.uint8)

    def _write_layer(
        self, path: str, where: slice, shard: Shard, good: NDArray[np.bool_]
    ) -> LostValues:
        kept = {"peak": shard.peak, "mean": shard.mean, "class_token": shard.class_token}
        given = {name: values[path] for name, values in kept.items() if path in values}
        finite = np.logical_and.reduce([np.isfinite(values) for values in given.values()])
        stored = {}
        for name, values in given.items():
            sound = values if finite.all() else np.where(finite, values, np.float32(np.nan))
            stored[name] = self._write(f"layers/{path}/{name}", where, sound)
        places = self._group[f"layers/{path}/position"]
        places[where] = shard.position[path].astype(places.dtype)
        peak = np.where(finite, given["peak"], np.float32(np.nan))
        return LostValues.of(peak, stored["peak"], good)

    def _write(self, name: str, where: slice, values: NDArray[np.float32]) -> NDArray[np.floating]:
        with np.errstate(over="ignore"):
            stored = values.astype(self.spec.dtype)
        if np.any(np.isinf(stored) & np.isfinite(values)):
            raise OptionError(
                f"{name}: an activation of {np.nanmax(np.abs(values)):.3g} does not fit into "
                f"float16; scan with float32"
            )
        self._group[name][where] = stored
        return stored

    def _sync(self, shard: int) -> None:
        # the data must be on the disk before the mark that they are
        for name in arrays(self.spec):
            file = self.path / name / "c" / str(shard) / "0"
            # a shard of nothing but skipped images has no file: all its numbers are the fill value
            if file.is_file():
                sync_file(file)


@contextmanager
def open_for_writing(
    path: Path,
    spec: RunSpec,
    images: ImageSet,
    *,
    dictionaries: Mapping[str, Dictionary] = NO_DICTIONARIES,
    replace: bool = False,
) -> Iterator[Writer]:
    """Create a run, or go on with one that has the same spec, and hold its lock.

    Parameters
    ----------
    path : Path
    spec : RunSpec
    images : ImageSet
    dictionaries : mapping of str to Dictionary
        Those that the spec names, by the path of their features: the run keeps them.
    replace : bool
        Whether a run of other settings may be replaced.

    Raises
    ------
    RunLockedError
        If another process is writing it.
    OutputExistsError
        If the run there was started with other settings, and may not be replaced; the message
        says what differs.
    OptionError
        If the folder holds something else.
    """
    with folder_for_writing(path, RUN, spec.as_attributes(), replace=replace):
        check_grown(path)
        for torn in path.rglob("*.partial"):
            torn.unlink()
        if RUN.read(path) is None:
            write_dictionaries(path, dictionaries)
            _create(path, spec, images)
        yield Writer(path, spec)


def _create(path: Path, spec: RunSpec, images: ImageSet) -> None:
    write_ids(path / "images.parquet", images)
    zarr.create_group(path / "layers", overwrite=True)
    for layer in spec.layers:
        zarr.create_group(path / "layers" / layer.path)
    for name, (width, dtype, fill) in arrays(spec).items():
        create_array(path / name, spec, width, dtype, fill)
    write_root(path, spec)


def write_root(path: Path, spec: RunSpec) -> None:
    """Write what a run is made of; with this file it is one."""
    attributes = {"zarr_format": 3, "node_type": "group", "attributes": spec.as_attributes()}
    write_file(path / "zarr.json", json.dumps(attributes, indent=2).encode())


def create_array(path: Path, spec: RunSpec, width: int, dtype: str, fill: float) -> None:
    """Make an empty array of a run: a file per shard, in which few units can be read alone."""
    per_chunk = min(_UNITS_PER_CHUNK, width)
    zarr.create_array(
        path,
        shape=(spec.n_images, width) if width else (spec.n_images,),
        dtype=dtype,
        chunks=(spec.shard_size, per_chunk) if width else (spec.shard_size,),
        # one file per shard of images; inside it, a few units at a time can be read alone
        shards=(spec.shard_size, -(-width // per_chunk) * per_chunk) if width else None,
        fill_value=fill,
        compressors=ZstdCodec(level=1),
        overwrite=True,
    )


def write_ids(path: Path, images: ImageSet, *, batch: int = 65_536) -> None:
    """Write each image's id and label, whole."""
    schema = pa.schema([("id", pa.large_string()), ("label", pa.int32())])
    part = path.with_suffix(".partial")
    with pq.ParquetWriter(part, schema) as writer:
        for start in range(0, len(images), batch):
            ids = images.ids[start : start + batch]
            labels = [None] * len(ids)
            if images.labels is not None:
                labels = images.labels[start : start + batch].tolist()
            writer.write_table(pa.table({"id": list(ids), "label": labels}, schema=schema))
    sync_file(part)
    move(part, path)


def _as_json(skipped: Mapping[int, str]) -> bytes:
    rows = [{"index": index, "reason": skipped[index]} for index in sorted(skipped)]
    return json.dumps(rows, indent=1, ensure_ascii=False).encode()
