"""Does alignment find what is planted, and nothing where nothing is? Planted, and on real models.

Prints a table of planted truths, then one of the miniature beside itself, and, where a CLIP, images
and another network's features are given, which of their stages agree.

    python -m experiments.alignment_truth
    python -m experiments.alignment_truth --clip local-dir:MODEL --images validation.parquet \
        --features mobilenet.npz --work /tmp/alignment
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

import neurons
from experiments import alignment_truth_dimensions
from experiments.docs_figures import cut, photograph
from neurons import Activations, Alignment, ArraySystem
from neurons.activations.aligned_layers import AlignedLayers
from neurons.activations.run_system import RunSystem
from neurons.alignment.calibration import calibrated_table
from neurons.alignment.cka import Cka, biased_cka
from neurons.alignment.measure import measured
from neurons.alignment.predictivity import Ridge
from neurons.alignment.procrustes import Procrustes
from neurons.alignment.refits import refit_bounds
from neurons.alignment.responses import Responses
from neurons.recipes.write_result import write_result

MEASURES = ("cka", "rsa", "ridge", "procrustes", "knn")
# of the page, px from the top
HEATS, WIDTH_PX = (425, 1055), 820
STAGES = ("visual.layer1", "visual.layer2", "visual.layer3", "visual.layer4")
Line = tuple[str, str, str]


def planted() -> list[Line]:
    """Give what was planted, the number of a usual way, and ours, as text."""
    return [*_widths(), *_searched(), *_order(), *_invariant(), *_noise(), *_coverages()]


def _widths() -> list[Line]:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 1000, 2560)).astype(np.float32)
    return [
        (
            "independent Gaussians, 1,000 x 2,560",
            f"biased CKA {biased_cka(x, y).value:.3f}",
            f"debiased CKA {measured(Cka(), x, y).value:.3f}",
        )
    ]


def _searched(n_pairs: int = 60) -> list[Line]:
    """Count false findings: the closest of 36 pairs of unrelated layers, 60 times."""
    alone, searched = [], []
    for seed in range(n_pairs):
        random = np.random.default_rng(seed)
        one, two = (_array(str(k), random.normal(size=(6, 100, 6))) for k in range(2))
        found = neurons.align(one, two, measures=["cka"], n_permutations=39, seed=seed)
        table = found.pairs[0].tables[0]
        alone.append(table.p_values.min() <= 0.05)
        searched.append(table.closest.p_value <= 0.05)
    return [
        (
            f"closest of 36 unrelated pairs, {n_pairs} times: p <= 0.05",
            f"p of the pair alone {np.mean(alone):.2f}",
            f"p of the closest {np.mean(searched):.2f}",
        )
    ]


def _order() -> list[Line]:
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 20))
    order = random.permutation(300)
    one, other = _array("one", values[None]), _array("two", values[None, order], order)
    found = neurons.align(one, other, measures=["cka"], n_permutations=19)
    by_position = measured(Cka(), values, values[order]).value
    by_id = found.pairs[0].tables[0].closest.value
    return [
        (
            "the same system, its images in another order",
            f"joined by position: CKA {by_position:.3f}",
            f"joined by id: CKA {by_id:.3f}",
        )
    ]


def _invariant() -> list[Line]:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 30)) * np.linspace(0.3, 2, 30)
    turn = np.linalg.qr(random.normal(size=(30, 30)))[0]
    scaled = x * random.lognormal(size=30)
    told = []
    for name, y in (("rotated, scaled, shifted", 3 * x @ turn + 5), ("units rescaled", scaled)):
        cka, angle = measured(Cka(), x, y).value, measured(Procrustes(), x, y).value
        told.append((f"one system, {name}", f"CKA {cka:.3f}", f"Procrustes {angle:.3f} rad"))
    return told


def _noise() -> list[Line]:
    random = np.random.default_rng(0)
    model = random.normal(size=(400, 10))
    truth = model @ np.linalg.qr(random.normal(size=(10, 10)))[0]
    trials = truth[:, None] + random.normal(size=(400, 3, 10))
    ids = [f"#{i}" for i in range(400)]
    found = neurons.align(
        _array("model", model[None]),
        neurons.responses({"area": trials}, ids=ids),
        measures=["ridge"],
        n_permutations=19,
    ).pairs[0]
    return [
        (
            "responses that are the model's, noise of their variance, 3 trials",
            f"ridge r {found.tables[0].closest.value:.2f}",
            f"over its ceiling {found.ceilings[0].corrected:.2f}",
        )
    ]


def _coverages() -> list[Line]:
    """Count how often intervals of ridge hold the mean, in three sizes."""
    return [
        _coverage(100, 8, noise=1.0),
        _coverage(300, 8, noise=2.0),
        _coverage(100, 60, noise=1.0),
    ]


def _coverage(n: int, units: int, *, noise: float, n_draws: int = 100) -> Line:
    """Count how often intervals of ridge hold the mean over draws."""
    turn = np.random.default_rng(99).normal(size=(units, units)) / np.sqrt(units)
    values, ends = [], []
    for seed in range(n_draws):
        random = np.random.default_rng(seed)
        x = random.normal(size=(n, units))
        y = x @ turn + noise * random.normal(size=(n, units))
        tables = [Responses("x", x)], [Responses("y", y)]
        plain = calibrated_table(Ridge(), *tables, n_permutations=1)
        refitted = refit_bounds(Ridge(), *tables).r[:, 0, 0]
        values.append(plain.values[0, 0])
        ends.append(((plain.low[0, 0], plain.high[0, 0]), tuple(refitted)))
    low, high = np.moveaxis(np.array(ends), 2, 0)
    held = ((low <= np.mean(values)) & (np.mean(values) <= high)).mean(0)
    return (
        f"95 % intervals of ridge, {n} images, {units} units, noise {noise:g}, {n_draws} draws: "
        f"held the mean",
        f"images resampled {held[0]:.2f}",
        f"fitted anew without groups {held[1]:.2f}",
    )


def _array(name: str, layers: np.ndarray, rows: np.ndarray | None = None) -> ArraySystem:
    rows = np.arange(layers.shape[1]) if rows is None else rows
    arrays = {f"layer {i}": values for i, values in enumerate(layers)}
    return neurons.responses(arrays, ids=[f"#{row}" for row in rows], name=name)


def own_layers(run: Activations) -> list[Line]:
    """Turn a run's layers and shuffle their units: is each found as closest to its own?"""
    random = np.random.default_rng(0)
    system = RunSystem(run)
    rows = np.flatnonzero(system.known)
    told = []
    for name in ("units shuffled", "units rotated", "units rotated, half of the variance noise"):
        layers = {}
        for layer in STAGES:
            values = system.read(layer, rows).astype(np.float64)
            n = values.shape[1]
            turned = (
                values[:, random.permutation(n)]
                if "shuffled" in name
                else values @ np.linalg.qr(random.normal(size=(n, n)))[0]
            )
            if "noise" in name:
                turned += turned.std() * random.normal(size=turned.shape)
            layers[layer] = turned
        other = neurons.responses(layers, ids=[system.ids[int(row)] for row in rows], name=name)
        found = neurons.align(run, other, layers=STAGES, measures=["cka"], n_permutations=19)
        matches = found.pairs[0].tables[0].matches
        own = sum(each.layer == each.other for each in matches)
        lowest = min(each.value for each in matches)
        told.append((f"the miniature, {name}", f"own layer {own} of {len(matches)}",
                     f"CKA {lowest:.2f} or more"))  # fmt: skip
    return told


