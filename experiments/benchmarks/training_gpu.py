"""How long does the miniature's recipe take on a GPU, and how good is what it makes?

    python -m experiments.benchmarks.training_gpu

The recipe of ``python -m neurons.miniature.train``, whole; then zero-shot accuracy of single
concepts, on pictures that no training drew. ``--device cpu --steps 2`` checks the code.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import neurons
from neurons.drawn_world.items import RENDITIONS
from neurons.miniature.measure import zero_shot
from neurons.miniature.recipe import SMALL, Recipe
from neurons.miniature.train import train

PER_CONCEPT = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, help="so many steps of the small recipe instead")
    parser.add_argument("--keep", type=Path, help="folder for the trained model")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    recipe = Recipe() if asked.steps is None else replace(SMALL, steps=asked.steps)
    on_gpu = asked.device != "cpu"
    seen: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        since = time.perf_counter()
        path = train(
            asked.keep or Path(folder) / "model",
            recipe,
            device=asked.device,
            workers=8 if on_gpu else 0,
            compiled=on_gpu,
            progress=seen.update,
        )
        seconds = time.perf_counter() - since
        clip = neurons.load(f"local-dir:{path.parent}", device=asked.device)
        pictures = PER_CONCEPT if asked.steps is None else 1
        accuracy = {way: zero_shot(clip, way, per_concept=pictures) for way in RENDITIONS}
        figures: dict[str, Any] = {
            "steps": recipe.steps,
            "seconds": seconds,
            "images_per_second": seen["images_per_second"],
            "loss": seen["loss"],
            "zero_shot": {name: asdict(share) for name, share in accuracy.items()},
        }
    print(f"{recipe.steps} steps in {seconds:.0f} s, loss {seen['loss']:.3f}")
    for name, share in accuracy.items():
        print(f"zero-shot, {name}: {share}")
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
