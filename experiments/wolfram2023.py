"""What does an alien mind see? The list of Wolfram's essay, on the miniature or on any model.

Stephen Wolfram, "Generative AI space and the mental imagery of alien minds", 2023, changed one
network by hand and drew the answers. Here the same is asked of a CLIP model, with counts beside the
pictures: each part of the list is one function below.

    python -m experiments.wolfram2023 --out OUT                                   # the miniature
    python -m experiments.wolfram2023 --out OUT --model ViT-B-32/openai --images PICTURES
    python -m experiments.wolfram2023 --out OUT --model RN50/openai --images PICTURES --part lesions
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from torch.nn import BatchNorm2d

import neurons
from neurons import Clip, ImageSet, LesionPlan
from neurons.activations.stage_reference import reference_of_images
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import LayerNotFoundError
from neurons.network.layers import stages
from neurons.readouts.readout import ZeroShot
from neurons.recipes.write_result import write_result
from neurons.visualization.control_image import NamedImage, control_image


def lesions(clip: Clip, images: ImageSet, out: Path) -> None:
    """Knock out every module in turn, several at once, and replace weights by noise.

    His list: each module knocked out in turn; several at once, at random ("HAL"); weights replaced
    by noise of 1 %, 2 % and more; shrunk to nothing; enlarged; and blocks skipped.
    """
    readout = _readout(clip, images)
    has_norms = any(isinstance(each, BatchNorm2d) for each in clip.network.modules())
    plan = LesionPlan(hows=("zero", "shuffle"), n_orders=10)
    found = neurons.lesion_to(
        clip, images, out / "weights", readout=readout, plan=plan, recalibrate=has_norms
    )
    print(found.verdict())
    skipped = LesionPlan(hows=("skip",), curves=False, n_orders=10, greedy_steps=4)
    try:
        found = neurons.lesion_to(clip, images, out / "blocks", readout=readout, plan=skipped)
    except LayerNotFoundError as error:
        # a tower whose blocks all change the shape of what they take
        print(f"no block is skipped: {error}")
    else:
        print(found.verdict())
    print(f"pages: {out}/weights/index.html, {out}/blocks/index.html")


def concept_space(clip: Clip, images: ImageSet, out: Path) -> None:
    """Draw the space between concepts.

    His list: points of the space between concepts; the plane around a cat, zoomed; random places;
    and attractors. Three of the classes that have cats and dogs among them, else the first three.
    """
    readout, names = _readout(clip, images), images.class_names
    few = [name for name in ("cat", "dog", "spider") if name in names]
    words = (few + [name for name in names if name not in few])[:3]
    anchors = [neurons.text_anchor(clip, readout, word) for word in words]
    seen = neurons.embedded_images(clip, images, n=400)
    found = neurons.concept_plane(
        clip, anchors, readout, seen=seen, picture_at=neurons.nearest_pictures(seen)
    )
    attracted = neurons.attractor_map(clip, anchors, readout, seen)
    rows = [next(i for i in range(len(seen)) if seen.label(i) == word) for word in words]
    pictures = [images.pixels(int(seen.rows[i])) for i in rows]
    between = neurons.pixel_plane(clip, pictures, [seen.name(i) for i in rows], readout)
    for each in (found, attracted, between):
        print(each.verdict())
    print(f"concept space: {write_result(out, found, attracted, between)}")


def layers_of_image(clip: Clip, images: ImageSet, out: Path) -> None:
    """Show what each stage makes of one image; the first one, beside 1,200 of the others."""
    classes = {name: concepts()[name].words if clip.name == "miniature" else (name,)
               for name in images.class_names}  # fmt: skip
    readout, first = neurons.zero_shot(clip, classes), images[0]
    image = NamedImage(first.id, first.pixels)
    drawn = images.sample(min(1200, len(images)))
    found = neurons.layers_of(
        clip,
        image,
        readout,
        reference=reference_of_images(clip, drawn, stages(clip)),
        other=control_image(clip, readout, images, image),
    )
    print(found.verdict())
    print(f"layers: {write_result(out, found)}")


def _readout(clip: Clip, images: ImageSet) -> ZeroShot:
    """Read the images' classes; the miniature knows its own sentences only."""
    if clip.name == "miniature":
        return neurons.zero_shot(clip, images.class_names, templates=("{}", *TEMPLATES))
    return neurons.zero_shot(clip, images.class_names)


PARTS: dict[str, Callable[[Clip, ImageSet, Path], None]] = {
    "lesions": lesions,
    "concept-space": concept_space,
    "layers": layers_of_image,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--images", default="miniature", help="labelled; default: the miniature's")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", help="default: all")
    parser.add_argument("--device")
    asked = parser.parse_args()
    clip, images = neurons.load(asked.model, device=asked.device), neurons.images(asked.images)
    for name in asked.part or PARTS:
        PARTS[name](clip, images, asked.out / name)


if __name__ == "__main__":
    main()
