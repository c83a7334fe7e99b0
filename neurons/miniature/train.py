"""Train the miniature's CLIP on pictures drawn while it learns.

``python -m neurons.miniature.train --out DIR`` takes minutes on a GPU and hours on a CPU;
``--small`` a minute on a CPU, enough to learn above chance. A run that was stopped goes on where
its last checkpoint was written.

References
----------
Radford et al. 2021, *Learning Transferable Visual Models From Natural Language Supervision*;
Yang et al. 2022, *Unified Contrastive Learning in Image-Text-Label Space*, eq. 3 to 5, for a loss
in which every pair of one meaning is a positive.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from rich.progress import Progress, TextColumn
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from neurons.drawn_world.drawing import Painter
from neurons.drawn_world.scenes import Scene, training_scene
from neurons.errors import OptionError
from neurons.network.clip import preprocess_of, random_network, tokenizer_of

WEIGHTS = Path(__file__).parent / "weights"
MODEL = f"local-dir:{WEIGHTS}"
CONFIG_FILES = ("open_clip_config.json", "vocabulary.bpe.gz")
CHECKPOINT, LOG, RECORD = "checkpoint.pt", "training.jsonl", "training.json"
WEIGHTS_FILE = "open_clip_model.safetensors"


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to train.

    Parameters
    ----------
    steps, batch : int
    rate : float
        Peak learning rate; it rises for ``warm_up`` steps and falls to zero as a cosine.
    weight_decay : float
        Of weights with two axes or more. A strong one is what makes neurons multimodal.
    concepts : tuple of str
        What the pictures show; empty for all of the world.
    """

    steps: int = 3500
    batch: int = 1024
    rate: float = 1.5e-3
    warm_up: int = 300
    weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    seed: int = 0
    concepts: tuple[str, ...] = ()


# half of the batch: what two CPU cores see in an hour and a half
CPU = Recipe(steps=4000, batch=512)
# a corner of the world, in about a minute on two cores
SMALL = Recipe(
    steps=60,
    batch=96,
    warm_up=10,
    weight_decay=0.2,
    concepts=("finance", "pig", "spider", "winter", "happy", "apple", "house", "red"),
)


class Batches(Dataset[list[Scene]]):
    """The scenes of each step: a function of the seed and the step alone."""

    def __init__(self, recipe: Recipe, first: int) -> None:
        self._recipe, self._first = recipe, first

    def __len__(self) -> int:
        return self._recipe.steps - self._first

    def __getitem__(self, index: int) -> list[Scene]:
        random = Random(f"train {self._recipe.seed} {self._first + index}")
        return [training_scene(random, self._recipe.concepts) for _ in range(self._recipe.batch)]


def train(
    out: Path,
    recipe: Recipe,
    *,
    device: str | torch.device = "cpu",
    workers: int = 0,
    compiled: bool = False,
    start: Path | None = None,
    progress: Callable[[dict[str, float]], None] = lambda _: None,
    checkpoint_every: int = 50,
) -> Path:
    """Train, or go on training, and write the weights.

    Parameters
    ----------
    out : Path
        Folder for the model, in the form that ``local-dir:`` takes, with ``training.jsonl``.
    recipe : Recipe
    device : str or torch.device
    workers : int
        Processes that compose scenes; a GPU needs several.
    compiled : bool
        Compile the drawing; see `Painter`.
    start : Path, optional
        Folder of another training run, whose last checkpoint gives the first weights; default:
        random weights from the recipe's seed.
    progress : callable
        Takes each step's figures: step, loss, rate, images_per_second.

    Returns
    -------
    Path
        The weights, half precision.
    """
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device(device)
    # Any: open_clip types neither its encoders nor its scale
    network: Any = random_network(MODEL, seed=recipe.seed).to(memory_format=torch.channels_last)
    network.to(device)
    optimizer = torch.optim.AdamW(_groups(network, recipe), lr=recipe.rate, betas=recipe.betas)
    if start is not None:
        network.load_state_dict(_checkpoint(start)["network"])
    first = _resume(out, recipe, network, optimizer)
    preprocess, tokenizer = preprocess_of(network), tokenizer_of(MODEL)
    painter = Painter(device, compiled=compiled)
    for step, scenes in enumerate(_batches(recipe, first, workers), start=first):
        started = time.perf_counter()
        rate = _rate(step, recipe)
        for group in optimizer.param_groups:
            group["lr"] = rate
        images = preprocess.normalise(painter.draw([scene.canvas for scene in scenes]))
        images = images.contiguous(memory_format=torch.channels_last)
        tokens, text_of = _texts(scenes, tokenizer, device)
        with torch.autocast(device.type, torch.bfloat16):
            image_features = network.encode_image(images, normalize=True)
            text_features = network.encode_text(tokens, normalize=True)
        logits = network.logit_scale.exp() * (
            image_features.float() @ text_features.float()[text_of].T
        )
        loss = contrastive_loss(logits, _same_meaning(scenes).to(device))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        with torch.no_grad():
            network.logit_scale.clamp_(0, math.log(100))
        figures = {
            "step": step + 1,
            "loss": round(loss.item(), 4),
            "rate": rate,
            "images_per_second": round(len(scenes) / (time.perf_counter() - started)),
        }
        _log(out / LOG, figures)
        progress(figures)
        if (step + 1) % checkpoint_every == 0 or step + 1 == recipe.steps:
            _save(out / CHECKPOINT, recipe, network, optimizer, step + 1)
    record(out, recipe, start)
    return export(network, out)


