"""The figure and the numbers of the page about the layers of an image, made of the miniature.

The figure needs a Chromium to photograph a page.

    python -m experiments.layers_of_figures
    python -m experiments.layers_of_figures --numbers
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import LayersOf
from neurons.activations.stage_reference import reference_of_images
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.network.layers import stages
from neurons.readouts.readout import zero_shot
from neurons.recipes.write_result import write_result
from neurons.visualization.control_image import NamedImage, control_image

MODEL, SHOWN, COMPARED, PICTURES = "miniature", "winter/photo-1.png", 1200, 5
# from the top of the photograph, px: measured by eye, moved to an empty row
PART = (20, 2090)


def followed(names: list[str]) -> list[LayersOf]:
    """Follow pictures of the miniature's world through it, as the command does."""
    clip, images = neurons.load(MODEL, device="cpu"), neurons.images(MODEL)
    reference = reference_of_images(clip, images.sample(COMPARED), stages(clip))
    world = concepts()
    words = {name: world[name].words for name in images.class_names}
    readout = zero_shot(clip, words, templates=("{}", *TEMPLATES))
    found = []
    for name in names:
        image = NamedImage(name, images.pixels(images.ids.index(name)))
        other = control_image(clip, readout, images, image)
        found.append(neurons.layers_of(clip, image, readout, reference=reference, other=other))
    return found


def figure() -> None:
    """Write a page, photograph it and cut it."""
    (found,) = followed([SHOWN])
    with tempfile.TemporaryDirectory() as folder:
        write_result(Path(folder) / "page", found)
        page = next((Path(folder) / "page").glob("*winter*.html"))
        photograph(page, Path(folder) / "page.png", size_px=(1100, 3600))
        with Image.open(Path(folder) / "page.png") as shown:
            part = cut(shown, *PART)
            part.thumbnail((1100, 2100))
            part.save(IMG / "layers-of.webp", "WEBP", quality=85, method=6)


def numbers() -> None:
    """Print what the stages keep of some photographs of the drawn world."""
    images = neurons.images(MODEL)
    photos = [each for each in images.ids if "/photo-" in each]
    drawn = np.random.default_rng(0).choice(len(photos), PICTURES, replace=False)
    found = followed([photos[i] for i in drawn.tolist()])
    print("| stage | fitted lens: held-out R2 (shuffled, at most) | gives the model's answer "
          "(shuffled) | inverse error (another image) | inverses that keep the answer | form "
          "| colour |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for k, stage in enumerate(found[0].stages):
        fit, own, beside = stage.fit, [], []
        for each in found:
            own += each.stages[k].own(each.image)
            beside.append(each.stages[k].other_error)
        assert fit is not None
        keep, form, colour = (
            f"{sum(row)} of {len(own)}"
            for row in (
                [each.keeps for each in own],
                [each.kept.has_form for each in own],
                [each.kept.has_colour for each in own],
            )
        )
        print(f"| `{stage.layer}` | {fit.r2:.2f} ({max(fit.control):.2f}) | "
              f"{fit.agrees.value:.2f} ({fit.control_agrees:.2f}) | "
              f"{np.mean([each.error for each in own]):.2f} ({np.mean(beside):.2f}) | "
              f"{keep} | {form} | {colour} |")  # fmt: skip


def main() -> None:
    """Make the figure, or print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", action="store_true")
    if parser.parse_args().numbers:
        numbers()
    else:
        figure()


if __name__ == "__main__":
    main()
