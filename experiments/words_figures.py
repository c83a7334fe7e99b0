"""The figures of the pages about words: parts of real pages, made of the miniature.

It needs a Chromium to photograph them.

    python -m experiments.words_figures
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons.recipes.write_result import write_result

MODEL = "miniature"
# from the top of the photograph, px: measured by eye, moved to an empty row
LINEARITY = (20, 1030)


def main() -> None:
    """Measure the readout, photograph its page and cut it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = neurons.linearize(neurons.load(MODEL, device="cpu"), neurons.images(MODEL))
        write_result(folder / "readout", found)
        page = next(each for each in (folder / "readout").glob("How-*.html"))
        photograph(page, folder / "page.png", size_px=(1100, 1300))
        IMG.mkdir(parents=True, exist_ok=True)
        with Image.open(folder / "page.png") as shown:
            cut(shown, *LINEARITY).save(IMG / "words-linearize.webp", "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main()
