"""Do names pass for the right reason? Units, decoys and the census of the miniature, side by side.

Prints, keeps in experiments/results/labels_truth.json and puts into docs/studies/labels.md: who
passes the exam by names, who would pass by AUC, and how often names agree with the census.

    python -m experiments.labels_truth      # about three minutes on two cores
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

import neurons
from neurons import Activations, ImageSet
from neurons.activations.decoys import decoys_of
from neurons.activations.halves import halves
from neurons.activations.name_exam import Paper
from neurons.data.concepts import concepts_of, kinds_of
from neurons.miniature.training_files import MODEL, export
from neurons.network.building import random_network
from neurons.network.clip import Clip
from neurons.recipes.demo import BY, LAYER
from neurons.stats import Share

RESULTS = Path(__file__).parent / "results" / "labels_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "labels.md"
BEGIN, END = "<!-- figures: python -m experiments.labels_truth -->", "<!-- end of figures -->"
UNITS = "units"


def main() -> None:
    pictures = neurons.images("miniature")
    with tempfile.TemporaryDirectory() as folder:
        run = scanned(neurons.load("miniature", device="cpu"), pictures, Path(folder) / "run")
        raw = scanned(untrained(Path(folder) / "raw"), pictures, Path(folder) / "untrained")
        found = neurons.label_units(run, pictures, LAYER, untrained=raw)
        classes = neurons.label_units(run, pictures, LAYER, columns=(), untrained=raw)
        counted = neurons.census(run, pictures, LAYER, by=BY)
        kept: dict[str, Any] = {
            "all": passing(found),
            "classes": passing(classes),
            "bars": {s.name: s.bar for s in found.sources},
            "polysemantic": sum(each.verdict == "polysemantic" for each in found.units),
            "auc": by_auc(run, raw, pictures),
            "census": against_census(found, counted),
            "census_classes": against_census(classes, counted),
        }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(table(kept))
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(kept)}\n{END}{after}", encoding="utf-8")


def scanned(clip: Clip, pictures: ImageSet, out: Path) -> Activations:
    neurons.scan(clip, pictures, [LAYER], out)
    return Activations.open(out)


def untrained(folder: Path) -> Clip:
    """Give the miniature's network with random weights."""
    folder.mkdir()
    export(random_network(MODEL), folder)
    return neurons.load(f"local-dir:{folder}", device="cpu")


def passing(found: neurons.UnitLabels) -> dict[str, list[int]]:
    """Count units and decoys with a name: how many, of how many."""
    shares = {UNITS: found.passing, **{each.kind: each.passing for each in found.decoys}}
    return {kind: [share.successes, share.n] for kind, share in shares.items()}


def by_auc(run: Activations, raw: Activations, pictures: ImageSet) -> dict[str, list[int]]:
    """Count who would pass if an area under the ROC curve of 0.8 were the exam.

    The half that proposes chooses the class of the largest area, the other half tests it.
    """
    rows = run.good_rows()
    concepts = concepts_of(pictures, rows, columns=())
    first, second = halves(run, pictures.ids, rows, kinds_of(concepts, rows))
    paper = Paper.of(concepts, rows, first, second)
    peaks = np.asarray(run.array(LAYER, "peak")[:], np.float32)[rows]
    everyone = {UNITS: peaks, **decoys_of(run, LAYER, rows, untrained=raw)}
    return {kind: passing_auc(paper, values) for kind, values in everyone.items()}


def passing_auc(paper: Paper, peaks: np.ndarray) -> list[int]:
    first, second = (rankdata(peaks[half], axis=0) for half in (paper.first, paper.second))
    proposed = np.stack([areas(first, mine) for mine in paper.proposing])
    examined = np.stack([areas(second, mine) for mine in paper.examining])
    best = proposed.argmax(0)
    return [int((examined[best, np.arange(len(best))] >= 0.8).sum()), len(best)]


def areas(ranks: np.ndarray, mine: np.ndarray) -> np.ndarray:
    """Give each unit's area under the ROC curve, by ranks."""
    m, n = len(mine), len(ranks)
    return (ranks[mine].sum(0) - m * (m + 1) / 2) / (m * (n - m))


def against_census(found: neurons.UnitLabels, counted: neurons.Census) -> dict[str, int]:
    """Compare the names of multimodal units with the class that the census finds."""
    told = {"multimodal": 0, "named": 0, "same": 0}
    for name in counted.class_names:
        for unit in counted.units_of(name):
            told["multimodal"] += 1
            told["named"] += found.units[unit].passed
            told["same"] += found.units[unit].passed and found.units[unit].name == name
    return told


def table(kept: dict[str, Any]) -> str:
    """Write who passes as a table, and the census below it."""
    lines = [
        "| who | a name passes | of classes only | AUC of 0.8 would pass |",
        "|---|---|---|---|",
    ]
    for kind in kept["all"]:
        shares = [Share(*kept[key][kind]) for key in ("all", "classes", "auc")]
        lines.append(f"| {kind} | " + " | ".join(str(share) for share in shares) + " |")
    census, few = kept["census"], kept["census_classes"]
    bars = ", ".join(f"{name} {bar:.2f}" for name, bar in kept["bars"].items())
    lines += [
        "",
        f"Scores to exceed: {bars}. {kept['polysemantic']} units are polysemantic. Of the census's "
        f"{census['multimodal']} multimodal units {census['named']} have a name, {census['same']} "
        f"of these the census's class ({Share(census['same'], census['named'])}); of classes only "
        f"{few['named']} and {few['same']} ({Share(few['same'], few['named'])}).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
