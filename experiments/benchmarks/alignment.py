"""Does debiased CKA need flat memory, and how much faster is it than a layer pair at a time?

Streamed: two systems of 10^5 images x 2,048 units that share eight dimensions, read from disk in
blocks. Each size runs in a process of its own, which prints its time and the growth of its peak of
resident memory.

Layers x layers: torch_cka's way (PyTorch-Model-Compare 0.21: both networks are run on each batch,
and for every pair of layers the second layer's n x n similarities and its HSIC with itself are
computed anew, with three products of n x n matrices per HSIC) against `minibatch_table`, on the
same ten layers of one network, the same batches and the same full maps. Both give the ratio of
averaged HSIC, so the numbers are compared, too.

    python -m experiments.benchmarks.alignment --model local-dir:PATH --images validation.parquet
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from experiments.benchmarks.scan_cpu import UsualImages
from neurons.alignment.cka import Cka
from neurons.alignment.measure import measured
from neurons.alignment.minibatch_cka import minibatch_table

UNITS, SHARED_DIMENSIONS = 2048, 8
TARGET = 5.0
BLOCKS = ("Bottleneck", "ResidualAttentionBlock")


class OnDisk:
    """A table of float32 rows in a file, read by slices; a memory map would count as memory."""

    def __init__(self, path: Path, n: int, units: int) -> None:
        self.path, self.shape, self.dtype = path, (n, units), np.dtype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, _ = rows.indices(self.shape[0])
        width = self.shape[1]
        read = np.fromfile(self.path, np.float32, (stop - start) * width, offset=4 * start * width)
        return read.reshape(-1, width)


def write_systems(folder: Path, n: int) -> list[OnDisk]:
    """Write two noisy systems that share eight dimensions."""
    random = np.random.default_rng(0)
    maps = random.normal(size=(2, SHARED_DIMENSIONS, UNITS)).astype(np.float32)
    paths = [folder / "x", folder / "y"]
    with paths[0].open("wb") as x, paths[1].open("wb") as y:
        for start in range(0, n, 4096):
            rows = min(4096, n - start)
            shared = random.normal(size=(rows, SHARED_DIMENSIONS)).astype(np.float32)
            for file, weights in zip((x, y), maps, strict=True):
                noise = random.standard_normal((rows, UNITS), np.float32)
                (shared @ weights + 3 * noise).tofile(file)
    return [OnDisk(path, n, UNITS) for path in paths]


def peak_mib() -> float:
    """Give this process's peak of resident memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def streamed(n: int) -> None:
    """Measure two systems of n images; print time and memory as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        x, y = write_systems(Path(folder), n)
        before, since = peak_mib(), time.perf_counter()
        value = measured(Cka(), x, y).value
        seconds = time.perf_counter() - since
    grown = peak_mib() - before
    print(json.dumps({"n": n, "cka": value, "seconds": seconds, "grown MiB": grown}))


def layers_of(network: torch.nn.Module, n: int) -> list[str]:
    """Take so many blocks and stages of the image side, spread over its depth."""
    found = [
        name
        for name, module in network.named_modules()
        if name in ("visual.act1", "visual.act2", "visual.act3")
        or (name.startswith("visual.") and type(module).__name__ in BLOCKS)
    ]
    places = np.unique(np.linspace(0, len(found) - 1, min(n, len(found))).round().astype(int))
    return [found[place] for place in places]


class Watched:
    """Runs the image side and keeps what its layers gave, flattened as torch_cka does."""

    def __init__(self, network: torch.nn.Module, layers: list[str]) -> None:
        self.network, self.layers = network, layers
        self.seen: dict[str, Tensor] = {}
        modules = dict(network.named_modules())
        for name in layers:
            modules[name].register_forward_hook(
                lambda _, __, out, name=name: self.seen.update({name: out.flatten(1).clone()})
            )

    @torch.inference_mode()
    def run(self, batch: Tensor) -> list[Tensor]:
        """Give the layers' responses to a batch, (images, units x places) each."""
        self.network.encode_image(batch)
        return [self.seen[name] for name in self.layers]


def hsic(k: Tensor, other: Tensor) -> float:
    """Compute the unbiased HSIC as torch_cka does, from similarities without a diagonal."""
    n = len(k)
    ones = torch.ones(n, 1, dtype=k.dtype)
    result = torch.trace(k @ other)
    sums = (ones.T @ k @ ones @ ones.T @ other @ ones) / ((n - 1) * (n - 2))
    result = result + sums.item() - ((ones.T @ k @ other @ ones) * 2 / (n - 2)).item()
    return float(result / (n * (n - 3)))


