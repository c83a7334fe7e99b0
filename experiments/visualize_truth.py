"""Do made pictures show what their units are known to answer to? Measured on the miniature.

For each multimodal unit of the census, a picture is made, fed back through the whole model as an
8-bit image, and classified zero-shot among all concepts of the world. For some of them, faceted
pictures are made and a classifier of facets, trained on the last layer's means of drawn pictures,
says which facet it sees.

    python -m experiments.visualize_truth            # about ten minutes on two cores
    python -m experiments.visualize_truth --facets   # the same for facets, about fifteen
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.progress import Progress
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional

import neurons
from neurons import Activations, Clip, Neuron
from neurons.miniature.measure import text_directions
from neurons.recipes.demo import BY, LAYER
from neurons.stats import Share
from neurons.studies.visualization.facets import FacetProbes, facet_probes
from neurons.studies.visualization.visualize import Series, visualize_each
from neurons.visualization.made_picture import MadePicture
from neurons.visualization.request import Settings
from neurons.visualization.result import Visualization

RESULTS = Path(__file__).parent / "results" / "visualize_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "visualize.md"
BEGIN, END = "<!-- figures: python -m experiments.visualize_truth -->", "<!-- end of figures -->"
STEPS = 512
# of each concept's multimodal units the most decided: many guises, and none that is a facet
FACETED = ("spider", "happy", "dog", "guitar", "moon", "apple", "boat", "cat")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facets", action="store_true", help="faceted pictures instead")
    asked = parser.parse_args()
    clip = neurons.load("miniature", device="cpu")
    pictures = neurons.images("miniature")
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        counted = neurons.census(run, pictures, LAYER, by=BY)
        found = facets(clip, run, counted) if asked.facets else concepts(clip, run, counted)
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps({**kept, **found}, indent=1) + "\n")
    write_page({**kept, **found})


def write_page(kept: dict[str, Any]) -> None:
    """Put the figures into the docs page."""
    rows = [("what", "measured", "chance")]
    if "right" in kept:
        rows += [
            (
                "pictures seen by the whole model as their unit's concept, top-1",
                share(kept["right"]),
                "0.013",
            ),
            ("the same, among the first five", share(kept["first_five"]), "0.063"),
            ("pictures above the 99th percentile of real images", share(kept["reach"]), "-"),
        ]
    if "facets" in kept:
        found = kept["facets"]
        rows += [
            ("faceted pictures: their own facet's probe rose most", share(found["rise"]), "0.14"),
            (
                "faceted pictures recognised by the last layer",
                share(found["faceted"]["all"]),
                "0.14",
            ),
            ("plain pictures of the same units", share(found["plain"]["all"]), "0.14"),
            ("drawn pictures, held out, by the same layer", share(found["held_out"]), "0.14"),
        ]
        rows += [
            (f"faceted, {name} (AUC of its probe {auc:.2f})", share(found["faceted"][name]), "0.14")
            for name, auc in found["auc"].items()
        ]
        rows.append(("faceted pictures above the 99th percentile", share(found["reach"]), "-"))
    head, *body = (" | ".join(row) for row in rows)
    lines = [f"| {head} |", "|---|---|---|", *(f"| {row} |" for row in body)]
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def share(counts: Sequence[int]) -> str:
    return str(Share(*counts))


def concepts(clip: Clip, run: Activations, counted: neurons.Census) -> dict[str, Any]:
    """Classify the pictures of all multimodal units."""
    agree = (counted.tops == counted.tops[0]).all(0) & (counted.tops[0] >= 0)
    units = np.flatnonzero(agree).tolist()
    made = make(clip, [Neuron(LAYER, unit) for unit in units], run, Series(n_seeds=1), STEPS)
    names = list(counted.class_names)
    wanted = counted.tops[0, units]
    batch = torch.stack([pixels(each.pictures[0]) for each in made])
    embedded = functional.normalize(clip.embed_images(batch), dim=1)
    order = (embedded @ text_directions(clip, names).T).argsort(1, descending=True).numpy()
    right = Share(int((order[:, 0] == wanted).sum()), len(units))
    near = Share(int((order[:, :5] == wanted[:, None]).any(1).sum()), len(units))
    reach = Share(sum(bool(each.plain()[0].reaches) for each in made), len(units))
    print(f"{len(units)} multimodal units, {STEPS} steps; chance is 1 of {len(names)}")
    print(f"seen as the unit's concept: {right}")
    print(f"among the first five:       {near}")
    print(f"above 99 % of real images:  {reach}")
    print(f"dead: {sum(each.dead for each in made)}")
    return {
        "steps": STEPS,
        "right": [right.successes, right.n],
        "first_five": [near.successes, near.n],
        "reach": [reach.successes, reach.n],
    }


def facets(clip: Clip, run: Activations, counted: neurons.Census) -> dict[str, Any]:
    """Tell the facets of faceted pictures by the last layer, which their probes have not seen."""
    pictures = neurons.images("miniature")
    probes = facet_probes(clip, pictures, by="facet")
    names = [facet.name for facet in probes.facets]
    shown = np.array([str(value or "") for value in pictures.column("facet")])
    rows = np.flatnonzero(shown != "")
    means = np.asarray(run.array(LAYER, "mean")[:], np.float32)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    held_out = cross_val_predict(classifier, means[rows], shown[rows], cv=5)
    ceiling = Share(int((held_out == shown[rows]).sum()), len(rows))
    classifier.fit(means[rows], shown[rows])
    neurons_ = [Neuron(LAYER, u) for name in FACETED for u in counted.units_of(name)[:1]]
    made = make(clip, neurons_, run, Series(n_seeds=1, facets=probes.weights()), 160)
    chosen = [picture for each in made for picture in each.facets()]
    plain = [picture for each in made for picture in each.plain() for _ in names]
    wanted = [picture.facet for picture in chosen]
    hits = by_facet(told(clip, classifier, chosen), wanted)
    before = by_facet(told(clip, classifier, plain), wanted)
    print(
        f"{len(neurons_)} units; chance is 1 of {len(names)}; drawn pictures, held out: {ceiling}"
    )
    rises = rise(clip, probes, chosen, plain)
    print(f"faceted pictures, by the probe whose score rose most: {rises}")
    print(f"faceted pictures, by the last layer: {hits['all']}")
    print(f"plain pictures of the same units, each facet asked for: {before['all']}")
    for name in names:
        print(f"  {name:<14} faceted {hits[name]}, plain {before[name]}")
    reach = Share(sum(bool(picture.reaches) for picture in chosen), len(chosen))
    print(f"above 99 % of real images: {reach}")
    return {
        "facets": {
            "units": [str(neuron) for neuron in neurons_],
            "auc": {facet.name: facet.auc for facet in probes.facets},
            "held_out": [ceiling.successes, ceiling.n],
            "faceted": {name: [share.successes, share.n] for name, share in hits.items()},
            "plain": {name: [share.successes, share.n] for name, share in before.items()},
            "rise": [rises.successes, rises.n],
            "reach": [reach.successes, reach.n],
        }
    }


def rise(
    clip: Clip, probes: FacetProbes, chosen: Sequence[MadePicture], plain: Sequence[MadePicture]
) -> Share:
    """Count the pictures on which, beside the plain one, their own facet's probe rose most."""
    scores = []
    for group in (chosen, plain):
        batch = torch.stack([pixels(picture) for picture in group])
        with neurons.watch(clip.network, probes.layers, reduce=neurons.peak) as seen:
            clip.embed_images(batch)
        means = np.concatenate([seen[layer].mean.numpy() for layer in probes.layers], axis=1)
        scores.append(means @ probes.values.T)
    most = (scores[0] - scores[1]).argmax(1)
    names = [facet.name for facet in probes.facets]
    right = sum(names[i] == p.facet for i, p in zip(most.tolist(), chosen, strict=True))
    return Share(right, len(chosen))


