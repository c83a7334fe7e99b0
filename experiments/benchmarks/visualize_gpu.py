"""How many seconds does one unit's picture take on a GPU, hundreds of units at once?

    python -m experiments.benchmarks.visualize_gpu --model RN50x4/untrained

An untrained network costs what a trained one does. ``--device cpu`` with small numbers runs the
same code on a CPU, to check it rather than to measure anything.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

import neurons
from neurons import Neuron
from neurons.network.inference import PRECISIONS
from neurons.visualization.ascent import ascend
from neurons.visualization.objectives import channel
from neurons.visualization.request import ImageRequest, Settings

TARGET_S = 0.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="RN50x4/untrained")
    parser.add_argument("--layer", default="visual.layer4")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--steps", type=int, default=512)
    parser.add_argument("--batch", type=int, help="images at once; default: as `visualize` does")
    parser.add_argument("--precision", choices=["exact", "fast"], action="append")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    clip = neurons.load(asked.model, device=asked.device)
    requests = [ImageRequest(channel(Neuron(asked.layer, unit))) for unit in range(asked.units)]
    figures: dict[str, Any] = {"units": asked.units, "steps": asked.steps}
    for name in asked.precision or ["exact", "fast"]:
        precision = PRECISIONS[name]
        # once before the clock: kernels are chosen, the allocator has its memory
        ascend(clip, requests[:1], Settings(steps=2, batch=asked.batch, precision=precision))
        settings = Settings(steps=asked.steps, batch=asked.batch, precision=precision)
        since = time.perf_counter()
        ascend(clip, requests, settings)
        if clip.device.type == "cuda":
            torch.cuda.synchronize(clip.device)
        figures[name] = (time.perf_counter() - since) / asked.units
        print(
            f"{name}: {figures[name]:.3f} s a unit, {asked.units} units, {asked.steps} steps, "
            f"{clip.preprocess.size[0]} px; target on an H200: {TARGET_S} s",
            flush=True,
        )
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
