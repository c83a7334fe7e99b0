"""The figure of the page on probes: a class of the miniature, as its page shows it.

It needs a Chromium to photograph the page.

    python -m experiments.probe_figures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import Activations
from neurons.recipes.demo import LAYER
from neurons.recipes.probe_pages import compose_to
from neurons.studies.probe.fit import probe

CLASS = "piggy bank"
# the page's part, px from its top: measured by eye, moved to an empty row
TOP_PX, BOTTOM_PX = 30, 1450


def main() -> None:
    clip, pictures = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        neurons.scan(clip, pictures, [LAYER], folder / "run")
        run = Activations.open(folder / "run")
        found = probe(run, pictures, LAYER)
        index = compose_to(found, run, [CLASS], folder / "class", images=pictures)
        (page,) = (file for file in index.parent.glob("*.html") if file.name != "index.html")
        photograph(page, folder / "page.png")
        with Image.open(folder / "page.png") as whole:
            part = cut(whole, TOP_PX, BOTTOM_PX)
        part.save(IMG / "probe-piggy-bank.webp", "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main()
