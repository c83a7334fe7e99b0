"""How does a finished run grow: more images, more layers, and nothing of it made again?

More images: the arrays become longer, and the shards of the new images are missing; a last shard
that was not full is scanned again. More layers: they are scanned into a run of their own inside the
run, and moved into it when that is finished. Either change is written down first
(``growing.json``), so that one that was stopped is ended by the same command; until then nothing
opens the run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from neurons.activations.dictionary_told import write_dictionaries
from neurons.activations.lost_values import FOLDER as LOST
from neurons.activations.run import Activations
from neurons.activations.run_format import (
    GROWING,
    SKIPPED,
    RunSpec,
    arrays,
    growing_file,
)
from neurons.activations.run_writer import create_array, write_ids, write_root
from neurons.data.images import ImageSet
from neurons.differences import differences, listed_differences
from neurons.errors import MismatchError, OutputExistsError
from neurons.files import move, write_file
from neurons.folder_kinds import RUN
from neurons.folders import locked
from neurons.network.dictionary import Dictionary

# files that are read and compared together
_AT_ONCE = 256


def held_spec(path: Path) -> RunSpec | None:
    """Read what a run holds, also one that was stopped while it grew; None if there is none."""
    found = RUN.read(path)
    return None if found is None else RunSpec.from_attributes(found)


def check_growth(path: Path, held: RunSpec, asked: RunSpec) -> None:
    """Refuse to add to a run what other settings would make.

    Raises
    ------
    OutputExistsError
        The message says what differs.
    """
    found = differences(_settings(held), json.loads(json.dumps(_settings(asked))))
    if found:
        raise OutputExistsError(
            f"run {str(path)!r} cannot grow: it was made with other settings "
            f"({listed_differences(found)}); ask for the same"
        )


def check_begins_with(path: Path, held: RunSpec, images: ImageSet) -> None:
    """Refuse images that do not begin with those of a run, in its order.

    Where the run keeps content hashes, the files are read and compared, too.

    Raises
    ------
    MismatchError
        The message names the first image that differs.
    """
    ids = Activations(path, held, None).ids()
    if len(images) < len(ids):
        raise MismatchError(
            f"run {str(path)!r} has {len(ids):,} images and cannot grow to {len(images):,}; give "
            f"its own images, and more after them"
        )
    for index, (mine, other) in enumerate(zip(ids, images.ids, strict=False)):
        if mine != other:
            raise MismatchError(
                f"run {str(path)!r} cannot grow: its image {index:,} is {mine!r}, and there now "
                f"{other!r}; new images must come after its own, in their order"
            )
    # while it is being changed this was done already
    if held.content_hash and not growing_file(path).exists():
        _check_contents(path, images, len(ids))


def grow_images(path: Path, spec: RunSpec, images: ImageSet) -> None:
    """Make a run's arrays as long as a spec says; the new images are then missing.

    Parameters
    ----------
    path : Path
    spec : RunSpec
        Of the same layers, and more images.
    images : ImageSet
        Of that spec.

    Raises
    ------
    RunLockedError
        If another process is writing it.
    """
    with locked(path, RUN.what):
        held = held_spec(path)
        assert held is not None
        made = path / GROWING
        if not growing_file(path).exists():
            write_file(growing_file(path), _as_json(spec, held.n_images))
        shutil.rmtree(made, ignore_errors=True)
        for name, (width, dtype, fill) in arrays(spec).items():
            create_array(made / name, spec, width, dtype, fill)
            move(made / name / "zarr.json", path / name / "zarr.json")
        shutil.rmtree(made)
        _forget_unfull_shard(path, spec)
        write_ids(path / "images.parquet", images)
        _done(path, spec)


def adopt_layers(path: Path, spec: RunSpec, dictionaries: Mapping[str, Dictionary]) -> None:
    """Move the layers of the finished run inside a run into it.

    Parameters
    ----------
    path : Path
    spec : RunSpec
        Of all layers.
    dictionaries : mapping of str to Dictionary
        That the run is to keep.

    Raises
    ------
    MismatchError
        If other images were bad in the second scan: files have changed.
    RunLockedError
        If another process is writing it.
    """
    with locked(path, RUN.what):
        made = path / GROWING
        if not growing_file(path).exists():
            _check_same_images(path, made)
            write_file(growing_file(path), _as_json(spec, spec.n_images))
        for layer in sorted((made / "layers").iterdir()):
            if layer.is_dir():
                target = path / "layers" / layer.name
                shutil.rmtree(target, ignore_errors=True)
                layer.rename(target)
        _merge_lost(path, made)
        write_dictionaries(path, dictionaries)
        _done(path, spec)
        shutil.rmtree(made)


def forget_skipped(path: Path, spec: RunSpec) -> None:
    """Make the shards of skipped images missing, so that they are tried again.

    Parameters
    ----------
    path : Path
    spec : RunSpec
        Of the run; its images may have other sizes than they had, since they were mended.

    Raises
    ------
    RunLockedError
        If another process is writing it.
    """
    with locked(path, RUN.what):
        if not growing_file(path).exists():
            write_file(growing_file(path), _as_json(spec, spec.n_images))
        for file in sorted((path / "skipped").glob("*.json")):
            # what says that the shard is done goes first
            (path / "status" / "c" / str(int(file.stem))).unlink(missing_ok=True)
            (path / LOST / file.name).unlink(missing_ok=True)
            file.unlink()
        _done(path, spec)


def restricted(spec: RunSpec, held: RunSpec) -> RunSpec:
    """Give a spec with the layers of a run only, and with its dictionaries."""
    paths = {layer.path for layer in held.layers}
    provenance = {key: value for key, value in spec.provenance.items() if key != "dictionaries"}
    if "dictionaries" in held.provenance:
        order = list(spec.provenance)
        both = {**provenance, "dictionaries": held.provenance["dictionaries"]}
        provenance = {key: both[key] for key in order}
    layers = tuple(layer for layer in spec.layers if layer.path in paths)
    return replace(spec, layers=layers, provenance=provenance)


def is_growing(path: Path, spec: RunSpec) -> bool:
    """Tell whether a run was stopped while it was changed into one of this spec."""
    if not growing_file(path).exists():
        return False
    told = json.loads(growing_file(path).read_text(encoding="utf-8"))
    return bool(told["attributes"] == _plain(spec))


def same_spec(one: RunSpec, other: RunSpec) -> bool:
    """Tell whether two runs are made of the same, and hold the same."""
    return bool(_plain(one) == _plain(other))


def _plain(spec: RunSpec) -> Any:
    return json.loads(json.dumps(spec.as_attributes()))


def _settings(spec: RunSpec) -> dict[str, Any]:
    """Give what must stay the same while a run grows."""
    provenance = {
        key: value
        for key, value in spec.provenance.items()
        if key not in ("images", "where", "dictionaries")
    }
    kept = {key: value for key, value in vars(spec).items() if key not in ("n_images", "layers")}
    return {**kept, "provenance": provenance}


def _check_contents(path: Path, images: ImageSet, n: int) -> None:
    group: Any = zarr.open_group(path, mode="r")
    # a row of zeros is an image that is not scanned yet, or could not be read; one that could not
    # be decoded may have been mended
    kept = np.asarray(group["sha256"][:], np.uint8)
    kept[np.asarray(group["status"][:]) == SKIPPED] = 0
    for start in range(0, n, _AT_ONCE):
        rows = range(start, min(start + _AT_ONCE, n))
        for row, data in zip(rows, images.read(rows), strict=True):
            if isinstance(data, OSError) or not kept[row].any():
                continue
            if hashlib.sha256(data).digest() != kept[row].tobytes():
                raise MismatchError(
                    f"run {str(path)!r} cannot grow: {images.ids[row]!r} holds something else than "
                    f"when it was scanned; scan all of it again"
                )


def _check_same_images(path: Path, made: Path) -> None:
    mine, other = Activations.open(path), Activations.open(made)
    differ = np.flatnonzero((mine.status == SKIPPED) != (other.status == SKIPPED))
    if len(differ):
        raise MismatchError(
            f"run {str(path)!r} cannot take the layers: image {mine.ids()[differ[0]]!r} could be "
            f"decoded in one of the two scans only; its file has changed"
        )


def _forget_unfull_shard(path: Path, spec: RunSpec) -> None:
    """Scan a last shard again that was not full, so that its file holds the new images too."""
    told = json.loads(growing_file(path).read_text(encoding="utf-8"))
    n_before = int(told["n_before"])
    if n_before % spec.shard_size and spec.n_images > n_before:
        index = n_before // spec.shard_size
        (path / "status" / "c" / str(index)).unlink(missing_ok=True)


def _merge_lost(path: Path, made: Path) -> None:
    for file in sorted((made / LOST).glob("*.json")):
        target = path / LOST / file.name
        both = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
        both |= json.loads(file.read_text(encoding="utf-8"))
        write_file(target, json.dumps(both, indent=1).encode())


def _as_json(spec: RunSpec, n_before: int) -> bytes:
    told = {"attributes": spec.as_attributes(), "n_before": n_before}
    return json.dumps(told, indent=2).encode()


def _done(path: Path, spec: RunSpec) -> None:
    write_root(path, spec)
    growing_file(path).unlink()
