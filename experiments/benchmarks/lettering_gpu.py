"""What share of the encoder's time does writing take on a GPU: 8 places, 100 texts, 1,000 images?

The images are on the device before the clock starts, as after decoding once; each text is written
on all of them and the result is embedded. The network's time is that of the same batches without
writing. Masks are drawn on the CPU, once for each text, inside the clock.

    python -m experiments.benchmarks.lettering_gpu --model RN50x4/untrained

``--device cpu`` with small numbers runs the same code on a CPU, to check it rather than to measure
anything.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

import neurons
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.words import write_on
from neurons.network.inference import PRECISIONS, inference_copy

TARGET = 0.02


def texts_of(n: int) -> list[str]:
    """Make up words of three to eight letters."""
    random = Random(0)
    return ["".join(random.choices("aeioubcdfglmnprst", k=random.randint(3, 8))) for _ in range(n)]


def seconds(run: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def written(batches: Sequence[Tensor], texts: Sequence[str]) -> None:
    """Write each text on all batches."""
    for text in texts:
        for batch in batches:
            write_on(batch, [text] * len(batch), Lettering(), seeds=range(len(batch)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="RN50x4/untrained")
    parser.add_argument("--device")
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--precision", choices=list(PRECISIONS), default="fast")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    clip = neurons.load(asked.model, device=asked.device)
    precision = PRECISIONS[asked.precision]
    network = inference_copy(clip, [], precision, embeddings=True)
    if precision.compiled:
        network.visual = torch.compile(network.visual, dynamic=False, mode="max-autotune")
    texts = texts_of(asked.texts)
    shape = (asked.images, *clip.preprocess.size, 3)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8).permute(0, 3, 1, 2).to(clip.device)
    batches = pixels.split(asked.batch)

    @torch.inference_mode()
    def embed() -> None:
        for batch in batches:
            inputs = clip.preprocess.normalise(batch).to(precision.dtype)
            network.encode_image(inputs.contiguous(memory_format=torch.channels_last))

    # once before the clock: kernels are chosen, the allocator has its memory
    embed()
    written(batches[:1], texts[:1])
    fitted_stamp.cache_clear()
    encoding = seconds(embed, clip.device) * len(texts)
    writing = seconds(lambda: written(batches, texts), clip.device)
    share = writing / encoding
    figures: dict[str, Any] = {
        "model": asked.model, "device": str(clip.device), "precision": precision.name,
        "texts": asked.texts, "images": asked.images, "encoding_s": encoding,
        "writing_s": writing, "share": share,
    }  # fmt: skip
    print(
        f"{asked.texts} texts on {asked.images} images at {clip.preprocess.size[0]} px, "
        f"{clip.device}, "
        f"{precision.name}: writing {writing:.2f} s, encoding {encoding:.2f} s, share {share:.2%}; "
        f"target {TARGET:.0%} {'met' if share < TARGET else 'missed'}"
    )
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
