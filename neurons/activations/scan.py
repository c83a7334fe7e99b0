"""What does every unit say of every image? Read, decode, embed, reduce, write: all at once."""

from __future__ import annotations

import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Literal

import torch

from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing
from neurons.activations.shard import scan_shard
from neurons.data.decoding import quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.loading import Batch, Clock, ahead, batches_of, lanes_for, load_batch, pools
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.inference import Precision, Reading, exact, reader
from neurons.network.layers import Layer, effective_field, find_layers
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result

StoredType = Literal["float16", "float32"]

# the reasons printed of a run with bad images; the run itself keeps them all
_LISTED = 20


@dataclass(frozen=True)
class Progress:
    """How far a scan is.

    Parameters
    ----------
    done, total : int
        Images, skipped ones included.
    skipped : int
        Images that could not be decoded, in this session.
    """

    done: int
    total: int
    skipped: int


@dataclass(frozen=True)
class ScanSummary(Result):
    """What a scan did.

    Parameters
    ----------
    run : str
        Where the activations lie.
    n_images, n_scanned, n_skipped : int
        In the set; in this session; bad images among the latter.
    seconds : float
        This session's wall time, from the first read to the last commit.
    stages : mapping of str to float
        For each stage, the share of that time in which it was busy, in [0, 1]. Stages overlap, so
        the shares do not add up to 1; on a CPU they compete for the same cores.
    bottleneck : str
        The busiest stage: a faster one of the others would change nothing.
    reasons : tuple of (str, str)
        The first skipped images: id and why.
    """

    run: str
    n_images: int
    n_scanned: int
    n_skipped: int
    seconds: float
    stages: dict[str, float]
    bottleneck: str
    reasons: tuple[tuple[str, str], ...]

    @property
    def rate(self) -> float:
        """Images a second in this session; 0 where nothing was left to do."""
        return self.n_scanned / self.seconds if self.n_scanned else 0.0

    def blocks(self) -> tuple[Block, ...]:
        """Say what was done, how fast, and what was skipped."""
        if not self.n_scanned:
            return (Note(f"{self.run}: nothing to do, all {self.n_images:,} images were scanned."),)
        told: list[Block] = [
            Note(
                f"{self.run}: {self.n_scanned:,} of {self.n_images:,} images in "
                f"{self.seconds:.1f} s, {self.rate:,.0f} images/s; the busiest stage was "
                f"{self.bottleneck}."
            ),
            Table(
                "Stages (they overlap)",
                ("stage", "busy"),
                tuple((name, f"{share:.0%}") for name, share in self.stages.items()),
            ),
        ]
        if self.n_skipped:
            more = self.n_skipped - len(self.reasons)
            note = f"and {more:,} more, in {self.run}/skipped" if more > 0 else ""
            was = "bad image was" if self.n_skipped == 1 else "bad images were"
            title = f"{self.n_skipped:,} {was} skipped"
            told.append(Table(title, ("image", "reason"), self.reasons, note))
        return tuple(told)