def similarities(values: Tensor) -> Tensor:
    return (values @ values.T).fill_diagonal_(0)


class PairByPair:
    """torch_cka's loop over pairs of layers, batch by batch."""

    def __init__(self, n_layers: int) -> None:
        self.sums = np.zeros((n_layers, n_layers, 3))

    def add(self, xs: list[Tensor], ys: list[Tensor]) -> None:
        """Add one batch."""
        for i, x in enumerate(xs):
            k = similarities(x)
            self.sums[i, :, 0] += hsic(k, k)
            for j, y in enumerate(ys):
                other = similarities(y)
                self.sums[i, j, 1] += hsic(k, other)
                self.sums[i, j, 2] += hsic(other, other)

    def values(self) -> np.ndarray:
        """Give the ratio of averages."""
        return self.sums[..., 1] / np.sqrt(self.sums[..., 0] * self.sums[..., 2])


def layers_by_layers(model: str, path: str, batch_size: int, n_batches: int) -> None:
    """Compare a network with itself, ten layers by ten, in both ways on the same batches."""
    network, _, transform = open_clip.create_model_and_transforms(model)
    network.eval()
    layers = layers_of(network, 10)
    watched = Watched(network, layers)
    rows = UsualImages(path, batch_size * n_batches, transform)
    batches = list(DataLoader(rows, batch_size=batch_size))
    print(f"{len(layers)} layers of {model}, {len(batches)} batches of {batch_size}:", *layers)
    theirs = PairByPair(len(layers))
    forward, pair_by_pair, ours = [], [], []
    # the first products of either way ask for memory and threads
    once = [each.numpy() for each in watched.run(batches[0])]
    minibatch_table([(once, once)])
    for batch in batches:
        start = time.perf_counter()
        xs = watched.run(batch)
        ran = time.perf_counter()
        theirs.add(xs, xs)
        compared = time.perf_counter()
        arrays = [each.numpy() for each in xs]
        minibatch_table([(arrays, arrays)])
        ours.append(time.perf_counter() - compared)
        forward.append(ran - start)
        pair_by_pair.append(compared - ran)
    check_numbers(watched.run(batches[0]))
    told("the comparison alone", pair_by_pair, ours)
    # theirs runs the first and the second network on every batch, here the same one
    told(
        "with the forward passes",
        [2 * f + t for f, t in zip(forward, pair_by_pair, strict=True)],
        [f + o for f, o in zip(forward, ours, strict=True)],
    )


def check_numbers(xs: list[Tensor]) -> None:
    """Print how far both ways are from float64, on one batch."""
    arrays = [each.numpy() for each in xs]
    ours, _ = minibatch_table([(arrays, arrays)])
    doubles = [each.double() for each in xs]
    theirs, exact = PairByPair(len(xs)), PairByPair(len(xs))
    theirs.add(xs, xs)
    exact.add(doubles, doubles)
    apart = [np.abs(each - exact.values()).max() for each in (theirs.values(), ours)]
    print(
        f"CKA of the first batch, furthest from pair by pair in float64: pair by pair in float32 "
        f"{apart[0]:.1e}, ours in float32 {apart[1]:.1e}"
    )


def told(what: str, theirs: list[float], ours: list[float]) -> None:
    """Print seconds and the ratio, batch by batch."""
    ratios = sorted(a / b for a, b in zip(theirs, ours, strict=True))
    ratio = statistics.median(ratios)
    print(
        f"{what}: pair by pair {statistics.median(theirs):.2f} s a batch, ours "
        f"{statistics.median(ours):.2f} s; ratio {ratio:.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f}),"
        f" target {TARGET:g} {'met' if ratio >= TARGET else 'missed'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="of the comparison with torch_cka's way")
    parser.add_argument("--images", help="a table or folder of images for it")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        streamed(asked.one)
        return
    for n in asked.sizes:
        subprocess.run([sys.executable, "-m", __spec__.name, "--one", str(n)], check=True)
    if not asked.model or not asked.images:
        print("layers x layers: skipped, since no --model and no --images were given")
        return
    layers_by_layers(asked.model, asked.images, asked.batch, asked.batches)


if __name__ == "__main__":
    main()
