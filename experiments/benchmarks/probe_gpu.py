"""How long does a sparse probe of ImageNet's size take on a GPU?

Features in bf16 with planted sparse weights, drawn on the device: images x units x classes, by
default 1,281,167 x 2,560 x 1,000. A path of 20 strengths to a duality gap of 1e-3 of the objective,
certified in float64. The target is 180 seconds on an H200. A small size on a CPU shows that it
runs, and says nothing about a GPU.

    python -m experiments.benchmarks.probe_gpu
    python -m experiments.benchmarks.probe_gpu --device cpu --images 4000 --units 64 --classes 10
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurons.sparse.features import Features
from neurons.sparse.path import Strengths, follow
from neurons.sparse.problem import Problem

PER_CLASS, TARGET_S = 5, 180.0
_CHUNK = 65_536


def planted(n: int, n_units: int, n_classes: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Draw features and classes that follow a few units each."""
    draw = torch.Generator(device=device).manual_seed(0)
    weights = torch.zeros(n_units, n_classes, device=device)
    units = torch.randint(n_units, (PER_CLASS, n_classes), generator=draw, device=device)
    weights.scatter_(0, units, 2.0)
    values = torch.empty(n, n_units, dtype=torch.bfloat16, device=device)
    labels = torch.empty(n, dtype=torch.int64, device=device)
    for start in range(0, n, _CHUNK):
        rows = torch.randn(min(_CHUNK, n - start), n_units, generator=draw, device=device)
        values[start : start + len(rows)] = rows.relu().bfloat16()
        logits = values[start : start + len(rows)].float() @ weights
        noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=draw, device=device)))
        labels[start : start + len(rows)] = (logits + noise).argmax(1)
    return values, labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--images", type=int, default=1_281_167)
    parser.add_argument("--units", type=int, default=2_560)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--span", type=float, default=0.02)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    device = torch.device(asked.device)
    values, labels = planted(asked.images, asked.units, asked.classes, device)
    since = begun = time.perf_counter()
    problem = Problem(Features(values), labels, asked.classes)
    strengths = Strengths(20, asked.span).of(problem, 1.0)
    figures: dict[str, Any] = {"strengths": [], "not converged": 0}
    for i, solution in follow(problem, strengths):
        seconds, since = time.perf_counter() - since, time.perf_counter()
        figures["strengths"].append({"seconds": seconds, "gap": solution.relative_gap})
        figures["not converged"] += not solution.converged
        print(
            f"{i + 1:>3} strength {strengths[i]:.5f}: {seconds:6.2f} s, gap "
            f"{solution.relative_gap:.1e}{'' if solution.converged else ' NOT CONVERGED'}, "
            f"{solution.passes} passes, "
            f"{float((solution.weights != 0).sum()) / asked.classes:.1f} units per class",
            flush=True,
        )
    total = time.perf_counter() - begun
    print(
        f"the path: {total:.1f} s; target {TARGET_S:g} s {'met' if total <= TARGET_S else 'missed'}"
    )
    if device.type == "cuda":
        figures["peak GiB"] = torch.cuda.max_memory_allocated(device) / 2**30
        print(f"peak device memory: {figures['peak GiB']:.1f} GiB")
    if asked.out is not None:
        asked.out.write_text(json.dumps({**figures, "seconds": total}, indent=1) + "\n")


if __name__ == "__main__":
    main()
