"""The figure of the page about lesions: a real map of the miniature, and its numbers.

It needs a Chromium to photograph it, and some minutes.

    python -m experiments.lesion_figures
    python -m experiments.lesion_figures --out OUT      # keeps the pages
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import LesionPlan, Lesions
from neurons.drawn_world.scenes import TEMPLATES
from neurons.interventions.lesion_records import LesionRecord
from neurons.readouts.readout import zero_shot

MODEL, N = "miniature", 158
# from the top of the photograph, px: measured by eye, moved to an empty row
PART = (20, 1355)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="where pages are kept; default: nowhere")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = asked.out or Path(name)
        tell(measured(folder))
        photograph(folder / "index.html", Path(name) / "page.png", size_px=(1100, 3200))
        with Image.open(Path(name) / "page.png") as shown:
            cut(shown, *PART).save(IMG / "lesions.webp", "WEBP", quality=85, method=6)


def measured(folder: Path) -> Lesions:
    """Zero every module of the miniature in turn, with recalibration beside."""
    clip, images = neurons.load(MODEL, device="cpu"), neurons.images(MODEL)
    return neurons.lesion_to(
        clip,
        images,
        folder,
        readout=zero_shot(clip, images.class_names, templates=("{}", *TEMPLATES)),
        plan=LesionPlan(),
        recalibrate=True,
        n=N,
        progress=lambda done, total: print(f"\r{done} of {total}", end="", flush=True),
    )


def tell(found: Lesions) -> None:
    """Print the table that the page shows."""
    print(f"\n{found.verdict()}\n")
    print("| lesion | accuracy | recalibrated |\n|---|---|---|")
    rows = [("intact", found.intact)]
    stem = [found.at(f"visual.conv{i}")[0] for i in (1, 2, 3)]
    rows.append(("the least harmful of the stem's convolutions", max(stem, key=_left)))
    later = [found.at(f"visual.layer4.1.conv{i}")[0] for i in (1, 2, 3)]
    rows.append(("the most harmful convolution of layer4.1", min(later, key=_left)))
    rows += [(f"attention pool, {name}", found.at(f"visual.attnpool.{name}_proj")[0])
             for name in "qkvc"]  # fmt: skip
    for curve in found.curves:
        pairs = zip(curve.amounts, curve.records, strict=True)
        rows += [(f"{curve.what} {amount:g}", record) for amount, record in pairs]
    for told, record in rows:
        print(f"| {told} | {record.accuracy} | {record.recalibrated_accuracy} |")


def _left(record: LesionRecord) -> float:
    return record.accuracy.value


if __name__ == "__main__":
    main()
