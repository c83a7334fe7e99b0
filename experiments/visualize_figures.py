"""The figures of the page on feature visualization, from the miniature.

Units are chosen by concept: the most decided multimodal unit of each, by the census.

    python -m experiments.visualize_figures
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import neurons
from experiments.docs_figures import IMG
from neurons import Activations, Neuron
from neurons.ascent import Settings
from neurons.evidence import Portrait
from neurons.miniature.demo import BY, LAYER
from neurons.studies.facets import facet_probes
from neurons.studies.visualize import Series, visualize_each

SHOWN = ("spider", "finance", "happy", "angry", "summer", "clock", "apple", "star")
FACETED = ("spider", "happy")
TILE_PX, GAP_PX, TEXT_PX = 112, 6, 16
N_EXAMPLES = 3


def main() -> None:
    clip, pictures = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        counted = neurons.census(run, pictures, LAYER, by=BY)
        chosen = {name: counted.units_of(name)[0] for name in SHOWN if counted.units_of(name)}
        units = [Neuron(LAYER, unit) for unit in chosen.values()]
        made = list(visualize_each(clip, units, settings=Settings(steps=256, batch=16), run=run))
        columns = []
        for (name, unit), each in zip(chosen.items(), made, strict=True):
            top = neurons.top_examples(run, pictures, Neuron(LAYER, unit), count=N_EXAMPLES).top
            tiles = [labelled(example.thumbnail, f"{example.peak:.2f}") for example in top]
            tiles += [labelled(p.image, f"{p.activation:.2f}") for p in each.plain()]
            columns.append(np.concatenate([title(f"{unit} {name}"), *tiles]))
        save(np.concatenate(columns, axis=1), "visualize-units.webp")
        probes = facet_probes(clip, pictures, by="facet")
        series = Series(n_seeds=1, facets=probes.weights())
        faced = [Neuron(LAYER, counted.units_of(name)[0]) for name in FACETED]
        rows = []
        for each in visualize_each(
            clip, faced, settings=Settings(steps=256, batch=16), series=series, run=run
        ):
            shown = [*each.plain(), *each.facets()]
            rows.append(np.concatenate([faceted(portrait) for portrait in shown], axis=1))
        save(np.concatenate(rows), "visualize-facets.webp")


def faceted(portrait: Portrait) -> np.ndarray:
    mark = "" if portrait.reaches else "*"
    tile = labelled(portrait.image, f"{portrait.activation:.2f}{mark}")
    # the default typeface has no multiplication sign
    return np.concatenate([title(portrait.name.replace("×", "x")), tile])


def labelled(image: bytes, text: str) -> np.ndarray:
    with Image.open(io.BytesIO(image)) as opened:
        tile = opened.convert("RGB").resize((TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (TILE_PX + GAP_PX, TILE_PX + TEXT_PX), "white")
    canvas.paste(tile, (0, 0))
    ImageDraw.Draw(canvas).text((2, TILE_PX), text, "#555", ImageFont.load_default(11))
    return np.asarray(canvas)


def title(text: str) -> np.ndarray:
    canvas = Image.new("RGB", (TILE_PX + GAP_PX, TEXT_PX + 4), "white")
    ImageDraw.Draw(canvas).text((2, 2), text, "black", ImageFont.load_default(12))
    return np.asarray(canvas)


def save(pixels: np.ndarray, name: str) -> None:
    Image.fromarray(pixels).save(IMG / name, "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main()
