"""How do images reach the network in time? Read, decoded and resized ahead of it, in order."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.decoding import decode_image
from neurons.data.images import ImageSet
from neurons.data.preprocess import Preprocess
from neurons.errors import BadImageError

# each holds a batch's activations; beyond that, threads share a batch
_MAX_LANES = 8

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Batch:
    """Images on their way to the network: always the same shape, zeros where one is missing.

    Parameters
    ----------
    indices : sequence of int
        Of the images; fewer than the batch is long if it is padded.
    pixels : Tensor of uint8, (batch, 3, H, W)
    bad : dict of int to str
        Why an image was skipped, by index.
    sha256 : ndarray of uint8, (images, 32), or None
    """

    indices: Sequence[int]
    pixels: Tensor
    bad: dict[int, str]
    sha256: NDArray[np.uint8] | None


@dataclass
class Clock:
    """Busy seconds of each stage; a stage's threads each add their own."""

    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("read", "decode", "embed", "write"), 0.0)
    )

    def add(self, stage: str, since: float) -> float:
        """Count the time since then for a stage, and give the time now."""
        now = time.perf_counter()
        self.seconds[stage] += now - since
        return now


def batches_of(rows: range, size: int) -> list[range]:
    """Cut images into batches; the last may be short, and is padded when loaded."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def load_batch(
    preprocess: Preprocess,
    images: ImageSet,
    indices: Sequence[int],
    *,
    batch_size: int,
    content_hash: bool = False,
    strict: bool = False,
    clock: Clock | None = None,
) -> Batch:
    """Read, decode and resize images into one batch of the fixed shape.

    Raises
    ------
    BadImageError
        If ``strict`` and an image is bad.
    """
    clock = clock or Clock()
    since = time.perf_counter()
    files = images.read(indices)
    since = clock.add("read", since)
    pixels = preprocess.empty_batch(batch_size)
    by_row = pixels.permute(0, 2, 3, 1).numpy()
    bad: dict[int, str] = {}
    for slot, (index, data) in enumerate(zip(indices, files, strict=True)):
        try:
            if isinstance(data, OSError):
                # the path is the image's id already; only the system's words are news
                raise BadImageError(data.strerror or str(data))
            image = decode_image(data, max_pixels=images.max_pixels)
            by_row[slot] = preprocess.pixels(image)
        except BadImageError as error:
            if strict:
                raise BadImageError(
                    f"{images.ids[index]}: {error}; bad images are skipped if `strict` is left off"
                ) from None
            bad[index] = str(error)
    hashes = None
    if content_hash:
        hashes = _digests(files)
    clock.add("decode", since)
    return Batch(indices, pixels, bad, hashes)


def ahead(
    work: Callable[[Item], Done],
    items: Iterable[Item],
    pool: ThreadPoolExecutor,
    *,
    depth: int,
) -> Iterator[Done]:
    """Do a stage's work in a pool, in order, up to ``depth`` items before they are asked for."""
    waiting: deque[Future[Done]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def threads_per_batch(device: torch.device) -> int:
    """Give the threads that share one batch on a CPU: 1, where torch has fewer than 16 in all.

    The last bits of a network's numbers may depend on it, and on nothing else of the thread count.
    """
    threads = torch.get_num_threads()
    return max(1, threads // min(threads, _MAX_LANES)) if device.type == "cpu" else 1


@contextmanager
def lanes_for(device: torch.device) -> Iterator[int]:
    """Share out the cores, for threads that start inside; give the number of batches at a time.

    Measured: on a CPU one thread per batch is up to twice as fast as all threads on one batch.
    """
    before = torch.get_num_threads()
    lanes = min(before, _MAX_LANES) if device.type == "cpu" else 1
    torch.set_num_threads(threads_per_batch(device) if device.type == "cpu" else before)
    try:
        yield lanes
    finally:
        torch.set_num_threads(before)


@contextmanager
def pools(
    workers: int, lanes: int
) -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor, ThreadPoolExecutor]]:
    """Open the threads that load, embed and write; after an error they begin nothing more."""
    with (
        ThreadPoolExecutor(workers, "load") as loaders,
        ThreadPoolExecutor(lanes, "embed") as embedders,
        ThreadPoolExecutor(1, "write") as committer,
    ):
        try:
            yield loaders, embedders, committer
        finally:
            for pool in (loaders, embedders, committer):
                pool.shutdown(wait=False, cancel_futures=True)


def _digests(files: Sequence[bytes | OSError]) -> NDArray[np.uint8]:
    zero = bytes(32)
    digests = [hashlib.sha256(f).digest() if isinstance(f, bytes) else zero for f in files]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
