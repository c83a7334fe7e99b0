"""What may be said of units and words? The truths of every study of words, printed in one go.

How linear the readouts are, of the miniature and of any other model with images of its own; which
texts units ask for; which units a text asks for; and what words and classes are made of. Kept in
experiments/results/words_truth.json and put into docs/studies/words.md.

    python -m experiments.words_truth
    python -m experiments.words_truth --model local-dir:PATH --images FILE
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import neurons
from neurons import Linearity

RESULTS = Path(__file__).parent / "results" / "words_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "words.md"
BEGIN, END = "<!-- figures: python -m experiments.words_truth -->", "<!-- end of figures -->"
MINIATURE = "miniature"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="another model, to be measured beside the miniature")
    parser.add_argument("--images", help="its images")
    asked = parser.parse_args()
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    pairs = [(MINIATURE, MINIATURE, MINIATURE)]
    if asked.model:
        pairs.append((Path(asked.model).name, asked.model, asked.images))
    for name, model, images in pairs:
        found = neurons.linearize(neurons.load(model, device="cpu"), neurons.images(images))
        kept[name] = linearity(found)
        print(f"{name}: {found.verdict()}", flush=True)
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    told = table(kept)
    print(told)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


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
        "| model | form | r | R2 | same best text | r, R2 uncentred | units exchanged: r | boosted"
        " on grey | r of boosts at one place |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in kept.items():
        for form in each["forms"]:
            lines.append(
                f"| {name} | {form['form']} | {form['r']:.2f} ({form['r_low']:.2f} to "
                f"{form['r_high']:.2f}) | {form['r2']:.2f} | {form['same_top']:.2f} | "
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
