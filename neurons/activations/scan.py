"""How active is every unit on every image? Read, decode, run, pool and write, all at once."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as changed
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from neurons.activations.dictionary_figures import dictionary_figures
from neurons.activations.dictionary_run import Dressed, dressed, with_kept_dictionaries
from neurons.activations.grow import (
    adopt_layers,
    check_begins_with,
    check_growth,
    forget_skipped,
    grow_images,
    held_spec,
    is_growing,
    restricted,
    same_spec,
)
from neurons.activations.lost_values import read_lost
from neurons.activations.run import Activations
from neurons.activations.run_format import GROWING, RunSpec
from neurons.activations.run_settings import run_spec
from neurons.activations.run_writer import NO_DICTIONARIES, Shard, Writer, open_for_writing
from neurons.activations.scan_summary import LostUnit, Progress, ScanSummary
from neurons.activations.shard import scan_shard
from neurons.data.decoding import quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.loading import Batch, Clock, ahead, batches_of, lanes_for, load_batch, pools
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_attach import RANDOM
from neurons.network.engine import Engine, default_batch_size, open_engine
from neurons.network.inference import Precision, exact
from neurons.network.layers import find_layers
from neurons.network.readings import Reading

StoredType = Literal["float16", "float32"]

# the reasons printed of a run with bad images; the run itself keeps them all
_LISTED = 20
NO_FILES: Mapping[str, Dictionary | str | Path] = {}
# threads that decode for one GPU, at most
_MOST_WORKERS = 16


def scan(
    clip: Clip,
    images: ImageSet,
    layers: Sequence[str],
    out: str | Path,
    *,
    dictionaries: Mapping[str, Dictionary | str | Path] = NO_FILES,
    control: bool = True,
    precision: Precision = exact,
    dtype: StoredType | None = None,
    batch_size: int | None = None,
    shard_size: int = 1024,
    embeddings: bool = True,
    content_hash: bool = False,
    strict: bool = False,
    workers: int | None = None,
    replace: bool = False,
    append: bool = False,
    retry_skipped: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> ScanSummary:
    """Scan images and keep each unit's peak, its place and the mean; or go on with such a run.

    A run that was stopped, even by ``kill -9``, goes on where it was: what is lost is the shard
    being computed and the one being written at that moment. The finished store has the same bytes
    as one made without the stop.

    What the network gives as NaN or infinity is stored as nan and counted, unit by unit; such a
    unit is ranked nowhere. A peak that is not 0 and that float16 would store as 0 is counted, too:
    its unit is not called dead.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    layers : sequence of str
        Module paths, such as ``visual.layer4``.
    out : str or Path
        The run's folder: new, empty, or a run with the same settings.
    dictionaries : mapping of str to Dictionary, str or Path
        Sparse autoencoders, or their files, by the layer that they read, such as
        ``visual.layer4``: their features are the units of a layer ``visual.layer4.dictionary``.
        The run keeps them; `clip_of` gives its model with them.
    control : bool
        Whether each gets a control, ``visual.layer4.dictionary_random``: random directions that
        are active as often.
    precision : Precision
        `exact`, `fast` or `compiled`.
    dtype : {"float32", "float16"}, optional
        Of what is stored. Default: float32 for `exact`, else float16 (which holds what bf16 gives).
    batch_size : int >= 1, optional
        Default: 32 on a CPU, 256 on a GPU. Every batch is padded to it.
    shard_size : int >= 1
        Images committed together: what a kill can lose.
    embeddings : bool
        Whether to keep the image embeddings. Without, what runs after the last layer is skipped.
    content_hash : bool
        Whether to keep each file's SHA-256.
    strict : bool
        Raise at the first bad image instead of skipping it.
    workers : int >= 1, optional
        Threads that decode for a GPU. Default: one per core, at most 16. On a CPU the threads that
        embed decode too.
    replace : bool
        Whether a run of other settings may be replaced.
    append : bool
        Whether a finished run in ``out`` may grow: by layers, which come after its own, and by
        images, which must come after its own. What is there is not made again, but for a last
        shard that was not full. The bytes are those of one scan of everything at once.
    retry_skipped : bool
        Whether images that were skipped are tried again, with the others of their shards.
    progress : callable, optional
        Called after each batch.

    Returns
    -------
    ScanSummary

    Raises
    ------
    LayerNotFoundError
        If a layer is unknown, or its rows are not images.
    OutputExistsError, RunLockedError
        If ``out`` is a run of other settings that may not be replaced, or is being written.
    BadImageError
        If ``strict`` and an image is bad.
    MismatchError
        If a dictionary reads another number of units than its layer has; if a run is to grow by
        images that do not begin with its own.
    OptionError
        If a number is out of range, ``out`` holds something else, or an activation does not fit
        into float16.
    """
    batch_size = default_batch_size(clip.device) if batch_size is None else batch_size
    workers = min(_MOST_WORKERS, os.cpu_count() or 1) if workers is None else workers
    _check_sizes(batch_size=batch_size, shard_size=shard_size, workers=workers)
    held = held_spec(Path(out)) if append or retry_skipped else None
    if held is not None:
        clip = with_kept_dictionaries(clip, Path(out), held.provenance)
    with_features = dressed(clip, images, Path(out), dictionaries, control=control)
    before = [] if held is None else [layer.path for layer in held.layers]
    paths = list(dict.fromkeys([*before, *layers, *with_features.paths]))
    settings = _Settings(
        precision=precision,
        dtype=dtype or ("float32" if precision is exact else "float16"),
        batch_size=batch_size,
        shard_size=shard_size,
        embeddings=embeddings,
        content_hash=content_hash,
    )
    asked = _Asked(with_features.clip, images, settings, strict, workers, progress)
    spec = asked.spec(paths)
    kept = with_features.dictionaries
    if held is None:
        done = asked.scan(Path(out), spec, dictionaries=kept, replace=replace)
    else:
        check_growth(Path(out), held, spec)
        check_begins_with(Path(out), held, images)
        if retry_skipped:
            _try_again(asked, Path(out), held, restricted(spec, held))
        done = _grow(asked, Path(out), held_spec(Path(out)) or held, spec, kept)
    return _with_figures(done, images, with_features)


@dataclass(frozen=True)
class _Settings:
    precision: Precision
    dtype: str
    batch_size: int
    shard_size: int
    embeddings: bool
    content_hash: bool


@dataclass(frozen=True)
class _Asked:
    """What is to be scanned, and how."""

    clip: Clip
    images: ImageSet
    settings: _Settings
    strict: bool
    workers: int
    progress: Callable[[Progress], None] | None

    def spec(self, paths: Sequence[str]) -> RunSpec:
        """Say what a run of these layers is made of."""
        return run_spec(
            self.clip, self.images, find_layers(self.clip, paths), **vars(self.settings)
        )

    def scan(
        self,
        out: Path,
        spec: RunSpec,
        *,
        dictionaries: Mapping[str, Dictionary] = NO_DICTIONARIES,
        replace: bool = False,
    ) -> ScanSummary:
        """Scan what is missing of a run, and no more."""
        layers = find_layers(self.clip, [layer.path for layer in spec.layers])
        with (
            open_for_writing(
                out, spec, self.images, dictionaries=dictionaries, replace=replace
            ) as writer,
            lanes_for(self.clip.device) as lanes,
            open_engine(
                self.clip,
                layers,
                precision=self.settings.precision,
                batch_size=self.settings.batch_size,
                embeddings=bool(spec.embedding_size),
                lanes=lanes,
            ) as engine,
            quiet_decoders(),
        ):
            job = _Job(self.images, spec, engine, writer, Clock(), self.strict)
            tally = _Tally(spec, writer.missing(), self.progress)
            return _run(job, tally, workers=self.workers, lanes=lanes)


def _grow(
    asked: _Asked,
    out: Path,
    held: RunSpec,
    spec: RunSpec,
    dictionaries: Mapping[str, Dictionary],
) -> ScanSummary:
    """Scan what a run is to hold besides what it holds: images first, then layers."""
    longer = restricted(spec, held)
    new = tuple(layer for layer in spec.layers if layer not in longer.layers)
    parts = []
    if not (new and is_growing(out, spec)):
        if is_growing(out, longer) or not same_spec(longer, held):
            grow_images(out, longer, asked.images)
        parts.append(asked.scan(out, longer))
        if new:
            alone = changed(spec, layers=new, embedding_size=0, content_hash=False)
            parts.append(asked.scan(out / GROWING, alone, replace=True))
    if new:
        adopt_layers(out, spec, dictionaries)
    return _together([*parts, asked.scan(out, spec)])


def _try_again(asked: _Asked, out: Path, held: RunSpec, spec: RunSpec) -> None:
    if len(asked.images) != held.n_images:
        raise OptionError(
            f"run {str(out)!r} has {held.n_images:,} images, and {len(asked.images):,} were given: "
            f"try its skipped images again first, and add others then"
        )
    if is_growing(out, spec) or list((out / "skipped").glob("*.json")):
        forget_skipped(out, spec)


def _together(parts: Sequence[ScanSummary]) -> ScanSummary:
    """Tell of several scans of one run as of one, with the stages of the longest."""
    longest = max(parts, key=lambda each: each.seconds)
    return changed(
        parts[-1],
        n_scanned=max(each.n_scanned for each in parts),
        n_skipped=max(each.n_skipped for each in parts),
        seconds=sum(each.seconds for each in parts),
        stages=longest.stages,
        bottleneck=longest.bottleneck,
        reasons=max((each.reasons for each in parts), key=len),
    )


@dataclass(frozen=True)
class _Job:
    """What a scan works with, and its four stages."""

    images: ImageSet
    spec: RunSpec
    engine: Engine
    writer: Writer
    clock: Clock
    strict: bool

    def load(self, indices: range) -> Batch:
        """Read and decode the images of a batch."""
        return load_batch(
            self.engine.clip.preprocess,
            self.images,
            indices,
            batch_size=self.engine.batch_size,
            content_hash=self.spec.content_hash,
            strict=self.strict,
            clock=self.clock,
        )

    def embed(self, batch: Batch) -> tuple[Batch, Reading]:
        """Run the network on a batch."""
        since = time.perf_counter()
        reading = self.engine.read(batch.pixels)
        self.clock.add("embed", since)
        return batch, reading

    def load_and_embed(self, indices: range) -> tuple[Batch, Reading]:
        """Do both in one thread."""
        return self.embed(self.load(indices))

    def commit(self, shard: Shard) -> None:
        """Write a shard."""
        since = time.perf_counter()
        self.writer.commit(shard)
        self.clock.add("write", since)

    def batches(self, shard: int) -> list[range]:
        """Cut a shard into batches."""
        return batches_of(self.spec.shard(shard), self.engine.batch_size)


class _Tally:
    """Counts the images of a session, and tells of each batch."""

    def __init__(
        self, spec: RunSpec, missing: Sequence[int], progress: Callable[[Progress], None] | None
    ) -> None:
        self.missing, self._total, self._progress = missing, spec.n_images, progress
        self.n_before = spec.n_images - sum(len(spec.shard(shard)) for shard in missing)
        self.n_done = self.n_before
        self.skipped: dict[int, str] = {}
        self._tell()

    def count(self, readings: Iterable[tuple[Batch, Reading]]) -> Iterator[tuple[Batch, Reading]]:
        """Pass on what was read of each batch, counted."""
        for batch, reading in readings:
            self.n_done += len(batch.indices)
            self.skipped.update(batch.bad)
            self._tell()
            yield batch, reading

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(Progress(self.n_done, self._total, len(self.skipped)))


def _run(job: _Job, tally: _Tally, *, workers: int, lanes: int) -> ScanSummary:
    """Scan the missing shards, and say how long each stage took."""
    start = time.perf_counter()
    with pools(workers, lanes) as (loaders, embedders, committer):
        batches = (rows for shard in tally.missing for rows in job.batches(shard))
        if job.engine.clip.device.type == "cpu":
            # every core is busy with the network: threads that load would only take turns
            readings = ahead(job.load_and_embed, batches, embedders, depth=lanes + 1)
            n_loading = lanes
        else:
            loaded = ahead(job.load, batches, loaders, depth=workers + 2)
            readings = ahead(job.embed, loaded, embedders, depth=2)
            n_loading = workers
        _commit_all(job, tally.missing, tally.count(readings), committer)
    seconds = time.perf_counter() - start
    threads = {"read": n_loading, "decode": n_loading, "embed": lanes, "write": 1}
    busy = {name: spent / threads[name] / seconds for name, spent in job.clock.seconds.items()}
    return _summary(job, tally, seconds, busy)


def _commit_all(
    job: _Job,
    missing: Sequence[int],
    readings: Iterator[tuple[Batch, Reading]],
    committer: ThreadPoolExecutor,
) -> None:
    shards = (
        scan_shard(job.spec, shard, islice(readings, len(job.batches(shard)))) for shard in missing
    )
    # one shard in flight behind the network: memory stays flat
    deque(ahead(job.commit, shards, committer, depth=2), maxlen=0)


def _summary(job: _Job, tally: _Tally, seconds: float, busy: dict[str, float]) -> ScanSummary:
    listed = sorted(tally.skipped.items())[:_LISTED]
    return ScanSummary(
        provenance=dict(job.spec.provenance),
        run=str(job.writer.path),
        n_images=job.spec.n_images,
        n_scanned=tally.n_done - tally.n_before,
        n_skipped=len(tally.skipped),
        seconds=seconds,
        stages=busy,
        bottleneck=max(busy, key=lambda name: busy[name]),
        reasons=tuple((job.images.ids[index], reason) for index, reason in listed),
        lost=_lost_units(job),
    )


def _lost_units(job: _Job) -> tuple[LostUnit, ...]:
    found = read_lost(job.writer.path, {layer.path: layer.units for layer in job.spec.layers})
    return tuple(
        LostUnit(f"{path}:{unit}", int(each.not_finite[unit]), int(each.rounded[unit]))
        for path, each in (found or {}).items()
        for unit in np.flatnonzero(each.units).tolist()
    )


def _check_sizes(*, batch_size: int, shard_size: int, workers: int) -> None:
    sizes = {"images per batch": batch_size, "images per shard": shard_size, "workers": workers}
    for name, value in sizes.items():
        if value < 1:
            raise OptionError(f"the number of {name} is {value}; it must be 1 or more")


def _with_figures(summary: ScanSummary, images: ImageSet, with_features: Dressed) -> ScanSummary:
    if not with_features.dictionaries:
        return summary
    found = dictionary_figures(
        Activations.open(summary.run),
        images,
        with_features.dictionaries,
        with_features.places,
        controls=[path for path in with_features.paths if path.endswith(f".{RANDOM}")],
    )
    return changed(summary, dictionaries=found)
