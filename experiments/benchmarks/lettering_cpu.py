"""How much faster are attacked images built than with Pillow's ImageDraw, on one core?

Both write the same words in the same places on the same decoded pixels, and the same pixels come
out: that is checked in every round. Pillow has its font opened once and its sizes and places given;
ours has its masks drawn in a first call that is not timed (timed apart, below), and also counts
the changed pixels, which Pillow's user would still have to do. Both write a whole batch in turns,
and the ratio is taken round by round, since a shared machine's speed drifts.

    python -m experiments.benchmarks.lettering_cpu
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from neurons.lettering.lettering import ARTICLE as ARTICLE_PLACES
from neurons.lettering.lettering import Lettering
from neurons.lettering.places import corners_at, random_corners
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.typefaces import typeface_for
from neurons.lettering.words import write_on

TARGET = 8.0
# the nine texts of Goh et al. 2021
WORDS = ("trash", "iPod", "pizza", "rifle", "radio", "library", "shark", "meow", "$$$")
ARTICLE = Lettering()
PLAIN = replace(ARTICLE, stroke_px=0)
ONE_RANDOM = replace(ARTICLE, places="random")


@dataclass(frozen=True)
class Case:
    """What is written: one text on the whole batch, as an attack does, or each its own."""

    name: str
    lettering: Lettering
    mixed: bool = False


CASES = (
    Case("eight places, stroked, one text a batch", ARTICLE),
    Case("eight places, stroked, texts mixed", ARTICLE, mixed=True),
    Case("eight places, no stroke, one text a batch", PLAIN),
    Case("one random place, stroked, one text a batch", ONE_RANDOM),
)


def by_pillow(
    pixels: np.ndarray,
    texts: Sequence[str],
    lettering: Lettering,
    corners: Sequence[Sequence[tuple[int, int]]],
    fonts: dict[str, Any],
    anchors: dict[str, tuple[int, int]],
) -> list[np.ndarray]:
    """Write as a user of Pillow would: uint8 (H, W, 3) an image."""
    made = []
    for array, text, places in zip(pixels, texts, corners, strict=True):
        image = Image.fromarray(array)
        draw = ImageDraw.Draw(image)
        x, y = anchors[text]
        for left, top in places:
            draw.text(
                (left + x, top + y),
                text,
                fill=lettering.colour,
                font=fonts[text],
                stroke_width=lettering.stroke_px,
                stroke_fill=lettering.stroke_colour,
            )
        made.append(np.asarray(image))
    return made


def measure(case: Case, pixels: Tensor, rounds: int) -> dict[str, Any]:
    """Microseconds an image of both, round by round, after checking that the pixels are equal."""
    n, side = len(pixels), pixels.shape[2]
    texts = [WORDS[i % len(WORDS)] if case.mixed else "iPod" for i in range(n)]
    # masks are drawn once for each text and size of image
    start = time.perf_counter()
    stamps = {
        text: fitted_stamp(text, case.lettering, (side, side)) for text in dict.fromkeys(texts)
    }
    first_ms = (time.perf_counter() - start) * 1e3 / len(stamps)
    fonts = {
        text: typeface_for(ARTICLE.font, text, stamp.size_px) for text, stamp in stamps.items()
    }
    anchors = {text: stamp.anchor for text, stamp in stamps.items()}
    corners = []
    for i, text in enumerate(texts):
        size = (stamps[text].width, stamps[text].height)
        if case.lettering.places == "random":
            places = random_corners(1, size, (side, side), seed=i)
        else:
            places = corners_at(ARTICLE_PLACES, size, (side, side))
        assert places is not None
        corners.append(places)
    arrays = pixels.permute(0, 2, 3, 1).numpy()
    seconds: dict[str, list[float]] = {"pillow": [], "ours": []}
    for i in range(rounds + 1):
        start = time.perf_counter()
        theirs = by_pillow(arrays, texts, case.lettering, corners, fonts, anchors)
        middle = time.perf_counter()
        ours = write_on(pixels, texts, case.lettering, seeds=range(n))
        end = time.perf_counter()
        assert np.array_equal(np.stack(theirs), ours.pixels.permute(0, 2, 3, 1).numpy())
        if i:
            seconds["pillow"].append(middle - start)
            seconds["ours"].append(end - middle)
    ratios = [a / b for a, b in zip(seconds["pillow"], seconds["ours"], strict=True)]
    return {
        "pillow_us": statistics.median(seconds["pillow"]) / n * 1e6,
        "ours_us": statistics.median(seconds["ours"]) / n * 1e6,
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "first_ms": first_ms,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[96, 224, 288])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, Any] = {}
    for side in asked.sides:
        generator = torch.Generator().manual_seed(0)
        shape = (asked.batch, side, side, 3)
        pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        print(f"{side} px, batches of {asked.batch}, microseconds an image")
        for case in CASES:
            found = measure(case, pixels.permute(0, 3, 1, 2), asked.rounds)
            figures[f"{side} px, {case.name}"] = found
            print(
                f"  {case.name:<45} Pillow {found['pillow_us']:6.0f}, "
                f"ours {found['ours_us']:5.0f}: "
                f"{found['ratio']:.1f}x ({found['low']:.1f} to {found['high']:.1f}); "
                f"masks {found['first_ms']:.0f} ms a text, once"
            )
        headline = figures[f"{side} px, {CASES[0].name}"]["ratio"]
        print(f"  target {TARGET:g}x, first row: {'met' if headline >= TARGET else 'missed'}")
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
