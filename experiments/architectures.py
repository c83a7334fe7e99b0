"""Which of open_clip's architectures does the toolkit list, scan, picture and ask?

Runs every architecture below a billion parameters, untrained (random weights, no network), each in
a process of its own with a limit of memory and time, and compares every unit of every layer with
plain hooks. Keeps one line per architecture in experiments/results/architectures.jsonl, goes on
where it was stopped, and puts the table into docs/architectures.md.

    python -m experiments.architectures                        # all that have not run yet
    python -m experiments.architectures --only RN50 ViT-B-32   # these, anew
    python -m experiments.architectures --table                # only the page, from what was kept
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

import neurons
from neurons import Activations, Clip, NeuronsError
from neurons.network.engine import open_engine
from neurons.network.layers import Layer, last_block, layers, middle_blocks, stages
from neurons.network.readings import LayerReading
from neurons.network.text_side import PLACEHOLDER
from neurons.visualization.ascent import ascend
from neurons.visualization.objectives import channel
from neurons.visualization.request import ImageRequest, Settings

RESULTS = Path(__file__).parent / "results" / "architectures.jsonl"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "architectures.md"
BEGIN, END = "<!-- figures: python -m experiments.architectures -->", "<!-- end of figures -->"
MOST_PARAMETERS = 1_000_000_000
MEMORY_GB, SECONDS = 16, 2400
N_IMAGES = 2
# in shares of a layer's largest number
AGREES = 1e-5

Row = dict[str, Any]


def main() -> None:
    """Run what has not run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="run these, anew")
    parser.add_argument("--table", action="store_true", help="only write the page")
    asked = parser.parse_args()
    if not asked.table:
        run_all(asked.only)
    write_page(kept())


def run_all(only: list[str]) -> None:
    """Run architectures one after the other, and keep the row of each."""
    known = kept()
    for name in open_clip.list_models():
        if name not in known:
            known[name] = size_of(name)
            keep(known[name])
    names = only or [name for name in in_order(known) if "seconds" not in known[name]]
    for i, name in enumerate(names, start=1):
        sizes = {key: known[name][key] for key in ("name", "family", "parameters", "in_images")}
        row = {**sizes, **in_a_process(name)}
        keep(row)
        told = row.get("error", f"agrees within {row.get('difference', float('nan')):.1e}")
        print(f"{i}/{len(names)} {name}: {told}; {row['seconds']:.0f} s", flush=True)


def size_of(name: str) -> Row:
    """Count an architecture's parameters, without building it in memory."""
    config = open_clip.get_model_config(name)
    vision, text = config["vision_cfg"], config["text_cfg"]
    stub: dict[str, Any] = {"text_cfg": PLACEHOLDER} if "hf_model_name" in text else {}
    logging.disable(logging.CRITICAL)
    with torch.device("meta"):
        network: Any = open_clip.create_model(
            name, device="meta", load_weights=False, pretrained_text=False, **stub
        )
    logging.disable(logging.NOTSET)
    own = "ModifiedResNet" if isinstance(vision.get("layers"), list) else "ViT"
    family = vision.get("timm_model_name", own).split("_")[0]
    return {
        "name": name,
        "family": "CoCa" if "multimodal_cfg" in config else family,
        "parameters": sum(each.numel() for each in network.parameters()),
        "in_images": sum(each.numel() for each in network.visual.parameters()),
    }


def in_order(known: Mapping[str, Row]) -> list[str]:
    """Give the names to be run: the smallest of each family first, then by size."""
    small = [row for row in known.values() if row["parameters"] < MOST_PARAMETERS]
    by_size = sorted(small, key=lambda row: (row["in_images"], row["parameters"], row["name"]))
    first = {row["family"]: row["name"] for row in reversed(by_size)}
    return sorted((row["name"] for row in by_size), key=lambda name: name not in first.values())


def in_a_process(name: str) -> Row:
    """Run one architecture in a process with limits; what went wrong is told in its row."""
    start = time.perf_counter()
    # forked, so that the libraries are loaded once
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=try_with_limits, args=(name, sender))
    process.start()
    sender.close()
    row: Row = {"error": f"took more than {SECONDS} s"}
    if receiver.poll(SECONDS):
        try:
            row = receiver.recv()
        except EOFError:
            row = {"error": f"needed more than {MEMORY_GB} GB of memory, or was stopped"}
    process.kill()
    process.join()
    return {**row, "seconds": round(time.perf_counter() - start, 1)}


def try_with_limits(name: str, sender: Connection) -> None:
    """Try an architecture in this process, and send its row."""
    limit = MEMORY_GB * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        sender.send(try_one(name))
    except Exception as error:
        told = str(error).strip().splitlines() or [""]
        sender.send({"error": f"{type(error).__name__}: {told[0][:300]}"})


