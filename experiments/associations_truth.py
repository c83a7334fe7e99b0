"""Does the association test say what is true where the truth is known?

Published figures come out from their own embeddings, labels that mean nothing give uniform p, and
on the miniature a hat's planted colour leans to a profession; which units carry that?

    python -m experiments.associations_truth
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import neurons
from neurons import AssociationCarriers, Clip, Words
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.miniature.hats import draw_hats
from neurons.readouts.association import association
from neurons.readouts.item_sets import PairedTest
from neurons.readouts.named_tests import pictures_of_class
from neurons.stats import Interval
from neurons.studies.audit.association_carriers import association_carriers
from neurons.studies.audit.associations import associations

RESULTS = Path(__file__).parent / "results" / "associations_truth.json"
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "studies" / "associations.md"
BEGIN = "<!-- figures: python -m experiments.associations_truth -->"
END = "<!-- end of figures -->"
PUBLISHED = ROOT.parent / "shared" / "reference" / "ieat"
LAYER, PAIRS = "visual.layer4", 200
# the name in results.csv, and the sets in the file of embeddings: X, Y, A, B
VALENCE = ("valence_pleasant", "valence_unpleasant")
IEAT = {
    "Insect-Flower": ("insect-flower_flower", "insect-flower_insect", *VALENCE),
    "Skin-Tone": ("skin-tone_light", "skin-tone_dark", *VALENCE),
    "Gender-Career": ("gender_male", "gender_female", "gender_career", "gender_family"),
    "Race": ("race_european-american", "race_african-american", *VALENCE),
    "Age": ("age_young", "age_old", *VALENCE),
}
# hat, other hat, profession, and what it is compared with; the gardener is left out: that null
# learned a red tilt
HATS = {
    "blue or red hat, pilot": ("blue", "red", "pilot", ("builder", "baker")),
    "blue or green hat, pilot": ("blue", "green", "pilot", ("builder", "baker")),
    "yellow or red hat, builder": ("yellow", "red", "builder", ("pilot", "baker")),
    "yellow or green hat, builder": ("yellow", "green", "builder", ("pilot", "baker")),
}
# red is the colour that the gardener, a planted null, learned: green stands beside it
CARRIED = ("blue or green hat, pilot", "blue or red hat, pilot")


def main() -> None:
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    clip = neurons.load("miniature", device="cpu")
    # where the published embeddings are not at hand, what they gave last stays
    again = published() or before.get("published", [])
    kept: dict[str, Any] = {"published": again, "uniform": uniform(), **hats(clip)}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for key, value in kept.items():
        print(f"{key}: {value}")
    write_page(kept)


def published() -> list[dict[str, Any]]:
    """Compute Steed and Caliskan's tests from their own embeddings; none where these are not."""
    if not PUBLISHED.is_dir():
        return []
    with (PUBLISHED / "results.csv").open(newline="", encoding="utf-8") as file:
        theirs = {row["Test"]: row for row in csv.DictReader(file) if row["Model"] == "iGPT"}
    found = []
    with np.load(PUBLISHED / "igpt_l_32.npz") as held:
        for name, sides in IEAT.items():
            x, y, a, b = (held[side] for side in sides)
            ours, n = association(x, y, a, b), len(x)
            scores = np.array(ours.scores)
            found.append(
                {
                    "name": name,
                    "n": n,
                    "d": ours.effect,
                    "d_interval": bounds(ours.effect_interval),
                    "ddof_0": float((scores[:n].mean() - scores[n:].mean()) / scores.std()),
                    "d_published": float(theirs[name]["d"]),
                    "p_greater": ours.test.p_greater,
                    "p_published": float(theirs[name]["p"]),
                    "p": ours.test.p_value,
                    "counted": ours.test.exact,
                    "difference": ours.difference,
                    "interval": bounds(ours.difference_interval),
                }
            )
    return found


def uniform() -> dict[str, Any]:
    """Give the p values of 500 draws of labels that mean nothing."""
    random = np.random.default_rng(0)
    items, a, b = random.normal(size=(16, 40)), *random.normal(size=(2, 8, 40))
    p_values = []
    for _ in range(500):
        order = random.permutation(16)
        found = association(items[order[:8]], items[order[8:]], a, b, n_resamples=9)
        p_values.append(found.test.p_value)
    return {
        "draws": len(p_values),
        "ks_p": float(stats.kstest(p_values, "uniform").pvalue),
        "below_05": int(np.sum(np.array(p_values) <= 0.05)),
    }


