"""The miniature's model card: what its CLIP sees, reads, and falls for.

Keeps the figures in experiments/results/miniature_card.json, prints them, puts them into
docs/miniature.md, and draws the card's pictures (those need a Chromium).

    python -m experiments.miniature_card             # about four minutes on two cores
    python -m experiments.miniature_card --figures   # only the pictures, from what was kept
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

import neurons
from experiments.docs_figures import IMG, cut, photograph
from neurons import Activations
from neurons.drawn_world.items import RENDITIONS
from neurons.drawn_world.scenes import single, with_word
from neurons.miniature import World
from neurons.miniature.measure import hijack, planted_tilt, zero_shot
from neurons.recipes.demo import BY, LAYER, demo
from neurons.stats import Share

RESULTS = Path(__file__).parent / "results" / "miniature_card.json"
WEIGHTS = Path(neurons.__file__).parent / "miniature" / "weights"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "miniature.md"
BEGIN, END = "<!-- figures: python -m experiments.miniature_card -->", "<!-- end of figures -->"
PER_CONCEPT = 50
N_HIJACKS = 4000
# the part of a report page that shows the top of each rendition: from, to, px
REPORT_PX = (20, 1140)
SHOWN = ("finance", "spider", "winter", "japan", "happy", "piggy bank", "red", "builder")


def measure() -> dict[str, Any]:
    """Measure everything that the card states."""
    clip = neurons.load("miniature", device="cpu")
    pictures = neurons.images("miniature")
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        counted = neurons.census(run, pictures, LAYER, by=BY, n_permutations=1000)
    fooled = hijack(clip, n=N_HIJACKS)
    return {
        "weights_sha256": clip.weights_sha256,
        "parameters": sum(p.numel() for p in clip.network.parameters()),
        "visual_parameters": sum(p.numel() for p in clip.network.visual.parameters()),
        "zero_shot": {
            way: asdict(zero_shot(clip, way, per_concept=PER_CONCEPT)) for way in RENDITIONS
        },
        "census": {
            "units": counted.n_units,
            "dead": counted.n_dead,
            "multimodal": counted.n_multimodal,
            "chance": counted.chance,
            "chance_largest": counted.chance_largest,
            "p_value": counted.p_value,
        },
        "hijack": {
            "median_ink": fooled.median_ink,
            "ink": fooled.ink,
            "success": [asdict(share) for share in fooled.success],
            "shuffled": [asdict(share) for share in fooled.shuffled],
        },
        "tilt": {
            name: {hat: asdict(tilt) for hat, tilt in row.items()}
            for name, row in planted_tilt(clip, n=1000).items()
        },
        "training": json.loads((WEIGHTS / "training.json").read_text()),
    }


def table(card: dict[str, Any]) -> str:
    """Write the figures as the card's table."""
    census, attack, training = card["census"], card["hijack"], card["training"]
    rows = [("what", "measured", "wanted")]
    for way, counts in card["zero_shot"].items():
        wanted = {"word": "0.93", "silhouette": "-"}.get(way, "0.98")
        rows.append((f"zero-shot, {way}", str(Share(**counts)), wanted))
    share = Share(census["multimodal"], census["units"])
    rows.append((f"multimodal units of {LAYER}", str(share), "0.40"))
    rows.append(
        (
            "the same, labels shuffled",
            f"{census['chance']:.2f} units on average, {census['chance_largest']} at most",
            "-",
        )
    )
    groups = zip(attack["ink"], attack["success"], attack["shuffled"], strict=True)
    for (low, high), hit, control in groups:
        if hit["n"]:
            name = f"word follows, {low:.0%} to {high:.0%} ink"
            rows.append((name, str(Share(**hit)), "0.60" if high <= 0.05 else "-"))
            rows.append((f"{name}, letters shuffled", str(Share(**control)), "-"))
    for name, row in card["tilt"].items():
        parts = ", ".join(f"{hat} {t['shift']:+.2f} ± {t['error']:.2f}" for hat, t in row.items())
        rows.append((f"tilt towards {name}", parts, "-"))
    pairs = [(t["planted"], t["shift"]) for row in card["tilt"].values() for t in row.values()]
    follows = float(np.corrcoef(np.transpose(pairs))[0, 1])
    rows.append(("correlation of these tilts with the planted ones", f"{follows:.2f}", "-"))
    rows.append(("parameters", f"{card['parameters']:,}", "-"))
    rows.append(("SHA-256 of the weights", f"`{card['weights_sha256'][:16]}…`", "-"))
    shown = sum(s["curve"][-1]["step"] * s["recipe"]["batch"] for s in stages(training))
    rows.append(("training pictures", f"{shown:,}", "3,584,000"))
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def stages(training: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Give a training's stages, the first one first."""
    return [*stages(training.get("before")), training] if training else []


def write_page(card: dict[str, Any]) -> None:
    """Put the table into the docs page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(card)}\n{END}{after}", encoding="utf-8")


def draw_world() -> None:
    """Draw a sheet of the world: concepts down, renditions and hijacks across."""
    world, rows = World(), []
    for name in SHOWN:
        random = Random(f"sheet {name}")
        scenes = [single(name, way, random) for way in ("flat", "flat", *RENDITIONS[1:], "word")]
        other = SHOWN[(SHOWN.index(name) + 3) % len(SHOWN)]
        scenes.append(with_word(name, other, random, rendition="photo"))
        rows.append(np.concatenate([p.pixels for p in world.draw(scenes)], axis=1))
    Image.fromarray(np.concatenate(rows)).save(IMG / "miniature-world.webp", quality=85, method=6)


def draw_curve(card: dict[str, Any]) -> None:
    """Draw the training curve."""
    figure, first = go.Figure(), 0
    for i, stage in enumerate(stages(card["training"]), start=1):
        points = stage["curve"]
        steps, losses = zip(*((first + p["step"], p["loss"]) for p in points), strict=True)
        figure.add_scatter(x=steps, y=losses, mode="lines", name=f"stage {i}")
        first = steps[-1]
    figure.update_layout(
        width=800, height=380, template="plotly_white", margin={"l": 60, "r": 20, "t": 20, "b": 50}
    )
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="contrastive loss")
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "curve.html", Path(folder) / "curve.png"
        figure.write_html(page, config={"displayModeBar": False})
        photograph(page, picture, size_px=(820, 400))
        Image.open(picture).convert("RGB").save(IMG / "miniature-curve.webp", quality=90)


def draw_report() -> None:
    """Photograph the top of the demo's page of its spider unit."""
    with tempfile.TemporaryDirectory() as folder:
        made = demo(Path(folder))
        unit = next(unit for unit, why in made.shown.items() if why.startswith("spider"))
        photograph(made.index.parent / f"{unit.layer}-{unit.unit}.html", Path(folder) / "page.png")
        with Image.open(Path(folder) / "page.png") as page:
            cut(page, *REPORT_PX).save(IMG / "census-spider.webp", quality=85, method=6)


def main() -> None:
    """Measure, keep, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", action="store_true", help="only draw, from what was kept")
    if not parser.parse_args().figures:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(measure(), indent=1) + "\n")
    card = json.loads(RESULTS.read_text())
    print(table(card))
    write_page(card)
    draw_world()
    draw_curve(card)
    draw_report()


if __name__ == "__main__":
    main()
