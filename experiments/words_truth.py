"""What may be said of units and words? The truths of every study of words, printed in one go.

How linear the readouts are, of the miniature and of any other model with images of its own; which
texts units ask for; which units a text asks for; and what words and classes are made of. Kept in
experiments/results/words_truth.json, and each table put into its page of docs/studies.

    python -m experiments.words_truth                   # about twelve minutes on two cores
    python -m experiments.words_truth --only linearity
    python -m experiments.words_truth --only linearity --model local-dir:PATH --images FILE
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neurons
from experiments import words_truth_equations, words_truth_texts, words_truth_wanted
from neurons import Activations, Clip, ImageSet, Linearity
from neurons.readouts.unit_directions import UnitDirections
from neurons.recipes.demo import LAYER

RESULTS = Path(__file__).parent / "results" / "words_truth.json"
PAGES = Path(__file__).resolve().parents[1] / "docs" / "studies"
MINIATURE, LINEARITY = "miniature", "linearity"
_FIGURES = re.compile(r"(<!-- figures: .*? -->\n).*?(<!-- end of figures -->)", re.DOTALL)

Measure = Callable[[Clip, Activations, ImageSet, UnitDirections], dict[str, Any]]
# of each study its page, what measures it, and what draws it
STUDIES: dict[str, tuple[str, Measure, Callable[[dict[str, Any]], str]]] = {
    "texts": ("texts.md", words_truth_texts.texts_truth, words_truth_texts.texts_table),
    "wanted": ("wanted.md", words_truth_wanted.wanted_truth, words_truth_wanted.wanted_table),
    "equations": (
        "equation.md",
        words_truth_equations.equations_truth,
        words_truth_equations.equations_table,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=(LINEARITY, *STUDIES), help="one of the tables")
    parser.add_argument("--model", help="another model, whose readout is measured instead")
    parser.add_argument("--images", help="its images")
    asked = parser.parse_args()
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    if asked.only in (None, LINEARITY):
        model, images = (asked.model, asked.images) if asked.model else (MINIATURE, MINIATURE)
        found = neurons.linearize(neurons.load(model, device="cpu"), neurons.images(images))
        kept.setdefault(LINEARITY, {})[Path(model).name] = linearity(found)
        keep(kept, "words.md", table(kept[LINEARITY]))
    studies = [name for name in STUDIES if asked.only in (None, name)]
    if studies and not asked.model:
        measure(kept, studies)


def measure(kept: dict[str, Any], studies: list[str]) -> None:
    """Measure studies on one run of the miniature and by one readout."""
    clip, pictures = neurons.load(MINIATURE, device="cpu"), neurons.images(MINIATURE)
    directions = neurons.linearize(clip, pictures, layer=LAYER).directions()
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        for name in studies:
            page, truth, drawn = STUDIES[name]
            kept[name] = truth(clip, run, pictures, directions)
            keep(kept, page, drawn(kept[name]))


def keep(kept: dict[str, Any], page: str, told: str) -> None:
    """Keep what was measured, print it, and put it into its page."""
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(told, flush=True)
    text = (PAGES / page).read_text("utf-8")
    found = _FIGURES.sub(lambda marks: f"{marks[1]}{told}\n{marks[2]}", text)
    (PAGES / page).write_text(found, encoding="utf-8")


def linearity(found: Linearity) -> dict[str, Any]:
    """Keep the numbers of one readout."""
    return {
        "layer": found.layer,
        "exact_error": found.exact_error,
        "evenness": found.evenness,
        "n_held_out": found.n_held_out,
        "forms": found.rows(),
    }


def table(kept: dict[str, Any]) -> str:
    """Draw all readouts, a row per form."""
    lines = [
        "| model | form | r | R2 | same best text | one direction per unit: r, R2 "
        "| r, R2 uncentred | units exchanged: r | boosted on grey | r of boosts at one place |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in kept.items():
        for form in each["forms"]:
            lines.append(
                f"| {name} | {form['form']} | {form['r']:.2f} ({form['r_low']:.2f} to "
                f"{form['r_high']:.2f}) | {form['r2']:.2f} | {form['same_top']:.2f} | "
                f"{form['direction_r']:.2f}, {form['direction_r2']:.2f} | "
                f"{form['plain_r']:.2f}, {form['plain_r2']:.2f} | {form['shuffled_r']:.2f} | "
                f"{form['boosted_on_grey']:.2f} | {form['r_of_rises']:.2f} |"
            )
    facts = [
        f"{name}: entropy of attention {each['evenness']:.2f} of even, exact sums off by "
        f"{each['exact_error']:.0e}, {each['n_held_out']:,} images"
        for name, each in kept.items()
    ]
    return "\n".join(lines) + "\n\n" + "; ".join(facts) + "."


if __name__ == "__main__":
    main()
