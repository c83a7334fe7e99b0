"""Where does a scan's time go on a CPU? The network alone, its ceiling, and the decoding.

python -m experiments.benchmarks.network_cpu --model local-dir:PATH --images train.parquet
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable

import numpy as np
import torch

import neurons
from experiments.benchmarks.scan_gpu import operations, timed
from neurons.data.decoding import decode_image
from neurons.data.loading import load_batch
from neurons.network.engine import open_engine
from neurons.network.inference import compiled, exact, fast
from neurons.network.layers import find_layers

LAYER = "visual.layer4"
SECONDS = 4.0


def rate(work: Callable[[], int], threads: int) -> float:
    """Run work in threads for a while; give what it counted, a second."""
    counts = [0] * threads
    ready = threading.Barrier(threads)
    spent = [0.0] * threads

    def loop(i: int) -> None:
        work()
        ready.wait()
        start = time.perf_counter()
        while time.perf_counter() < start + SECONDS:
            counts[i] += work()
        spent[i] = time.perf_counter() - start

    running = [threading.Thread(target=loop, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / max(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    clip = neurons.load(arguments.model, device="cpu")
    images = neurons.images(arguments.images)
    layers = find_layers(clip, [LAYER])
    pixels = load_batch(
        clip.preprocess, images, range(arguments.batch), batch_size=arguments.batch
    ).pixels
    cores = torch.get_num_threads()

    def plain() -> int:
        clip.embed_images(pixels)
        return len(pixels)

    print(f"plain model, {cores} threads on a batch: {rate(plain, 1):,.0f} images/s")
    torch.set_num_threads(1)
    print(f"plain model, a thread a batch: {rate(plain, cores):,.0f} images/s")
    ceiling = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.randn(1024, 1024).to(dtype)
        device = torch.device("cpu")
        product = 2 * 1024**3 / timed(lambda: matrix @ matrix, device, repeats=20, rounds=5)  # noqa: B023
        ceiling[dtype] = cores * product / operations(clip, "visual.attnpool")
        print(
            f"{dtype}: {product / 1e9:.0f} GFLOP/s a core in a large product, so at most "
            f"{ceiling[dtype]:,.0f} images/s"
        )
    embeddings = {}
    for precision in (exact, fast, compiled):
        start = time.perf_counter()
        with open_engine(
            clip, layers, precision=precision, batch_size=len(pixels), lanes=cores
        ) as engine:
            embeddings[precision.name] = engine.read(pixels).embeddings
            first = time.perf_counter() - start
        with open_engine(
            clip, layers, precision=precision, batch_size=len(pixels), lanes=cores
        ) as engine:

            def step() -> int:
                engine.read(pixels)
                return len(pixels)

            found = rate(step, cores)
        print(f"{precision.name}: {found:,.0f} images/s, the first batch after {first:.1f} s")
    gap = np.abs(embeddings["fast"] - embeddings["exact"]).max()
    share = gap / np.abs(embeddings["exact"]).max()
    print(f"fast: embeddings off by {share:.1%} of the largest value")
    files = images.read(range(1000))
    start = time.perf_counter()
    decoded = [decode_image(data) for data in files if isinstance(data, bytes)]
    middle = time.perf_counter()
    for image in decoded:
        clip.preprocess.pixels(image)
    end = time.perf_counter()
    print(
        f"decoding {(middle - start) / len(decoded) * 1e6:.0f} us an image, "
        f"resizing {(end - middle) / len(decoded) * 1e6:.0f} us"
    )


if __name__ == "__main__":
    main()
