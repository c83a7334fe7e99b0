"""All that is to be measured on a GPU, in one command that goes on where it was stopped.

    python -m experiments.benchmarks.gpu --out gpu.json                  # about 25 minutes
    python -m experiments.benchmarks.gpu --out tiny.json --device cpu    # minutes: does it run?

Each step is a process of its own, so that one that falls over leaves the others their memory, and
its figures are in the file as soon as it ends. Steps that are in the file are not run again; one
that failed is. On a CPU the sizes are tiny: that checks the code and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from neurons.files import write_file

MODEL = "RN50x4/untrained"
# the mean size of ImageNet's validation files
_WIDTH, _HEIGHT = 500, 375
_SECONDS_PER_STEP = 900


@dataclass(frozen=True)
class Step:
    """One benchmark.

    Parameters
    ----------
    name : str
    module : str
        Run as ``python -m experiments.benchmarks.MODULE ... --device DEVICE --out FILE``.
    full, tiny : tuple of str
        Its options on a GPU, and on a CPU.
    target : str
    """

    name: str
    module: str
    full: tuple[str, ...]
    tiny: tuple[str, ...]
    target: str


STEPS = (
    Step(
        "equality",
        "equality_gpu",
        ("--compiled",),
        (),
        "the CPU's numbers within 1e-5, no neighbour matters, equal bytes after a stop",
    ),
    Step(
        "scan",
        "scan_gpu",
        ("--model", MODEL),
        ("--model", "miniature", "--batch", "4", "--repeats", "1", "--rounds", "1")
        + ("--matrix", "256"),
        "RN50x4 at 288 px, compiled: 9,000 images/s on an H200",
    ),
    Step(
        "visualize",
        "visualize_gpu",
        ("--model", MODEL),
        ("--model", "miniature", "--units", "2", "--steps", "2"),
        "RN50x4, 512 steps: 0.25 s a unit on an H200",
    ),
    Step(
        "lettering",
        "lettering_gpu",
        ("--model", MODEL),
        ("--model", "miniature", "--texts", "2", "--images", "8", "--batch", "8"),
        "less than 0.02 of the encoder's time",
    ),
    Step(
        "probe",
        "probe_gpu",
        (),
        ("--images", "1000", "--units", "16", "--classes", "4"),
        "1,281,167 x 2,560 x 1,000, 20 strengths to a gap of 1e-3: 180 s on an H200",
    ),
    Step(
        "training",
        "training_gpu",
        (),
        ("--steps", "2"),
        "the miniature's recipe in minutes",
    ),
)


def photographs(folder: Path, n: int) -> Path:
    """Write JPEGs as large as ImageNet's, of smooth noise: they decode about as slowly as photos.

    Parameters
    ----------
    folder : Path
        New files are written; those that are there stay.
    n : int
        Files.

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for i in range(n):
        coarse = random.integers(0, 256, (_HEIGHT // 5, _WIDTH // 5, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC)
        path = folder / f"{i:05}.jpg"
        if not path.exists():
            picture.save(path, quality=90)
    return folder


def measured(step: Step, device: str, images: str | None) -> dict[str, Any]:
    """Run a step in a process of its own.

    Returns
    -------
    dict
        What it measured, under "figures"; or under "error" the end of what it said. And its
        seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        options = step.tiny if device == "cpu" else step.full
        if step.name == "scan":
            n = 8 if device == "cpu" else 20_000
            options += ("--images", images or str(photographs(Path(folder) / "photographs", n)))
        command = [sys.executable, "-m", f"experiments.benchmarks.{step.module}", *options]
        command += ["--device", device, "--out", str(out)]
        since = time.perf_counter()
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS_PER_STEP, check=False
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not ended after {_SECONDS_PER_STEP} s", "seconds": _SECONDS_PER_STEP}
        seconds = round(time.perf_counter() - since, 1)
        print(ended.stdout, end="", flush=True)
        if ended.returncode or not out.is_file():
            said = ended.stderr.strip().splitlines()[-12:]
            return {"error": "\n".join(said) or f"exit {ended.returncode}", "seconds": seconds}
        return {"figures": json.loads(out.read_text()), "seconds": seconds}


def kept(path: Path, card: str) -> dict[str, Any]:
    """Read what an earlier start measured; one of another card is not gone on with."""
    if not path.exists():
        return {"card": card, "torch": torch.__version__, "steps": {}}
    found: dict[str, Any] = json.loads(path.read_text())
    if found.get("card") != card:
        sys.exit(f"{path} holds figures of {found.get('card')!r}, this is {card!r}: name another")
    return found


def main(arguments: Sequence[str] | None = None, steps: Sequence[Step] = STEPS) -> int:
    """Run what is not in the file yet, and tell what is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON; goes on with one that is")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--images", help="real photographs for the scan from files")
    parser.add_argument("--only", action="append", choices=[step.name for step in steps])
    asked = parser.parse_args(arguments)
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here; --device cpu checks the code with tiny sizes", file=sys.stderr)
        return 2
    card = "cpu, tiny sizes" if asked.device == "cpu" else torch.cuda.get_device_name()
    told = kept(asked.out, card)
    for step in steps:
        if asked.only and step.name not in asked.only:
            continue
        if "figures" in told["steps"].get(step.name, {}):
            print(f"{step.name}: measured before")
            continue
        print(f"{step.name}: target: {step.target}", flush=True)
        told["steps"][step.name] = measured(step, asked.device, asked.images)
        write_file(asked.out, (json.dumps(told, indent=1) + "\n").encode())
    failed = [name for name, each in told["steps"].items() if "error" in each]
    for name in failed:
        print(f"{name} FAILED after {told['steps'][name]['seconds']} s:", file=sys.stderr)
        print(told["steps"][name]["error"], file=sys.stderr)
    unlike = [
        name
        for name, each in told["steps"].items()
        if each.get("figures", {}).get("all hold") is False
    ]
    for name in unlike:
        print(f"{name}: NOT HELD: {told['steps'][name]['figures']}", file=sys.stderr)
    print(f"{len(told['steps']) - len(failed)} of {len(steps)} steps measured on {card}")
    return 1 if failed or unlike else 0


if __name__ == "__main__":
    sys.exit(main())