def hats(clip: Clip) -> dict[str, Any]:
    """Measure what hats lean to on the miniature, in pairs that differ by nothing else."""
    said = {
        name: tuple(each.format(name) for each in ("{}", *TEMPLATES))
        for name in ("pilot", "builder", "baker")
    }
    with tempfile.TemporaryDirectory() as folder:
        shown = neurons.images(draw_hats(Path(folder) / "hats", n=PAIRS))
        tests = [
            PairedTest(
                name,
                pictures_of_class(shown, hat),
                pictures_of_class(shown, other),
                Words(profession, said[profession]),
                Words(" and ".join(others), tuple(text for each in others for text in said[each])),
            )
            for name, (hat, other, profession, others) in HATS.items()
        ]
        measured = associations(clip, tests)
        words = {name: each.words for name, each in concepts().items()}
        readout = neurons.zero_shot(clip, words, templates=("{}", *TEMPLATES))
        pictures = neurons.images("miniature")
        carried = [
            association_carriers(clip, test, LAYER, elsewhere=pictures, readout=readout)
            for test in tests
            if test.name in CARRIED
        ]
    return {
        "hats": [
            {
                "name": each.name,
                "n": each.n,
                "difference": each.found.difference,
                "interval": bounds(each.found.difference_interval),
                "d": each.found.effect,
                "p": each.found.test.p_value,
                "p_adjusted": each.p_adjusted,
                "shown": each.shown,
            }
            for each in measured.tests
        ],
        "carriers": [_carried(each) for each in carried],
    }


def _carried(found: AssociationCarriers) -> dict[str, Any]:
    return {
        "name": found.test,
        "verdict": found.verdict(),
        "n": found.n,
        "p": found.p_value,
        "removals": [
            {
                "neurons": list(each.neurons),
                "intact": each.intact,
                "without": each.without,
                "share": each.share,
                "random_share": each.random_share,
                "excess": each.excess,
                "interval": bounds(each.interval),
                "p": each.p_value,
                "accuracy": [each.accuracy_intact.value, each.accuracy.value],
                "n_accuracy": each.accuracy.n,
            }
            for each in found.removals[:1]
        ],
    }


def bounds(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def write_page(kept: dict[str, Any]) -> None:
    """Write the figures into the page, between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    lines = [*_published_lines(kept["published"]), *_uniform_lines(kept["uniform"])]
    lines += [*_hat_lines(kept["hats"]), *_carrier_lines(kept["carriers"])]
    PAGE.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")


def _published_lines(found: list[dict[str, Any]]) -> list[str]:
    if not found:
        return []
    return [
        "",
        "| Steed and Caliskan 2021 | n | d | published | with ddof = 0 | one-sided p | published | "
        "two-sided p | difference, cosine |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {each['name']} | {each['n']} | {each['d']:.3f} "
            f"({_to(each['d_interval'], '.2f')}) | {each['d_published']:.2f} | "
            f"{each['ddof_0']:.3f} | {each['p_greater']:.3g}"
            f"{'' if each['counted'] else ' (drawn)'} | {each['p_published']:.3g} | "
            f"{each['p']:.2g} | {each['difference']:+.4f} ({_to(each['interval'], '+.4f')}) |"
            for each in found
        ),
    ]


def _uniform_lines(found: dict[str, Any]) -> list[str]:
    return [
        "",
        f"Labels drawn {found['draws']} times at random: p is 0.05 or less in {found['below_05']} "
        f"of them, and as a whole uniform (Kolmogorov-Smirnov, p = {found['ks_p']:.2f}).",
    ]


def _hat_lines(found: list[dict[str, Any]]) -> list[str]:
    return [
        "",
        "| miniature, pairs of pictures | n | difference, cosine | d | p | adjusted | shown |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {each['name']} | {each['n']} | {each['difference']:+.4f} "
            f"({_to(each['interval'], '+.4f')}) | {each['d']:+.2f} | {each['p']:.2g} | "
            f"{each['p_adjusted']:.2g} | {'yes' if each['shown'] else 'no'} |"
            for each in found
        ),
    ]


def _carrier_lines(found: list[dict[str, Any]]) -> list[str]:
    return [
        "",
        f"| units of {LAYER} at zero, on the half that tests | n | difference | lost | by others | "
        f"excess | p | zero-shot elsewhere |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {each['name']}: {', '.join(one['neurons'])} | {each['n']} | {one['intact']:+.4f}, "
            f"then {one['without']:+.4f} | {one['share']:.0%} | "
            f"{round(one['random_share'], 2) + 0.0:.0%} | "
            f"{one['excess']:+.4f} ({_to(one['interval'], '+.4f')}) | {one['p']:.2g} | "
            f"{one['accuracy'][0]:.3f}, then {one['accuracy'][1]:.3f} "
            f"(n = {one['n_accuracy']}) |"
            for each in found
            for one in each["removals"]
        ),
    ]


def _to(interval: list[float], form: str) -> str:
    return f"{interval[0]:{form}} to {interval[1]:{form}}"


if __name__ == "__main__":
    main()
