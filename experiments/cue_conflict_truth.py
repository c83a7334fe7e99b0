"""Are shape biases counted as published, and what wins on the miniature: shape, texture or word?

The trials and pictures of Geirhos et al. 2019, and a small CLIP of photographs, are no part of this
repository: what needs them is measured where MATERIAL is given (a folder with
``reference/texture-vs-shape``, ``data/cue-conflict`` and ``models/tinyimagenet-clip``), and else
kept as it was measured last.

    python -m experiments.cue_conflict_truth [MATERIAL]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import neurons
from experiments.docs_figures import IMG
from neurons import Activations, Clip, CueConflict, CueLayers, Robustness
from neurons.data.cue_trials import read_trials
from neurons.drawn_world import cue_contest
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.readouts.readout import ZeroShot

RESULTS = Path(__file__).parent / "results" / "cue_conflict_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "cue-conflict.md"
BEGIN, END = "<!-- figures: python -m experiments.cue_conflict_truth -->", "<!-- end of figures -->"
LAYERS = ("visual.layer1", "visual.layer2", "visual.layer3", "visual.layer4")
ONE_TEMPLATE = ("a photo of a {}.",)
PEOPLE_AND_NETWORKS = {
    "10 people": "*subject*", "AlexNet": "*alexnet*", "GoogLeNet": "*googlenet*", "VGG-16": "*vgg*",
}  # fmt: skip
# what a CLIP that was trained on 200 classes of photographs has read of the 16
TINY_WORDS = {
    "bear": ("brown bear",),
    "bird": ("albatross", "goose", "black stork", "king penguin"),
    "boat": ("gondola", "lifeboat"),
    "bottle": ("beer bottle", "pop bottle", "pill bottle", "water jug"),
    "car": ("sports car", "convertible", "beach wagon", "limousine"),
    "cat": ("Egyptian cat", "Persian cat", "tabby"),
    "chair": ("rocking chair",),
    "clock": ("stopwatch",),
    "dog": ("German shepherd", "Labrador retriever", "golden retriever", "Yorkshire terrier"),
    "elephant": ("African elephant",),
    "keyboard": ("computer keyboard",),
    "truck": ("moving van", "police van"),
}


def main(material: Path | None) -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    if material is not None:
        kept["published"] = published(material)
        kept["photographs"] = photographs(material)
    clip = neurons.load("miniature", device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        found, robust, layers = miniature(clip, Path(folder))
        kept["miniature"] = told(found)
        kept["robustness"] = [(each.name, str(each.right)) for each in robust.outcomes]
        kept["layers"] = told_layers(layers)
    figure()
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page(kept)


def published(material: Path) -> list[tuple[str, str, str, str]]:
    """Count the trials that were published."""
    rows = []
    for who, pattern in PEOPLE_AND_NETWORKS.items():
        trials = read_trials(sorted((material / "reference/texture-vs-shape").glob(pattern)))
        classes = sorted({name for names in trials.cues.values() for name in names})
        found = neurons.shape_bias(
            trials.answers,
            trials.cues["shape"],
            trials.cues["texture"],
            classes=classes,
            sources=trials.sources,
        )
        part = found.parts[0]
        drawn = f"{100 * part.resampled.low:.1f} to {100 * part.resampled.high:.1f}"
        bias, n = f"{100 * found.bias.value:.2f}", f"{found.bias.n:,}"
        rows.append((who, f"{bias} (n = {n})", drawn, str(part.whole.cue_accuracy)))
    return rows


def photographs(material: Path) -> dict[str, Any]:
    """Ask a small CLIP of photographs for the classes' names, and for words that it has read."""
    clip = neurons.load(f"local-dir:{material / 'models/tinyimagenet-clip'}", device="cpu")
    pictures = neurons.cue_images(material / "data/cue-conflict")
    words = {name: TINY_WORDS.get(name, (name,)) for name in pictures.classes}
    asked: dict[str, Sequence[str] | dict[str, tuple[str, ...]]] = {
        "their names": pictures.classes,
        "words that it has read": words,
    }
    return {
        how: told(
            neurons.cue_conflict(
                clip, pictures, readout=neurons.zero_shot(clip, names, templates=ONE_TEMPLATE)
            )
        )
        for how, names in asked.items()
    }


def miniature(clip: Clip, folder: Path) -> tuple[CueConflict, Robustness, CueLayers]:
    """Run the contest on the miniature: its answers, its layers and its units."""
    contest, pictures = neurons.cue_images("miniature"), neurons.images("miniature")
    neurons.scan(clip, pictures, LAYERS, folder / "run")
    run = Activations.open(folder / "run")
    robust = neurons.robustness(clip, pictures, readout=by_words(clip, pictures.class_names))
    return (
        neurons.cue_conflict(clip, contest, readout=by_words(clip, contest.classes)),
        robust,
        neurons.cue_layers(clip, run, pictures, contest),
    )


def by_words(clip: Clip, names: Sequence[str]) -> ZeroShot:
    """Read concepts of the world by all of their words."""
    words = {name: concepts()[name].words for name in names}
    return neurons.zero_shot(clip, words, templates=("{}", *TEMPLATES))


