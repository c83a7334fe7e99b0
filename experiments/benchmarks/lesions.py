"""How much faster is a lesion of every module than running the whole network for each?

A usual loop zeroes a module's weights, embeds all images and puts the weights back, module by
module. Ours keeps what comes before a lesion, and its channels lie last. Both run on the same
images in the same batches, and their embeddings are compared. Seconds are those of the processor,
so that other programs count as little as they can.

    python -m experiments.benchmarks.lesions
    python -m experiments.benchmarks.lesions --model RN50/untrained --pictures 64 --rounds 1
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch
from torch import Tensor

import neurons
from neurons.data.prepared import prepare
from neurons.interventions.lesion_modules import LesionModule, image_pass, lesion_modules
from neurons.interventions.lesioned_images import lesioned_images
from neurons.interventions.lesions import Lesion
from neurons.network.hooks import find_module

BATCH, TARGET = 32, 3.0


def usual(
    clip: neurons.Clip, pixels: Tensor, modules: tuple[LesionModule, ...], batch: int
) -> list[np.ndarray]:
    found = []
    for module in modules:
        parameters = list(find_module(clip.network, module.path).parameters(recurse=False))
        kept = [each.detach().clone() for each in parameters]
        for each in parameters:
            each.data.zero_()
        embedded = [clip.embed_images(part) for part in pixels.split(batch)]
        found.append(torch.cat(embedded).cpu().numpy())
        for each, before in zip(parameters, kept, strict=True):
            each.data.copy_(before)
    return found


def ours(
    clip: neurons.Clip, pixels: Tensor, modules: tuple[LesionModule, ...], batch: int
) -> list[np.ndarray]:
    with lesioned_images(clip, pixels, batch_size=batch) as images:
        return [images.answer([Lesion(each.path, "zero")]).embeddings for each in modules]


def main() -> None:
    """Print the seconds of each round, and the ratio."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", default="miniature")
    arguments.add_argument("--images", default="miniature")
    arguments.add_argument("--pictures", type=int, default=237)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--batch", type=int, default=BATCH)
    asked = arguments.parse_args()
    clip = neurons.load(asked.model)
    pixels = prepare(clip.preprocess, neurons.images(asked.images).sample(asked.pictures)).pixels
    modules = lesion_modules(clip.network, "visual.*", run=image_pass(clip))
    print(f"{len(modules)} modules, {len(pixels)} pictures, {clip.device}")
    ratios = []
    for turn in range(asked.rounds):
        seconds, answers = {}, {}
        for way in (usual, ours):
            since = time.process_time()
            answers[way] = way(clip, pixels, modules, asked.batch)
            seconds[way] = time.process_time() - since
        usually, quickly = answers[usual], answers[ours]
        most = float(np.abs(usually).max())
        gap = max(float(np.abs(a - b).max()) for a, b in zip(usually, quickly, strict=True)) / most
        ratios.append(seconds[usual] / seconds[ours])
        print(
            f"round {turn + 1}: usual {seconds[usual]:.1f} s, ours {seconds[ours]:.1f} s "
            f"(opening counted in), ratio {ratios[-1]:.2f}; "
            f"embeddings apart by {gap:.0e} of the largest value"
        )
    print(
        f"ratio, median of {len(ratios)}: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}); target {TARGET:g}"
    )


if __name__ == "__main__":
    main()
