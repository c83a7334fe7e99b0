"""The figure of the page about units that a text asks for: a real page, made of the miniature.

It needs a Chromium to photograph it.

    python -m experiments.wanted_figures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import Activations
from neurons.readouts.frozen_readouts import frozen_readout
from neurons.recipes.demo import LAYER
from neurons.recipes.write_result import write_result

MODEL, TEXT, IMAGE = "miniature", "a photo of winter", "winter/photo-1.png"
# from the top of the photograph, px: measured by eye, moved to an empty row
PART = (20, 1150)


def main() -> None:
    """Part the score, photograph the page and cut it."""
    clip, pictures = neurons.load(MODEL, device="cpu"), neurons.images(MODEL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        neurons.scan(clip, pictures, [LAYER], folder / "run")
        run = Activations.open(folder / "run")
        found = neurons.wanted_in_image(
            run, pictures, frozen_readout(clip, LAYER), TEXT, IMAGE, count=5
        )
        write_result(folder / "page", found)
        page = next(each for each in (folder / "page").glob("*winter*.html"))
        photograph(page, folder / "page.png", size_px=(1100, 2200))
        with Image.open(folder / "page.png") as shown:
            cut(shown, *PART).save(IMG / "wanted-winter.webp", "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main()
