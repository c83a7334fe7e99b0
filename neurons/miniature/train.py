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
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from rich.progress import Progress, TextColumn
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from neurons.drawn_world.drawing import Painter
from neurons.drawn_world.scenes import Scene, training_scene
from neurons.miniature.recipe import CPU, SMALL, Recipe
from neurons.miniature.training_files import (
    MODEL,
    export,
    log,
    read_checkpoint,
    record,
    resume,
    save_checkpoint,
)
from neurons.network.building import preprocess_of, random_network, tokenizer_of
from neurons.network.inference import has_bf16


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
        network.load_state_dict(read_checkpoint(start)["network"])
    first = resume(out, recipe, network, optimizer)
    preprocess, tokenizer = preprocess_of(network), tokenizer_of(MODEL)
    painter = Painter(device, compiled=compiled)

    def inputs(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor, Tensor]:
        images = preprocess.normalise(painter.draw([scene.drawing for scene in scenes]))
        tokens, text_of = _texts(scenes, tokenizer, device)
        return images.contiguous(memory_format=torch.channels_last), tokens, text_of

    for step, scenes in enumerate(_batches(recipe, first, workers), start=first):
        started = time.perf_counter()
        rate = _rate(step, recipe)
        loss = _learn(network, optimizer, rate, *inputs(scenes), _same_meaning(scenes).to(device))
        figures = {
            "step": step + 1,
            "loss": round(loss.item(), 4),
            "rate": rate,
            "images_per_second": round(len(scenes) / (time.perf_counter() - started)),
        }
        log(out, figures)
        progress(figures)
        if (step + 1) % checkpoint_every == 0 or step + 1 == recipe.steps:
            save_checkpoint(out, recipe, network, optimizer, step + 1)
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


def _learn(
    network: Any,
    optimizer: torch.optim.Optimizer,
    rate: float,
    images: Tensor,
    tokens: Tensor,
    text_of: Tensor,
    positive: Tensor,
) -> Tensor:
    """Take one step, and give the loss before it."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    # bf16 where it is faster: without instructions of its own it takes eight times as long
    with torch.autocast(images.device.type, torch.bfloat16, enabled=has_bf16(images.device)):
        image_features = network.encode_image(images, normalize=True)
        text_features = network.encode_text(tokens, normalize=True)
    logits = network.logit_scale.exp() * (image_features.float() @ text_features.float()[text_of].T)
    loss = contrastive_loss(logits, positive)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimizer.step()
    with torch.no_grad():
        network.logit_scale.clamp_(0, math.log(100))
    return loss


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