def try_one(name: str) -> Row:
    """List, scan, picture and ask one architecture."""
    clip = neurons.load(f"{name}/untrained", device="cpu")
    found = layers(clip)
    deepest = next(layer for layer in found if layer.path == last_block(clip))
    with tempfile.TemporaryDirectory() as folder:
        pictures = draw_pictures(Path(folder) / "pictures")
        plain = plain_hooks(clip, pictures, found)
        read, embedded = read_all(clip, found, pictures)
        differences = {path: difference(read[path], plain[path]) for path in plain}
        scanned = scan_difference(clip, Path(folder), plain)
    worst = max(differences, key=lambda path: differences[path])
    return {
        "input": list(clip.preprocess.size),
        "layers": len(found),
        "blocks": sum(layer.is_block for layer in found),
        "deepest": deepest.path,
        "map": [deepest.layout.height, deepest.layout.width],
        "units": deepest.units,
        "stages": list(stages(clip)),
        "middle": list(middle_blocks(clip)),
        "difference": differences[worst],
        "worst": worst,
        "scanned": scanned,
        "pictures": picture(clip, deepest),
        "texts": texts(clip, embedded),
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def draw_pictures(folder: Path) -> list[Image.Image]:
    """Draw smooth random pictures, wider than high, into a folder."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    made = []
    for i in range(N_IMAGES):
        rough = Image.fromarray(rng.integers(0, 256, (6 + i, 8, 3), dtype=np.uint8))
        made.append(rough.resize((320, 240), Image.Resampling.BICUBIC))
        made[-1].save(folder / f"{i}.png")
    return made


@dataclass(frozen=True)
class Plain:
    """What a plain hook gave of one layer, (pictures, units) each.

    ``lead`` is how far the largest number of a unit lies above its second largest.
    """

    peak: NDArray[np.float32]
    mean: NDArray[np.float32]
    place: NDArray[np.int64]
    lead: NDArray[np.float32]


def plain_hooks(
    clip: Clip, pictures: list[Image.Image], found: tuple[Layer, ...]
) -> dict[str, Plain]:
    """Read layers with nothing of the toolkit but which axis is which: one picture at a time.

    Pictures are prepared by open_clip's own transform, and each is a batch of its own, so that no
    other picture can be in its numbers.
    """
    network: Any = clip.network
    settings = open_clip.transform.PreprocessCfg(**network.visual.preprocess_cfg)
    transform = open_clip.transform.image_transform_v2(settings, is_train=False)
    seen: dict[str, list[Plain]] = {layer.path: [] for layer in found}

    def hook_of(layer: Layer) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            while not isinstance(output, Tensor):
                output = output[0]
            seen[layer.path].append(reduced(as_places(output, layer)))

        return hook

    modules = dict(network.named_modules())
    handles = [modules[layer.path].register_forward_hook(hook_of(layer)) for layer in found]
    with torch.inference_mode():
        for each in pictures:
            network.encode_image(transform(each)[None])
    for handle in handles:
        handle.remove()
    return {path: stacked(parts) for path, parts in seen.items()}


def as_places(output: Tensor, layer: Layer) -> Tensor:
    """Give one picture's output as (places, units), by the number of units alone."""
    if layer.layout.axes == "bchw":
        return output.reshape(layer.units, -1).T
    return output.reshape(-1, layer.units)[layer.layout.prefix :]


def reduced(values: Tensor) -> Plain:
    """Reduce (places, units) to what is compared."""
    top = values.topk(min(2, len(values)), dim=0)
    lead = top.values[0] - top.values[-1] if len(values) > 1 else torch.ones(values.shape[1])
    found = (top.values[0], values.double().mean(0).float(), top.indices[0], lead)
    return Plain(*(each.numpy().copy() for each in found))


def stacked(parts: list[Plain]) -> Plain:
    """Put the pictures of one layer together."""
    return Plain(*(np.stack([getattr(p, f.name) for p in parts]) for f in fields(Plain)))


def read_all(
    clip: Clip, found: tuple[Layer, ...], pictures: list[Image.Image]
) -> tuple[dict[str, LayerReading], NDArray[np.float32]]:
    """Read every layer of all the pictures as the toolkit does, in one batch."""
    pixels = torch.stack([torch.tensor(clip.preprocess.pixels(each)) for each in pictures])
    with open_engine(clip, found, batch_size=len(pictures)) as engine:
        reading = engine.read(pixels.permute(0, 3, 1, 2))
    assert reading.embeddings is not None
    return reading.layers, reading.embeddings


def difference(mine: LayerReading, plain: Plain) -> float:
    """Give the largest difference, in shares of the layer's largest number."""
    scale = max(float(np.abs(plain.peak).max()), float(np.abs(plain.mean).max()), 1e-30)
    if np.any((mine.position != plain.place) & (plain.lead > AGREES * scale)):
        return float("inf")
    apart = (np.abs(mine.peak - plain.peak).max(), np.abs(mine.mean - plain.mean).max())
    return float(max(apart)) / scale


def scan_difference(clip: Clip, folder: Path, plain: Mapping[str, Plain]) -> float:
    """Scan a folder into a run, one layer (its box takes longer in deep ones), and compare."""
    path = stages(clip)[0]
    images = neurons.images(str(folder / "pictures"))
    neurons.scan(clip, images, [path], folder / "run", batch_size=N_IMAGES)
    peaks = np.asarray(Activations.open(folder / "run").array(path, "peak")[:])
    return float(np.abs(peaks - plain[path].peak).max() / np.abs(plain[path].peak).max())


def picture(clip: Clip, deepest: Layer) -> str:
    """Make a picture of a unit in two steps, and say whether a gradient came back to it."""
    settings = Settings(steps=2, batch=1)
    try:
        (made,) = ascend(clip, [ImageRequest(channel(f"{deepest.path}:0"))], settings)
    except NeuronsError as error:
        return str(error)
    return "ok" if made.moved and np.isfinite(made.curve).all() else "no gradient came back"


def texts(clip: Clip, embedded: NDArray[np.float32]) -> str:
    """Name the pictures' classes zero-shot, or say in one line why that cannot be done."""
    try:
        scores = neurons.zero_shot(clip, ["a dog", "a cat", "a car"]).decision(embedded)
    except NeuronsError as error:
        return str(error)
    good = scores.shape == (N_IMAGES, 3) and bool(np.isfinite(scores).all())
    return "ok" if good else "scores are not finite"


def kept() -> dict[str, Row]:
    """Read the rows that were kept, the latest of each architecture."""
    if not RESULTS.exists():
        return {}
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


def keep(row: Row) -> None:
    """Append a row."""
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def table(known: Mapping[str, Row]) -> str:
    """Write the rows of all architectures that ran as the page's table, and say which did not."""
    small = [row for row in known.values() if row["parameters"] < MOST_PARAMETERS]
    small.sort(key=lambda row: (row["family"].lower(), row["in_images"], row["name"]))
    ran = [row for row in small if "layers" in row]
    head = ("architecture", "parameters, million", "layers", "deepest block, its map", "difference")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in ran]
    good = [row for row in ran if max(row["difference"], row["scanned"]) <= AGREES]
    failed = [row for row in small if "error" in row]
    waiting = [f"`{row['name']}`" for row in small if "layers" not in row and "error" not in row]
    told = [
        f"{len(ran)} of the {len(small)} architectures below {MOST_PARAMETERS / 1e9:.0f} billion "
        f"parameters ran ({len(known) - len(small)} are larger). In {len(good)} of the {len(ran)} "
        f"every unit of every layer agrees with the plain hooks within {AGREES:g}; a picture "
        f"could be made with {sum(row['pictures'] == 'ok' for row in ran)}, texts could be read "
        f"by {sum(row['texts'] == 'ok' for row in ran)}.",
        *(f"`{row['name']}` did not: {row['error']}." for row in failed),
        *(f"No picture with `{row['name']}`: {row['pictures']}."
          for row in ran if row["pictures"] != "ok"),
        *without_texts(ran),
    ]  # fmt: skip
    if waiting:
        told.append(
            f"Not run yet, for lack of time (the same command goes on): {', '.join(waiting)}."
        )
    return "\n\n".join([told[0], "\n".join(lines), *told[1:]])


def without_texts(ran: list[Row]) -> list[str]:
    """Say which architectures could read no texts, and why."""
    by_reason: dict[str, list[str]] = {}
    for row in ran:
        if row["texts"] != "ok":
            why = (
                row["texts"]
                .replace(repr(row["name"]), "")
                .replace(f"'{row['name']}/untrained'", "")
            )
            by_reason.setdefault(why.strip(), []).append(f"`{row['name']}`")
    return [f"No texts by {', '.join(names)}: each {why}." for why, names in by_reason.items()]


def cells(row: Row) -> tuple[str, ...]:
    """Write one architecture as a row of the table."""
    height, width = row["map"]
    return (
        row["name"],
        f"{row['parameters'] / 1e6:,.0f}",
        f"{row['layers']:,}",
        f"{row['deepest']}, {height} x {width}",
        f"{max(row['difference'], row['scanned']):.0e}",
    )


def write_page(known: Mapping[str, Row]) -> None:
    """Put the table into the docs page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(known)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