def scan(
    clip: Clip,
    images: ImageSet,
    layers: Sequence[str],
    out: str | Path,
    *,
    precision: Precision = exact,
    dtype: StoredType | None = None,
    batch_size: int | None = None,
    shard_size: int = 1024,
    embeddings: bool = True,
    content_hash: bool = False,
    strict: bool = False,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ScanSummary:
    """Scan images and keep each unit's peak, its place and the mean; or go on with such a run.

    A run that was stopped, even by ``kill -9``, goes on where it was: what is lost is the shard
    being computed and the one being written at that moment. The finished store has the same bytes
    as one made without the stop.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    layers : sequence of str
        Module paths, such as ``visual.layer4``.
    out : str or Path
        The run's folder: new, empty, or a run with the same settings.
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
        Threads that decode for a GPU. Default: one a core, at most 16. On a CPU the threads that
        embed decode too.
    progress : callable, optional
        Called after each batch.

    Returns
    -------
    ScanSummary

    Raises
    ------
    LayerNotFoundError
        If a layer is unknown.
    StaleActivationsError, RunLockedError, RunNotFoundError
        If ``out`` is a run of other settings, is being written, or is no run.
    BadImageError
        If ``strict`` and an image is bad.
    OptionError
        If a number is out of range, or an activation does not fit into float16.
    """
    on_cpu = clip.device.type == "cpu"
    if batch_size is None:
        batch_size = 32 if on_cpu else 256
    if workers is None:
        workers = min(16, os.cpu_count() or 1)
    _check_sizes(batch_size, shard_size, workers)
    found = find_layers(clip, layers)
    spec = run_spec(
        clip,
        images,
        found,
        precision=precision,
        dtype=dtype or ("float32" if precision is exact else "float16"),
        batch_size=batch_size,
        shard_size=shard_size,
        embeddings=embeddings,
        content_hash=content_hash,
    )
    clock = Clock()
    with (
        open_for_writing(Path(out), spec, images) as writer,
        lanes_for(clip.device) as lanes,
        reader(clip, found, precision=precision, embeddings=embeddings, lanes=lanes) as read,
        quiet_decoders(),
    ):
        missing = writer.missing()
        state = _State(spec, missing, progress)

        def load(indices: range) -> Batch:
            return load_batch(
                clip.preprocess, images, indices, batch_size=batch_size, content_hash=content_hash,
                strict=strict, clock=clock,
            )  # fmt: skip

        def embed(batch: Batch) -> tuple[Batch, Reading]:
            since = time.perf_counter()
            reading = read(batch.pixels)
            clock.add("embed", since)
            return batch, reading

        def commit(shard: Shard) -> None:
            since = time.perf_counter()
            writer.commit(shard)
            clock.add("write", since)

        def load_and_embed(indices: range) -> tuple[Batch, Reading]:
            return embed(load(indices))

        start = time.perf_counter()
        with pools(workers, lanes) as (loaders, embedders, committer):
            parts = state.parts(batch_size)
            if on_cpu:
                # every core is busy with the network: threads that load would only take turns
                readings = ahead(load_and_embed, parts, embedders, depth=lanes + 1)
            else:
                batches = ahead(load, parts, loaders, depth=workers + 2)
                readings = ahead(embed, batches, embedders, depth=2)
            own = (
                scan_shard(spec, i, islice(readings, state.n_batches(i, batch_size)), state.done)
                for i in missing
            )
            # one shard in flight behind the network: memory stays flat
            deque(ahead(commit, own, committer, depth=2), maxlen=0)
        seconds = time.perf_counter() - start
    n_loading = lanes if on_cpu else workers
    threads = {"read": n_loading, "decode": n_loading, "embed": lanes, "write": 1}
    busy = {name: spent / threads[name] / seconds for name, spent in clock.seconds.items()}
    listed = sorted(state.skipped.items())[:_LISTED]
    return ScanSummary(
        provenance=dict(spec.provenance),
        run=str(out),
        n_images=spec.n_images,
        n_scanned=state.n_done - state.n_before,
        n_skipped=len(state.skipped),
        seconds=seconds,
        stages=busy,
        bottleneck=max(busy, key=lambda name: busy[name]),
        reasons=tuple((images.ids[index], reason) for index, reason in listed),
    )


class _State:
    """How far this session is."""

    def __init__(
        self, spec: RunSpec, missing: Sequence[int], progress: Callable[[Progress], None] | None
    ) -> None:
        self._spec, self._missing, self._progress = spec, missing, progress
        self.n_before = spec.n_images - sum(len(spec.shard(i)) for i in missing)
        self.n_done = self.n_before
        self.skipped: dict[int, str] = {}
        self._tell()

    def parts(self, batch_size: int) -> Iterator[range]:
        """Give every batch of every shard that is not done yet."""
        for i in self._missing:
            yield from batches_of(self._spec.shard(i), batch_size)

    def n_batches(self, shard: int, batch_size: int) -> int:
        return len(batches_of(self._spec.shard(shard), batch_size))

    def done(self, batch: Batch) -> None:
        self.n_done += len(batch.indices)
        self.skipped.update(batch.bad)
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(Progress(self.n_done, self._spec.n_images, len(self.skipped)))


def run_spec(
    clip: Clip,
    images: ImageSet,
    layers: Sequence[Layer],
    *,
    precision: Precision,
    dtype: str,
    batch_size: int,
    shard_size: int,
    embeddings: bool,
    content_hash: bool,
) -> RunSpec:
    """Fix everything that a run's numbers depend on; equal specs give equal stores."""
    black = torch.zeros(1, 3, *clip.preprocess.size, dtype=torch.uint8)
    return RunSpec(
        n_images=len(images),
        layers=tuple(_layer_spec(clip, layer) for layer in layers),
        embedding_size=clip.embed_images(black).shape[1] if embeddings else 0,
        shard_size=shard_size,
        dtype=dtype,
        content_hash=content_hash,
        provenance={
            "model": clip.provenance(),
            "images": images.provenance(),
            "precision": precision.name,
            "batch_size": batch_size,
            "device": clip.device.type,
            "versions": _versions(),
            "where": {"images": images.location, "label_column": images.label_column},
        },
    )


def _layer_spec(clip: Clip, layer: Layer) -> LayerSpec:
    field_box = effective_field(clip, layer)
    return LayerSpec(
        path=layer.path,
        kind=layer.kind,
        units=layer.units,
        height=layer.layout.height,
        width=layer.layout.width,
        class_token=layer.layout.prefix > 0,
        field=(field_box.left, field_box.top, field_box.right, field_box.bottom),
    )


def _versions() -> dict[str, str]:
    names = ("multimodal-neurons", "torch", "torchvision", "open_clip_torch", "pillow", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _check_sizes(batch_size: int, shard_size: int, workers: int) -> None:
    for name, value in (("batch", batch_size), ("shard", shard_size), ("workers", workers)):
        if value < 1:
            raise OptionError(f"--{name} is {value}; it must be 1 or more")