def make(
    clip: Clip, targets: Sequence[Neuron], run: Activations, series: Series, steps: int
) -> list[Visualization]:
    """Make the pictures, with a bar."""
    made = []
    with Progress() as bar:
        task = bar.add_task("climbing", total=len(targets))
        settings = Settings(steps=steps)
        for each in visualize_each(clip, targets, settings=settings, series=series, run=run):
            made.append(each)
            bar.advance(task)
    return made


def told(clip: Clip, classifier: Any, group: Sequence[MadePicture]) -> np.ndarray:
    """Classify pictures by the last layer's means."""
    batch = torch.stack([pixels(picture) for picture in group])
    with neurons.watch(clip.network, [LAYER], reduce=neurons.peak) as seen:
        clip.embed_images(batch)
    return np.asarray(classifier.predict(seen[LAYER].mean.numpy()))


def by_facet(found: np.ndarray, wanted: Sequence[str]) -> dict[str, Share]:
    right = found == np.array(wanted)
    shares = {"all": Share(int(right.sum()), len(right))}
    for name in sorted(set(wanted)):
        rows = np.array(wanted) == name
        shares[name] = Share(int(right[rows].sum()), int(rows.sum()))
    return shares


def pixels(picture: MadePicture) -> torch.Tensor:
    decoded = np.asarray(Image.open(io.BytesIO(picture.image)).convert("RGB"))
    return torch.from_numpy(decoded.copy()).permute(2, 0, 1)


if __name__ == "__main__":
    main()
