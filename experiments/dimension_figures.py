"""The figures of twins, spectra and shared dimensions: two small CLIPs on the same photographs.

It needs a Chromium, a CLIP as open_clip's folder, and photographs.

    python -m experiments.dimension_figures local-dir:MODEL PHOTOGRAPHS.parquet
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons.recipes.write_result import write_result
from neurons.results.result import Result

N_IMAGES, LAYER, MINIATURE = 600, "visual.layer4", "miniature"
# the parts of each page, from the top of the photograph, px: measured by eye
PARTS = {"twins": (440, 1550), "eigenspectrum": (320, 690), "universal": (560, 925)}


def draw(result: Result, name: str, folder: Path) -> None:
    """Write a result's page, photograph it, and keep a part."""
    index = write_result(folder / name, result)
    (page,) = (each for each in index.parent.glob("*.html") if each != index)
    photograph(page, folder / f"{name}.png", size_px=(1200, 2600))
    with Image.open(folder / f"{name}.png") as shown:
        cut(shown, *PARTS[name]).save(IMG / f"{name}.webp", "WEBP", quality=85, method=6)
    print(f"{name}: {result.verdict()}")


def main(model: str, photographs: str) -> None:
    """Scan with both models, and draw."""
    shown = neurons.images(photographs).sample(N_IMAGES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, each in enumerate((model, MINIATURE)):
            clip = neurons.load(each, device="cpu")
            neurons.scan(clip, shown, [LAYER], folder / str(i))
        runs = [neurons.Activations.open(folder / str(i)) for i in range(2)]
        found = neurons.twins(*runs, LAYER, images=shown, other_images=shown)
        draw(found, "twins", folder)
        draw(neurons.eigenspectrum(runs[0], LAYER), "eigenspectrum", folder)
        draw(neurons.universal(runs, LAYER, images=shown), "universal", folder)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