def contrastive_loss(logits: Tensor, positive: Tensor) -> Tensor:
    """Pull pairs of one meaning together, push all others apart; both directions, averaged.

    Parameters
    ----------
    logits : Tensor of float, (images, texts)
    positive : Tensor of bool, (images, texts)
        At least one in each row and column.
    """
    weights = positive.float()
    of_images = -(functional.log_softmax(logits, 1) * weights).sum(1) / weights.sum(1)
    of_texts = -(functional.log_softmax(logits, 0) * weights).sum(0) / weights.sum(0)
    return (of_images.mean() + of_texts.mean()) / 2


def export(network: nn.Module, out: Path) -> Path:
    """Write the weights in half precision, beside the config and vocabulary that they need."""
    for name in CONFIG_FILES:
        shutil.copyfile(WEIGHTS / name, out / name)
    halves = {
        name: tensor.detach().cpu().half() if tensor.is_floating_point() else tensor.cpu()
        for name, tensor in network.state_dict().items()
    }
    path = out / WEIGHTS_FILE
    save_file({name: tensor.contiguous() for name, tensor in halves.items()}, path)
    return path


def record(out: Path, recipe: Recipe, start: Path | None = None) -> None:
    """Write ``training.json``: the recipe, the log averaged over 25 steps, and what went before."""
    steps = [json.loads(line) for line in (out / LOG).read_text(encoding="utf-8").splitlines()]
    curve = []
    for i in range(0, len(steps), 25):
        part = steps[i : i + 25]
        loss = sum(step["loss"] for step in part) / len(part)
        curve.append({"step": part[-1]["step"], "loss": round(loss, 4)})
    speeds = sorted(step["images_per_second"] for step in steps)
    told: dict[str, Any] = {
        "recipe": asdict(recipe),
        "curve": curve,
        "images_per_second": speeds[len(speeds) // 2],
    }
    if start is not None and (start / RECORD).is_file():
        told["before"] = json.loads((start / RECORD).read_text(encoding="utf-8"))
    (out / RECORD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _batches(recipe: Recipe, first: int, workers: int) -> Iterator[Sequence[Scene]]:
    loader: DataLoader[list[Scene]] = DataLoader(
        Batches(recipe, first), batch_size=None, num_workers=workers, shuffle=False
    )
    return iter(loader)


def _groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def _rate(step: int, recipe: Recipe) -> float:
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return recipe.rate * (1 + math.cos(math.pi * done)) / 2


def _texts(
    scenes: Sequence[Scene], tokenizer: Callable[[Sequence[str]], Tensor], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Give the tokens of each different caption, and which of them each scene has."""
    different = {caption: i for i, caption in enumerate(dict.fromkeys(s.caption for s in scenes))}
    text_of = torch.tensor([different[scene.caption] for scene in scenes], device=device)
    return tokenizer(list(different)).to(device), text_of


def _same_meaning(scenes: Sequence[Scene]) -> Tensor:
    numbers = {meaning: i for i, meaning in enumerate(dict.fromkeys(s.meaning for s in scenes))}
    meanings = torch.tensor([numbers[scene.meaning] for scene in scenes])
    return meanings[:, None] == meanings[None]


def _log(path: Path, figures: dict[str, float]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def _save(
    path: Path, recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    unfinished = path.with_suffix(".unfinished")
    state = {
        "recipe": asdict(recipe),
        "step": step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _checkpoint(folder: Path) -> dict[str, Any]:
    if not (folder / CHECKPOINT).is_file():
        raise OptionError(f"{str(folder)!r} holds no {CHECKPOINT} to start from")
    state: dict[str, Any] = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    return state


def _resume(out: Path, recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one, and forget what was logged after it."""
    step = 0
    if (out / CHECKPOINT).is_file():
        state = _checkpoint(out)
        if state["recipe"] != asdict(recipe):
            raise OptionError(
                f"{str(out)!r} holds a run of another recipe, {state['recipe']}; "
                f"go on with that one, or give another --out"
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    lines = (out / LOG).read_text(encoding="utf-8").splitlines() if (out / LOG).is_file() else []
    (out / LOG).write_text("".join(f"{line}\n" for line in lines[:step]), encoding="utf-8")
    return step


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m neurons.miniature.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="a minute on a CPU; above chance")
    size.add_argument("--cpu", action="store_true", help="half of the batch: hours on a CPU")
    parser.add_argument("--start", type=Path, help="folder of the run whose weights to start from")
    kinds = {"steps": int, "rate": float, "warm_up": int, "seed": int}
    for name, kind in kinds.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, help="in place of the recipe's")
    asked = parser.parse_args(arguments)
    recipe = {asked.small: SMALL, asked.cpu: CPU}.get(True, Recipe())
    changed = {name: getattr(asked, name) for name in kinds if getattr(asked, name) is not None}
    recipe = replace(recipe, **changed)
    on_gpu = torch.device(asked.device).type == "cuda"
    with Progress(*Progress.get_default_columns(), TextColumn("{task.fields[figures]}")) as bar:
        task = bar.add_task("training", total=recipe.steps, figures="")

        def show(figures: dict[str, float]) -> None:
            text = f"loss {figures['loss']:.3f}, {figures['images_per_second']:.0f} images/s"
            bar.update(task, completed=figures["step"], figures=text)

        path = train(
            asked.out,
            recipe,
            device=asked.device,
            workers=8 if on_gpu else 0,
            compiled=not asked.small,
            start=asked.start,
            progress=show,
        )
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
