"""How much faster is a lesion of every module than running the whole network for each?

A usual loop zeroes a module's weights, embeds all images with open_clip and puts the weights back,
module by module; its inputs lie in memory as open_clip's own preprocessing leaves them. A loop of
someone who knows has its channels last, as ours. Ours keeps what comes before a lesion. All run on
the same images in the same batches, and their embeddings are compared. Seconds are those of the
processor, so that other programs count as little as they can.

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


@torch.inference_mode()
def loop(
    clip: neurons.Clip,
    pixels: Tensor,
    modules: tuple[LesionModule, ...],
    batch: int,
    layout: torch.memory_format,
) -> list[np.ndarray]:
    """Run the whole network for each module; inputs are normalised once."""
    inputs = [
        clip.preprocess.normalise(part).contiguous(memory_format=layout)
        for part in pixels.split(batch)
    ]
    found = []
    for module in modules:
        parameters = list(find_module(clip.network, module.path).parameters(recurse=False))
        kept = [each.detach().clone() for each in parameters]
        for each in parameters:
            each.data.zero_()
        embedded: list[Tensor] = [clip.network.encode_image(part) for part in inputs]  # type: ignore[operator]
        found.append(torch.cat(embedded).cpu().numpy())
        for each, before in zip(parameters, kept, strict=True):
            each.data.copy_(before)
    return found


def usual(
    clip: neurons.Clip, pixels: Tensor, modules: tuple[LesionModule, ...], batch: int
) -> list[np.ndarray]:
    """Run inputs as open_clip's preprocessing leaves them."""
    return loop(clip, pixels, modules, batch, torch.contiguous_format)


def channels_last(
    clip: neurons.Clip, pixels: Tensor, modules: tuple[LesionModule, ...], batch: int
) -> list[np.ndarray]:
    """Run inputs whose channels lie last: faster on most processors."""
    return loop(clip, pixels, modules, batch, torch.channels_last)


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
    ratios: dict[str, list[float]] = {"usual": [], "channels last": []}
    for turn in range(asked.rounds):
        seconds, answers = {}, {}
        for way in (usual, channels_last, ours):
            since = time.process_time()
            answers[way] = way(clip, pixels, modules, asked.batch)
            seconds[way] = time.process_time() - since
        most = float(np.abs(answers[usual]).max())
        pairs = zip(answers[usual], answers[ours], strict=True)
        gap = max(float(np.abs(a - b).max()) for a, b in pairs) / most
        for name, way in (("usual", usual), ("channels last", channels_last)):
            ratios[name].append(seconds[way] / seconds[ours])
        print(
            f"round {turn + 1}: usual {seconds[usual]:.1f} s, channels last "
            f"{seconds[channels_last]:.1f} s, ours {seconds[ours]:.1f} s (opening counted in); "
            f"embeddings apart by {gap:.0e} of the largest value",
            flush=True,
        )
    for name, found in ratios.items():
        print(
            f"times as fast as the {name} loop, median of {len(found)}: "
            f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}); "
            f"target {TARGET:g}"
        )


if __name__ == "__main__":
    main()