def told(found: CueConflict) -> dict[str, Any]:
    """Give what is printed of one answer."""
    return {
        "parts": {
            part.name: {
                "n": part.whole.n,
                "bias": str(part.whole.bias),
                "cue_accuracy": str(part.whole.cue_accuracy),
                "guessing": part.chance.guessing,
                **{cue: str(part.whole.share(cue)) for cue in part.whole.cues},
                "none": str(part.whole.neither),
            }
            for part in found.parts
        },
        "alone": {each.part: str(each.right) for each in found.plain},
    }


def told_layers(found: CueLayers) -> list[dict[str, Any]]:
    """Give what is printed of each layer."""
    rows = []
    for layer in found.layers:
        mine = [each for each in found.units if each.neuron.startswith(f"{layer.layer}:")]
        chance = found.by_chance[layer.layer]
        rows.append(
            {
                "layer": layer.layer,
                "right": str(layer.right),
                "parts": {
                    part.name: {cue: part.whole.share(cue).value for cue in part.whole.cues}
                    for part in layer.counts.parts
                },
                "units": len(mine),
                "follow": {
                    cue: [sum(cue in each.follows for each in mine), chance[cue]] for cue in chance
                },
                "shape and word": sum({"shape", "word"} <= {*each.follows} for each in mine),
            }
        )
    return rows


def figure() -> None:
    """Draw some pictures of the contest, beside each other."""
    cues = [("frog", "strawberry", ""), ("horse", "sun", ""), ("pear", "butterfly", ""),
            ("train", "flower", ""), ("frog", "house", "book"), ("clock", "fire", "rocket"),
            ("elephant", "bee", "key"), ("happy", "tree", "grapes")]  # fmt: skip
    drawn = [Image.fromarray(cue_contest.render(*each, 7)[0]) for each in cues]
    tiles = [np.asarray(each.resize((148, 148), Image.Resampling.LANCZOS)) for each in drawn]
    strip = Image.fromarray(np.hstack([np.pad(t, ((4, 4), (1, 1), (0, 0)), constant_values=255)
                                       for t in tiles]))  # fmt: skip
    strip.save(IMG / "cue-contest.webp", "WEBP", quality=88, method=6)


def write_page(kept: dict[str, Any]) -> None:
    """Write the tables into the page, between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    body = "\n\n".join((_published(kept), _contest(kept), _layers(kept), _robust(kept)))
    PAGE.write_text(f"{head}{BEGIN}\n{body}\n{END}{tail}", encoding="utf-8")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _published(kept: dict[str, Any]) -> str:
    rows = [list(row) for row in kept["published"]]
    photos = [
        [
            f"asked by {how}", part["bias"], part["cue_accuracy"],
            "; ".join(f"{name} {right}" for name, right in found["alone"].items()),
        ]
        for how, found in kept["photographs"].items()
        for part in found["parts"].values()
    ]  # fmt: skip
    return (
        "Published trials of Geirhos et al. 2019, counted again. The interval draws the pictures "
        "that shapes and textures come from anew; guessing has a cue accuracy of 0.125:\n\n"
        + table(("who", "shape bias, %", "95 %", "cue accuracy"), rows)
        + "\n\nA small CLIP of photographs (96 px, 47,400 photographs of 200 classes, of which few "
        "are these 16) on half of the published pictures:\n\n"
        + table(("classes", "shape bias", "cue accuracy", "without a conflict"), photos)
    )


def _contest(kept: dict[str, Any]) -> str:
    rows = [
        [name, part["shape"], part["texture"], part.get("word", "-"), part["none"]]
        for name, part in kept["miniature"]["parts"].items()
    ]
    alone = "; ".join(f"{name} {right}" for name, right in kept["miniature"]["alone"].items())
    return (
        "The contest on the miniature, 60 classes (guessing gives each cue 0.017):\n\n"
        + table(("pictures", "shape", "texture", "word", "none of them"), rows)
        + f"\n\nAlone: {alone}. What a surface alone does not tell the network cannot win."
    )


def _layers(kept: dict[str, Any]) -> str:
    rows = []
    for each in kept["layers"]:
        with_word = each["parts"]["shape x texture x word"]
        rows.append(
            [
                f"`{each['layer']}`",
                each["right"],
                *(f"{with_word[cue]:.3f}" for cue in ("shape", "texture", "word")),
                f"{each['units']:,}",
                *(f"{n:,} ({chance:,})" for n, chance in each["follow"].values()),
                f"{each['shape and word']:,}",
            ]
        )
    return (
        "Where the word wins, by mean responses to the miniature's labelled pictures; how many "
        "units follow each cue of their class, and in brackets how many with shuffled pictures:\n\n"
        + table(
            (
                "layer",
                "held-out accuracy",
                "shape",
                "texture",
                "word",
                "live units",
                "units: shape",
                "units: texture",
                "units: word",
                "shape and word",
            ),
            rows,
        )  # fmt: skip
    )


def _robust(kept: dict[str, Any]) -> str:
    return (
        "Accuracy of the miniature on 500 of its labelled pictures, words among them, under "
        "distortions (79 classes):\n\n"
        + table(("distortion", "accuracy"), [list(row) for row in kept["robustness"]])
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
