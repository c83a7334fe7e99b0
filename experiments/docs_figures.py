"""The figures of the documentation: parts of a real report page, of pictures drawn by code.

It needs a Chromium to photograph the page.

    python -m experiments.docs_figures
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import neurons
from experiments import toy_world
from neurons import Neuron

IMG = Path(__file__).resolve().parents[1] / "docs" / "img"
NEURON = Neuron("visual.layer4", 3)
WIDTH_PX, HEIGHT_PX = 1200, 3800
# the page's parts, from the top of the photograph, px: measured by eye, moved to an empty row
PARTS = {"report-top.webp": (20, 1330), "report-spectrum.webp": (1480, 3120)}


def photograph(page: Path, to: Path, *, size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> None:
    """Open a page in a browser without a window and save what it shows."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium on this machine")
    with tempfile.TemporaryDirectory() as profile:
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync "
            f"--hide-scrollbars --window-size={size_px[0]},{size_px[1]} --virtual-time-budget=8000"
        )
        command = [browser, *options.split(), f"--user-data-dir={profile}", f"--screenshot={to}"]
        subprocess.run([*command, page.as_uri()], check=True, capture_output=True)


def cut(page: Image.Image, top: int, bottom: int) -> Image.Image:
    """Give the part between two heights, px, each moved to the nearest empty row."""
    levels = np.asarray(page.convert("L")).astype(int)
    empty = np.flatnonzero(np.ptp(levels, axis=1) == 0)
    first, last = (int(empty[np.abs(empty - near).argmin()]) for near in (top, bottom))
    return page.convert("RGB").crop((0, first, page.width, last))


def main() -> None:
    """Make the toy, scan it, report one unit, photograph the page and cut it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        toy_world.make(folder)
        clip = neurons.load(f"local-dir:{folder / 'model'}", device="cpu")
        pictures = neurons.images(folder / "pictures")
        neurons.scan(clip, pictures, [NEURON.layer], folder / "run")
        index = neurons.report(folder / "run", [NEURON], folder / "report")
        page = index.parent / f"{NEURON.layer}-{NEURON.unit}.html"
        photograph(page, folder / "page.png")
        IMG.mkdir(parents=True, exist_ok=True)
        with Image.open(folder / "page.png") as shown:
            for part, (top, bottom) in PARTS.items():
                cut(shown, top, bottom).save(IMG / part, "WEBP", quality=85, method=6)


if __name__ == "__main__":
    main()
