"""What does reading units by texts cost, beside encoding the texts?

For each model: the time to encode 1,000 texts, and the time to read all units of the last layer at
all places for all of them, at three levels: one image's own attention, mean attention, weights
alone.

    python -m experiments.benchmarks.words
    python -m experiments.benchmarks.words --models miniature RN50x4/untrained
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor

import neurons
from neurons.network.clip import Clip
from neurons.readouts.resnet_readout import ResNetReadout, resnet_readout
from neurons.readouts.vocabulary import shipped_vocabulary

_AT_ONCE = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["miniature"])
    parser.add_argument("--texts", type=int, default=1000)
    asked = parser.parse_args()
    words = list(shipped_vocabulary())
    texts = [f"a photo of a {words[i % len(words)]}" for i in range(asked.texts)]
    print(f"{len(texts):,} texts, {torch.get_num_threads()} threads")
    for name in asked.models:
        print(f"{name}: {measured(neurons.load(name, device='cpu'), texts)}")


def measured(clip: Clip, texts: list[str]) -> str:
    """Time both for one model, and tell it in a line."""
    readout = resnet_readout(clip)
    height, width = clip.preprocess.size
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (8, 3, height, width), generator=random, dtype=torch.uint8)
    seen = readout.read(pixels)
    since = time.perf_counter()
    embedded = embed(clip, texts)
    encoded = time.perf_counter() - since
    levels = {
        "one image": readout.pool.places(seen.attention[0]),
        "mean attention": readout.pool.places(seen.attention.mean(0)),
        "weights only": readout.pool.even(seen.units.shape[2]),
    }
    took = {}
    for level, places in levels.items():
        since = time.perf_counter()
        weights(readout, embedded, places)
        took[level] = time.perf_counter() - since
    told = ", ".join(f"{level} {seconds:.2f} s" for level, seconds in took.items())
    units, n_places = seen.units.shape[1:]
    return (
        f"{units:,} units x {n_places} places; texts encoded in {encoded:.2f} s; {told}; encoding "
        f"takes {encoded / sum(took.values()):.1f} times as long as all three"
    )


@torch.inference_mode()
def embed(clip: Clip, texts: list[str]) -> Tensor:
    """Encode the texts, as many at a time as elsewhere in the toolkit."""
    return torch.cat([clip.embed_texts(texts[i : i + 512]) for i in range(0, len(texts), 512)])


@torch.inference_mode()
def weights(readout: ResNetReadout, texts: Tensor, places: Tensor) -> float:
    """Read every unit at every place for every text; the sum, so that nothing is left out."""
    total = 0.0
    for some in torch.split(texts, _AT_ONCE):
        found = torch.einsum("thu,hp->tup", readout.pool.asked(some), places)
        total += float(found.sum())
    return total


if __name__ == "__main__":
    main()
