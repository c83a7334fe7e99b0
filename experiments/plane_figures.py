"""The figure of the page about the space between concepts, and the numbers that it prints.

It needs a Chromium to photograph it, and some minutes.

    python -m experiments.plane_figures
    python -m experiments.plane_figures --out OUT       # keeps the pages
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import AttractorMap, Clip, ConceptPlane, ImageSet, PixelPlane
from neurons.drawn_world.scenes import TEMPLATES
from neurons.readouts.concept_plane_anchors import picture_of
from neurons.readouts.readout import ZeroShot, zero_shot
from neurons.recipes.write_result import write_result

MODEL, N = "miniature", 400
WORDS = ("cat", "dog", "spider")
PICTURES = ("cat/photo-0.png", "dog/photo-0.png", "spider/photo-1.png")
# from the top of the photographs, px: measured by eye, moved to an empty row
JOINT, PIXELS = (400, 1630), (400, 1585)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="where pages are kept; default: nowhere")
    asked = parser.parse_args()
    clip, images = neurons.load(MODEL, device="cpu"), neurons.images(MODEL)
    with tempfile.TemporaryDirectory() as name:
        folder = asked.out or Path(name)
        readout = zero_shot(clip, images.class_names, templates=("{}", *TEMPLATES))
        found, attracted = joint_space(clip, images, readout)
        pixels = between_pictures(clip, images, readout)
        for each in (found, attracted, pixels):
            print(f"{each.verdict()}\n")
        for each, part, to in ((found, JOINT, "plane"), (pixels, PIXELS, "plane-pixels")):
            index = write_result(folder / to, each)
            (page,) = (other for other in index.parent.glob("*.html") if other != index)
            photograph(page, Path(name) / "page.png", size_px=(1100, 3600))
            with Image.open(Path(name) / "page.png") as shown:
                shot = cut(shown, *part)
                shot.save(IMG / f"{to}.webp", "WEBP", quality=85, method=6)


def joint_space(
    clip: Clip, images: ImageSet, readout: ZeroShot
) -> tuple[ConceptPlane, AttractorMap]:
    """Map the plane through three texts, with real images and attractors on it."""
    anchors = [neurons.text_anchor(clip, readout, word) for word in WORDS]
    seen = neurons.embedded_images(clip, images, n=N)
    found = neurons.concept_plane(
        clip, anchors, readout, seen=seen, picture_at=neurons.nearest_pictures(seen)
    )
    return found, neurons.attractor_map(clip, anchors, readout, seen)


def between_pictures(clip: Clip, images: ImageSet, readout: ZeroShot) -> PixelPlane:
    """Map the plane of pixels through three pictures."""
    pixels = [picture_of(images, each)[1] for each in PICTURES]
    return neurons.pixel_plane(clip, pixels, PICTURES, readout, side=40)


if __name__ == "__main__":
    main()
