"""The picture of an atlas: the first page of the one that the demonstration ends in.

It needs a Chromium to photograph the page.

    python -m experiments.atlas_figures [DEMO]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from experiments.docs_figures import IMG, photograph
from neurons.recipes.demo import demo

SIZE_PX = (1280, 1120)


def main(out: Path | None) -> None:
    """Make the demonstration, unless there is one, and photograph its atlas."""
    with tempfile.TemporaryDirectory() as name:
        made = demo(out or Path(name) / "demo")
        photograph(made.atlas, Path(name) / "page.png", size_px=SIZE_PX)
        with Image.open(Path(name) / "page.png") as shown:
            shown.convert("RGB").save(IMG / "atlas.webp", "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
