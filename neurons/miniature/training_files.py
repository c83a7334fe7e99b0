"""What does a training run leave in its folder, and what does it go on from after a stop?"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from neurons.errors import OptionError
from neurons.files import write_file
from neurons.miniature.recipe import Recipe

WEIGHTS = Path(__file__).parent / "weights"
MODEL = f"local-dir:{WEIGHTS}"
CONFIG_FILES = ("open_clip_config.json", "vocabulary.bpe.gz")
CHECKPOINT, LOG, RECORD = "checkpoint.pt", "training.jsonl", "training.json"
WEIGHTS_FILE = "open_clip_model.safetensors"


def log(out: Path, figures: Mapping[str, float]) -> None:
    """Add a step's figures to the log."""
    with (out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def save_checkpoint(
    out: Path, recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Write what the run goes on from; all of it is there, or what was there before."""
    state = {
        "recipe": asdict(recipe),
        "step": step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    content = io.BytesIO()
    torch.save(state, content)
    write_file(out / CHECKPOINT, content.getvalue())


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Read the last checkpoint of a training run.

    Raises
    ------
    OptionError
        If there is none.
    """
    if not (folder / CHECKPOINT).is_file():
        raise OptionError(f"{str(folder)!r} holds no {CHECKPOINT} to start from")
    state: dict[str, Any] = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    return state


def resume(out: Path, recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one, and forget what was logged after it.

    Returns
    -------
    int
        How many steps are done.

    Raises
    ------
    OptionError
        If the folder holds a run of another recipe.
    """
    step = 0
    if (out / CHECKPOINT).is_file():
        state = read_checkpoint(out)
        if state["recipe"] != asdict(recipe):
            raise OptionError(
                f"{str(out)!r} holds a run of another recipe, {state['recipe']}; "
                f"go on with that one, or choose another folder"
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    lines = (out / LOG).read_text(encoding="utf-8").splitlines() if (out / LOG).is_file() else []
    (out / LOG).write_text("".join(f"{line}\n" for line in lines[:step]), encoding="utf-8")
    return step


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
    write_file(out / RECORD, (json.dumps(told, indent=1) + "\n").encode())