def untrained_twin(model: str, folder: Path) -> str:
    """Give a model of a local folder random weights, from seed 0."""
    source = Path(model.removeprefix("local-dir:"))
    config = (source / "open_clip_config.json").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(config, encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = open_clip.CLIP(**json.loads(config)["model_cfg"])
    tensors = {name: each.contiguous() for name, each in network.state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    return f"local-dir:{folder}"


def scanned(model: str, images: neurons.ImageSet, out: Path) -> Activations:
    """Scan, or go on with a scan that is there."""
    neurons.scan(neurons.load(model, device="cpu"), images, STAGES, out)
    return Activations.open(out)


def stages(
    clip: str, images: Path, features: Path, work: Path, measures: Sequence[str], n: int
) -> Alignment:
    """Compare a CLIP with another network's stages, and with its own untrained twin."""
    shown = neurons.images(images)
    run = scanned(clip, shown, work / "clip")
    twin = scanned(untrained_twin(clip, work / "untrained-twin"), shown, work / "twin-run")
    arrays = neurons.responses(features, name="MobileNetV2")
    return neurons.align(run, arrays, twin, measures=measures, most_images=n)


def draw(found: Alignment, to: Path) -> None:
    """Photograph the heat maps of the first measure, one for each other system."""
    with tempfile.TemporaryDirectory() as folder:
        pages = write_result(Path(folder) / "pages", found).parent
        (page,) = (each for each in pages.glob("*.html") if each.name != "index.html")
        photograph(page, Path(folder) / "page.png", size_px=(1200, 1300))
        with Image.open(Path(folder) / "page.png") as shown:
            part = cut(shown, *HEATS)
            part.crop((0, 0, WIDTH_PX, part.height)).save(to, "WEBP", quality=85, method=6)


def show_stages(found: Alignment) -> None:
    """Print, by each measure, how much closer than shuffled images stages are."""
    for pair in found.pairs:
        for table in pair.tables:
            _show(found.systems[0], pair.name, table)


def _show(one: str, other: str, table: AlignedLayers) -> None:
    print(f"\n{one} and {other}: {table.measure} minus its null, n = {table.n:,}")
    print(f"{'':16}" + "".join(f"{name:>15}" for name in table.columns))
    for name, row, match in zip(table.rows, table.excess, table.matches, strict=True):
        cells = "".join(f"{value:>15.2f}" for value in row)
        print(f"{name:16}{cells}   closest {match.other} (p = {match.p_value:.2g})")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--clip", help="local-dir:PATH of a ResNet CLIP")
    asked.add_argument("--images", type=Path, help="images as a .parquet file")
    asked.add_argument("--features", type=Path, help="another network's features, .npz with `row`")
    asked.add_argument("--work", type=Path, help="where scans are kept; default: nowhere")
    asked.add_argument("--n", type=int, default=1000, help="images of the last; default: 1000")
    asked.add_argument("--only-real", action="store_true", help="leave out what is planted")
    asked.add_argument("--figure", type=Path, help="draw the heat maps of CKA there, and no more")
    given = asked.parse_args()
    real = None not in (given.clip, given.images, given.features)
    if given.figure is not None and real:
        work = given.work or Path(tempfile.mkdtemp())
        draw(stages(given.clip, given.images, given.features, work, ["cka"], given.n), given.figure)
        return
    if given.only_real and real:
        work = given.work or Path(tempfile.mkdtemp())
        found = stages(given.clip, given.images, given.features, work, MEASURES, given.n)
        show_stages(found)
        return
    for line in (*planted(), *alignment_truth_dimensions.rows()):
        print("{:<64} {:<32} {}".format(*line))
    with tempfile.TemporaryDirectory() as folder:
        work = given.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        pictures = neurons.images("miniature").sample(600)
        run = scanned("miniature", pictures, work / "miniature")
        print()
        for line in own_layers(run):
            print("{:<64} {:<32} {}".format(*line))
        raw = scanned("miniature/untrained", pictures, work / "miniature-untrained")
        show_stages(neurons.align(run, raw, layers=STAGES, other_layers=STAGES,
                                  measures=["cka", "procrustes", "knn"]))  # fmt: skip
        if not real:
            print("\nreal models: skipped, since no CLIP, images and features were named")
            return
        show_stages(stages(given.clip, given.images, given.features, work, MEASURES, given.n))


if __name__ == "__main__":
    main()
