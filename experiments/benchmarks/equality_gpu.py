"""Does a GPU give what the CPU gives, whatever lies beside an image, and after a stop?

    python -m experiments.benchmarks.equality_gpu

Four questions on the miniature, each with the largest relative difference found: `exact` on the
GPU beside the CPU; an image in two batches of other images (must be 0); `compiled` beside `fast`;
and the bytes of a scan that was stopped in the middle and went on, beside one that was not.
``--device cpu`` runs the same code on a CPU.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import neurons
from neurons.activations.scan_summary import Progress
from neurons.data.images import ImageSet
from neurons.network.engine import open_engine
from neurons.network.inference import Precision, compiled, exact, fast
from neurons.network.layers import find_layers

MODEL, LAYER, BATCH = "miniature", "visual.layer4", 64
# relative to the largest value: what docs/limits.md states of each
EXACT_BOUND, COMPILED_BOUND = 1e-5, 0.05


class StopError(Exception):
    """Raised by this script in the middle of a scan."""


def peaks(clip: neurons.Clip, pixels: torch.Tensor, precision: Precision) -> NDArray[np.float32]:
    """Give the peaks of all units on one batch."""
    layers = find_layers(clip, [LAYER])
    with open_engine(clip, layers, precision=precision, batch_size=len(pixels)) as engine:
        return engine.read(pixels).layers[LAYER].peak.astype(np.float32)


def gap(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Give the largest difference, relative to the largest value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Read all files of a run."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def after_a_stop(clip: neurons.Clip, images: ImageSet) -> bool:
    """Tell whether a scan that was stopped and went on has the bytes of one that was not."""

    def stop(progress: Progress) -> None:
        if progress.done >= len(images) // 2:
            raise StopError

    often = {"precision": exact, "shard_size": BATCH, "batch_size": BATCH}
    with tempfile.TemporaryDirectory() as folder:
        whole, parts = Path(folder) / "whole", Path(folder) / "parts"
        neurons.scan(clip, images, [LAYER], whole, **often)  # type: ignore[arg-type]
        try:
            neurons.scan(clip, images, [LAYER], parts, progress=stop, **often)  # type: ignore[arg-type]
        except StopError:
            neurons.scan(clip, images, [LAYER], parts, **often)  # type: ignore[arg-type]
        else:
            raise RuntimeError("the scan was not stopped: there are too few images")
        return bytes_of(whole) == bytes_of(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--compiled", action="store_true", help="also `compiled`: builds a graph")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    clip = neurons.load(MODEL, device=asked.device)
    reference = neurons.load(MODEL, device="cpu")
    random = torch.Generator().manual_seed(0)
    shape = (2 * BATCH, 3, *clip.preprocess.size)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
    first, second = pixels[:BATCH], pixels[BATCH:]
    among_others = torch.cat([first[:1], second[1:]])

    on_device = peaks(clip, first, exact)
    figures: dict[str, Any] = {
        "exact beside the CPU": gap(on_device, peaks(reference, first, exact)),
        "one image in two batches": gap(peaks(clip, among_others, exact)[:1], on_device[:1]),
    }
    if asked.compiled:
        figures["compiled beside fast"] = gap(
            peaks(clip, first, compiled), peaks(clip, first, fast)
        )
    figures["bytes equal after a stop"] = after_a_stop(clip, neurons.images("miniature")[:1024])
    bounds = {
        "exact beside the CPU": EXACT_BOUND,
        "one image in two batches": 0.0,
        "compiled beside fast": COMPILED_BOUND,
    }
    held = figures["bytes equal after a stop"] is True and all(
        figures[name] <= bound for name, bound in bounds.items() if name in figures
    )
    figures["all hold"] = held
    for name, value in figures.items():
        shown = f"{value:.2e}" if isinstance(value, float) else value
        print(f"{name}: {shown}{f', bound {bounds[name]:g}' if name in bounds else ''}")
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
