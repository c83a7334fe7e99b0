"""How near is a scan to what the GPU can do, and what limits it when it reads files?

First with random images already on the device: the rate of the network, of the same network as
``torch.compile`` alone gives it, and the share of the roofline (the operations up to the watched
layer, at the rate that a large matrix product reaches in the same run). Then, with ``--images``,
a whole scan from files: the stage that limits is named.

    python -m experiments.benchmarks.scan_gpu --model RN50x4/untrained --images FOLDER

``--device cpu`` runs the same code on a CPU, to check it rather than to measure anything.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

import neurons
from neurons.network.engine import open_engine
from neurons.network.inference import PRECISIONS, compiled, exact, fast
from neurons.network.layers import find_layers
from neurons.network.surgery import cut_after

TARGET = 9_000
PLAIN_COMPILE = 6_977


def timed(run: Callable[[], object], device: torch.device, *, repeats: int, rounds: int) -> float:
    """Give the median seconds of one call, over rounds of several calls."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    run()
    wait()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        wait()
        seconds.append((time.perf_counter() - start) / repeats)
    return statistics.median(seconds)


def matrix_rate(device: torch.device, size: int) -> float:
    """Measure a bf16 matrix product: operations a second."""
    left = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    right = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    return 2 * size**3 / timed(lambda: left @ right, device, repeats=10, rounds=5)


def operations(clip: neurons.Clip, layer: str) -> float:
    """Count the operations of one image up to the layer."""
    visual = copy.deepcopy(clip.network.visual)
    cut_after(visual, [layer.removeprefix("visual.")])
    one = torch.zeros(1, 3, *clip.preprocess.size, device=clip.device)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        visual(one)
    return float(counter.get_total_flops())


def plain_compile(clip: neurons.Clip, batch: torch.Tensor, *, repeats: int, rounds: int) -> float:
    """Give the rate of what a user would write: bf16, channels_last, torch.compile, no more."""
    network = neurons.load(clip.name, device=clip.device).network
    network = network.to(torch.bfloat16).to(memory_format=torch.channels_last)
    inputs = clip.preprocess.normalise(batch).to(torch.bfloat16)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    encode = torch.compile(network.encode_image)  # type: ignore[arg-type]
    with torch.inference_mode():
        return len(batch) / timed(
            lambda: encode(inputs), clip.device, repeats=repeats, rounds=rounds
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="RN50x4/untrained")
    parser.add_argument("--layer", default="visual.layer4")
    parser.add_argument("--images", help="files for a whole scan")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matrix", type=int, default=8192)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "no CUDA device here; --device cpu checks the code on a CPU\n")

    clip = neurons.load(arguments.model, device=arguments.device)
    layers = find_layers(clip, [arguments.layer])
    generator = torch.Generator().manual_seed(0)
    shape = (arguments.batch, 3, *clip.preprocess.size)
    batch = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator).to(clip.device)
    often = {"repeats": arguments.repeats, "rounds": arguments.rounds}

    figures: dict[str, Any] = {"torch": torch.__version__, "device": arguments.device}
    if clip.device.type == "cuda":
        figures["device"] = torch.cuda.get_device_name(clip.device)
    for precision in (exact, fast, compiled):
        with open_engine(
            clip, layers, precision=precision, batch_size=len(batch), embeddings=False
        ) as engine:
            seconds = timed(lambda: engine.read(batch), clip.device, **often)
            figures[precision.name] = arguments.batch / seconds
            print(f"{precision.name:>14}: {figures[precision.name]:>9,.1f} images/s", flush=True)
    figures["plain compile"] = plain_compile(clip, batch, **often)
    print(f"{'plain compile':>14}: {figures['plain compile']:>9,.1f} images/s")

    figures["matrix rate"] = matrix_rate(clip.device, arguments.matrix)
    figures["operations"] = operations(clip, arguments.layer)
    roofline = figures["matrix rate"] / figures["operations"]
    figures["roofline share"] = figures["compiled"] / roofline
    print(
        f"roofline: {figures['operations'] / 1e9:.1f} GFLOP an image, "
        f"{figures['matrix rate'] / 1e12:.2f} TFLOP/s in a large product, so "
        f"{roofline:,.0f} images/s; compiled reaches {figures['roofline share']:.0%} of it, "
        f"{figures['compiled'] / figures['plain compile']:.2f}x a plain compile"
    )
    print(f"target on an H200: {TARGET:,} images/s (a plain compile gave {PLAIN_COMPILE:,})")
    if arguments.images:
        with tempfile.TemporaryDirectory() as folder:
            summary = neurons.scan(
                clip,
                neurons.images(arguments.images),
                [arguments.layer],
                Path(folder) / "run",
                precision=PRECISIONS["fast"],
            )
        figures["from files"] = {
            "rate": summary.rate,
            "stages": summary.stages,
            "limit": summary.bottleneck,
        }
        print(f"from files: {summary.rate:,.0f} images/s, limited by {summary.bottleneck}")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
