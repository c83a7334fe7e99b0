"""Which units are feelings made of? The article's list, on RN50x4 or any other model.

Prints units per word and the share of coefficients below 0 along a path of strengths, beside the
published figures; the equations of bored and surprised, whose published terms stand beside them;
and whether the model knows the list at all. The article's prompts and list were not released as
files: the list is the feeling wheel's (126 different words), the prompts are those it names.

    python -m experiments.goh2021_emotions --run RUN      # a run of RN50x4/openai, or of any model
"""

from __future__ import annotations

import argparse
from pathlib import Path

import neurons
from neurons import Activations
from neurons.activations.run import images_of
from neurons.readouts.word_fit import ListStep, list_path

# Goh et al. 2021, from the article's own data: units a word, and share of coefficients below 0
PUBLISHED = ((0.26, 0.03), (1.52, 0.20), (3.13, 0.25), (4.69, 0.25))
# units of the last block of RN50x4 in the published equations
EQUATIONS = {
    "bored": "254 relaxing (451) + 35 grumpy (1430) - 26 sunset (871)",
    "surprised": "82.8 celebration (2083) + 82.7 shocked (2478) + 14.3 happy (1512) + 2.7 "
    "cartoon mouth (2361)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="of the model; neurons scan")
    parser.add_argument("--images", help="where the run's images are now")
    parser.add_argument("--layer", help="default: the run's only one")
    parser.add_argument("--n", type=int, default=1000, help="images to measure the readout on")
    asked = parser.parse_args()
    run = Activations.open(asked.run)
    images = neurons.images(asked.images) if asked.images else images_of(run)
    clip = neurons.load(run.model_name)
    layer = asked.layer or run.layers[-1].path
    directions = neurons.linearize(clip, images, layer=layer, n_images=asked.n).directions()
    texts = neurons.word_texts(clip, neurons.read_word_list("emotions"))
    print(f"{clip.name} {layer}, {directions.level}, r = {directions.held_out_r:.2f} held out")
    known = texts.families_together()
    if known is not None:
        told = "holds" if known.p_value <= 0.05 else "does not hold"
        print(
            f"the model {told} the wheel's seven families together: difference of cosines "
            f"{known.difference:.3f}, p = {known.p_value:.2g}"
        )
    print(table(list_path(texts.unit_weights(directions))))
    for word, published in EQUATIONS.items():
        found = neurons.word_equation(directions, texts, word)
        print(f"\n{found.verdict()}\npublished (RN50x4): {word} = {published}")


def table(steps: tuple[ListStep, ...]) -> str:
    """Put each published strength beside the step with the nearest number of units per word."""
    lines = [
        "| published: units per word | below 0 | here: units per word | below 0 | gap |",
        "|---|---|---|---|---|",
    ]
    for units, negative in PUBLISHED:
        step = min(steps, key=lambda each: abs(each.units_per_word - units))
        if abs(step.units_per_word - units) > units / 4:
            lines.append(f"| {units:.2f} | {negative:.2f} | not reached | | |")
            continue
        lines.append(
            f"| {units:.2f} | {negative:.2f} | {step.units_per_word:.2f} | "
            f"{step.share_negative:.2f} | {step.gap:.0e} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
