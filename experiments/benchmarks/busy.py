"""How much slower is the work on a machine that does something else, and what helps?

    python -m experiments.benchmarks.busy     # about fifteen minutes; start it on a quiet machine

A scan, a feature visualization and a probe path, each alone and beside a busy loop on every core,
by three ways in which threads wait for each other: OpenMP's default, which spins; passive waiting
(``OMP_WAIT_POLICY=PASSIVE``, what the commands set); and one thread. Every run is a process of its
own, since OpenMP reads its settings when it is loaded; the clock starts after that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WORKS = ("scan", "visualize", "probe")
WAYS = {
    "default": {},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
ALONE_TARGET, BESIDE_TARGET = 0.95, 1.7


def work(name: str) -> float:
    """Do one piece of work on the miniature, and give its seconds."""
    import torch

    import neurons
    from neurons.sparse.features import Features
    from neurons.sparse.path import Strengths, follow
    from neurons.sparse.problem import Problem
    from neurons.visualization.ascent import ascend
    from neurons.visualization.objectives import channel
    from neurons.visualization.request import ImageRequest, Settings

    clip = neurons.load("miniature", device="cpu")
    if name == "scan":
        images = neurons.images("miniature").first(1500)
        with tempfile.TemporaryDirectory() as folder:
            since = time.perf_counter()
            neurons.scan(clip, images, ["visual.layer4"], Path(folder) / "run")
            return time.perf_counter() - since
    if name == "visualize":
        requests = [ImageRequest(channel(neurons.Neuron("visual.layer4", i))) for i in range(16)]
        since = time.perf_counter()
        ascend(clip, requests, Settings(steps=24))
        return time.perf_counter() - since
    random = torch.Generator().manual_seed(0)
    values = torch.randn(8_000, 256, generator=random).relu()
    labels = (values @ torch.randn(256, 20, generator=random)).argmax(1)
    problem = Problem(Features(values), labels, 20)
    since = time.perf_counter()
    for _ in follow(problem, Strengths(8, 0.1).of(problem, 1.0)):
        pass
    return time.perf_counter() - since


@contextmanager
def busy_cores(n: int) -> Iterator[None]:
    """Keep ``n`` processes computing meanwhile."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


def seconds(name: str, way: str) -> float:
    """Measure one piece of work in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "experiments.benchmarks.busy", "--work", name],
        env={**environment, **WAYS[way]},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout)


def measure(rounds: int) -> dict[str, Any]:
    """Take all works by all ways in turns, and compare them round by round with the default."""
    cores = os.cpu_count() or 1
    figures: dict[str, Any] = {"cores": cores, "rounds": rounds}
    for place, loops in (("alone", 0), ("beside", cores)):
        for name in WORKS:
            taken: dict[str, list[float]] = {way: [] for way in WAYS}
            for _ in range(rounds):
                with busy_cores(loops):
                    for way, found in taken.items():
                        found.append(seconds(name, way))
            for way, found in taken.items():
                ratios = [a / b for a, b in zip(taken["default"], found, strict=True)]
                figures[f"{name}, {place}, {way}"] = {
                    "seconds": found,
                    "times the default's speed": statistics.median(ratios),
                }
                print(
                    f"{name:>9} {place:>6} {way:>10}: {statistics.median(found):6.1f} s, "
                    f"{statistics.median(ratios):5.2f}x the default's speed "
                    f"({min(ratios):.2f} to {max(ratios):.2f})",
                    flush=True,
                )
    print(f"targets: alone {ALONE_TARGET}x or more, beside the load {BESIDE_TARGET}x or more")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", choices=WORKS, help="only this, once; prints its seconds")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    if asked.work:
        print(work(asked.work))
        return
    figures = measure(asked.rounds)
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
