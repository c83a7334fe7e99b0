"""How much faster is a scan than the usual way, on this machine's CPU?

The usual way is what a user would write: Pillow, open_clip's own transform, a DataLoader,
``encode_image`` in fp32 under ``torch.inference_mode`` with a forward hook that keeps the peak and
the mean. It gets the best of several numbers of workers. Both read the same images, interleaved,
and the ratio is taken round by round, since a shared machine's speed drifts.

    python -m experiments.benchmarks.scan_cpu --model local-dir:PATH --images train.parquet
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import datasets
import open_clip
import torch
from PIL import Image
from torch.utils.data import DataLoader

import neurons
from neurons.network.inference import PRECISIONS

LAYER = "visual.layer4"
BATCH = 64
TARGETS = {"exact": 2.3, "fast": 4.0}


class UsualImages(torch.utils.data.Dataset):
    """Rows of a parquet file, decoded by Pillow and transformed by open_clip."""

    def __init__(self, path: str, n: int | None, transform: Any) -> None:
        rows = datasets.Dataset.from_parquet(path)
        rows = rows.select(range(n or len(rows)))
        self.rows = rows.cast_column("image", datasets.Image(decode=False))
        self.transform = transform

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> torch.Tensor:
        data = self.rows[index]["image"]["bytes"]
        return self.transform(Image.open(io.BytesIO(data)).convert("RGB"))


def usual_way(model: str, path: str, n: int | None, workers: int) -> float:
    """Scan as one usually does; give images a second."""
    network, _, transform = open_clip.create_model_and_transforms(model)
    network.eval()
    loader = DataLoader(UsualImages(path, n, transform), batch_size=BATCH, num_workers=workers)
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []
    network.visual.layer4.register_forward_hook(
        lambda module, inputs, output: kept.append((output.amax((2, 3)), output.mean((2, 3))))
    )
    embeddings = []
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in loader:
            embeddings.append(network.encode_image(batch))
    peaks = torch.cat([peak for peak, _ in kept])
    seconds = time.perf_counter() - start
    assert len(peaks) == len(loader.dataset)  # type: ignore[arg-type]
    return len(peaks) / seconds


def our_way(model: str, path: str, n: int | None, precision: str) -> tuple[float, str]:
    """Scan with the toolkit, everything written to disk; give images a second and the limit."""
    clip = neurons.load(model, device="cpu")
    images = neurons.images(path)
    if n is not None:
        images = neurons.ImageSet(images.name, _First(images.source, n))
    out = Path(tempfile.mkdtemp())
    try:
        summary = neurons.scan(clip, images, [LAYER], out / "run", precision=PRECISIONS[precision])
    finally:
        shutil.rmtree(out)
    return summary.rate, summary.bottleneck


class _First:
    """The first n images of a source."""

    def __init__(self, source: Any, n: int) -> None:
        self.ids, self.read = source.ids[:n], source.read
        self.labels, self.class_names = source.labels[:n], source.class_names
        self.fingerprint = f"{source.fingerprint}[:{n}]"
        self.columns: dict[str, Any] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", required=True, help="a parquet file")
    parser.add_argument("--n", type=int, help="only the first n images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args()
    model, path, n = arguments.model, arguments.images, arguments.n

    trial = {w: usual_way(model, path, min(n or 2048, 2048), w) for w in (0, 1, os.cpu_count())}
    workers = max(trial, key=lambda w: trial[w])
    print("usual way, 2,048 images:", {w: round(rate) for w, rate in trial.items()}, "by workers")
    print(f"the usual way gets {workers} workers\n")
    print(f"{'round':>5} {'usual':>8} {'exact':>8} {'fast':>8}   images/s")
    rounds = []
    for i in range(arguments.rounds):
        rates = {"usual": usual_way(model, path, n, workers)}
        for precision in TARGETS:
            rates[precision], limit = our_way(model, path, n, precision)
        rounds.append(rates)
        print(f"{i + 1:>5} " + " ".join(f"{rate:>8.0f}" for rate in rates.values()))
    print()
    figures: dict[str, Any] = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "rounds": rounds,
    }
    for precision, target in TARGETS.items():
        ratios = [rates[precision] / rates["usual"] for rates in rounds]
        median = statistics.median(ratios)
        figures[precision] = median
        verdict = "met" if median >= target else "missed"
        print(
            f"{precision}: {median:.2f}x the usual way (median of {len(ratios)}; "
            f"{min(ratios):.2f} to {max(ratios):.2f}); target {target}x {verdict}; "
            f"the busiest stage is {limit}"
        )
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
