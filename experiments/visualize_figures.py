"""The figures of the page on feature visualization, from the miniature.

Units are chosen by concept: the most decided multimodal unit of each, by the census. With a model
of one's own, every n-th unit of its last stage is shown, and none of the images that it was scanned
on: they may not be ours to show.

    python -m experiments.visualize_figures
    python -m experiments.visualize_figures --model local-dir:PATH --images IMAGES --save NAME.webp
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import neurons
from experiments.docs_figures import IMG
from neurons import Activations, Neuron
from neurons.recipes.demo import BY, LAYER
from neurons.studies.visualization.facets import facet_probes
from neurons.studies.visualization.visualize import Series, visualize_each
from neurons.visualization.made_picture import MadePicture
from neurons.visualization.request import Settings

SHOWN = ("spider", "finance", "happy", "angry", "summer", "clock", "apple", "star")
FACETED = ("spider", "happy")
TILE_PX, GAP_PX, TEXT_PX = 112, 6, 16
N_EXAMPLES = 3
N_SPACED, N_ROW = 16, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="default: the miniature, and its own figures")
    parser.add_argument("--images", help="what the model is scanned on")
    parser.add_argument("--save", default="visualize-model.webp", help="the figure's file name")
    asked = parser.parse_args()
    if asked.model is None:
        draw_miniature()
    else:
        draw_model(asked.model, asked.images, asked.save)


def draw_model(model: str, images: str, name: str) -> None:
    clip, pictures = neurons.load(model, device="cpu"), neurons.images(images)
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        step = run.layer(LAYER).units // N_SPACED
        units = [Neuron(LAYER, i * step) for i in range(N_SPACED)]
        series = Series(n_seeds=1)
        settings = Settings(steps=256, batch=16)
        columns = []
        for unit, each in zip(
            units,
            visualize_each(clip, units, settings=settings, series=series, run=run),
            strict=True,
        ):
            print(
                f"{unit}: {[(p.name, round(p.activation, 2), p.percentile) for p in each.plain()]}"
            )
            columns.append(np.concatenate([title(str(unit.unit)), *map(shown, each.plain())]))
        rows = [columns[i : i + N_ROW] for i in range(0, N_SPACED, N_ROW)]
        save(np.concatenate([np.concatenate(row, axis=1) for row in rows]), name)


def draw_miniature() -> None:
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
            row = [*each.plain(), *each.facets()]
            rows.append(np.concatenate([faceted(picture) for picture in row], axis=1))
        save(np.concatenate(rows), "visualize-facets.webp")


def faceted(picture: MadePicture) -> np.ndarray:
    # the default typeface has no multiplication sign
    return np.concatenate([title(picture.name.replace("×", "x")), shown(picture)])


def shown(picture: MadePicture) -> np.ndarray:
    mark = "" if picture.reaches else "*"
    return labelled(picture.image, f"{picture.activation:.2f}{mark}")


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
