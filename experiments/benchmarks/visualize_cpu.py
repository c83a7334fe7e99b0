"""How much faster, and how good, is feature visualization beside lucent's, on this CPU?

lucent is run as its users run it: ``render_vis`` on the image tower, one unit at a time, its own
parameterisation, transforms and optimiser; but with CLIP's normalisation rather than ImageNet's,
and its images kept at the model's size rather than enlarged to 224 px, which both help it. Ours
takes the same steps from the same parameterisation. Both climb for the same units in turns, and the
ratio is taken round by round, since a shared machine's speed drifts.

    python -m experiments.benchmarks.visualize_cpu --model local-dir:PATH
    python -m experiments.benchmarks.visualize_cpu --model local-dir:PATH --parity
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lucent.optvis import param, render, transform
from torchvision.transforms import Normalize

import neurons
from neurons import Clip, Neuron
from neurons.network.inference import exact, fast
from neurons.visualization.ascent import ascend
from neurons.visualization.objectives import channel
from neurons.visualization.request import ImageRequest, Settings
from neurons.visualization.transforms import GOH2021, LUCENT, Draws, Transform

LAYER = "visual.layer4"
TARGET = 5.0


def lucents_own() -> Transform:
    """Give lucent's transforms themselves for our loop: one draw a batch, from numpy."""
    shake = transform.compose(transform.standard_transforms)

    def apply(images: torch.Tensor, draws: Draws) -> torch.Tensor:
        shaken = shake(images)
        return torch.nn.functional.interpolate(
            shaken, images.shape[2:], mode="bilinear", align_corners=True
        )

    return Transform("lucent.optvis.transform.standard_transforms", apply)


def by_lucent(clip: Clip, unit: int, steps: int) -> np.ndarray:
    """Render one unit with lucent: float (H, W, 3) in [0, 1]."""
    side = clip.preprocess.size[0]
    normalise = Normalize(clip.preprocess.mean, clip.preprocess.std)
    (image,) = render.render_vis(
        clip.network.visual,
        f"layer4:{unit}",
        param_f=lambda: param.image(side),
        transforms=[*transform.standard_transforms, normalise],
        thresholds=(steps,),
        preprocess=False,
        fixed_image_size=side,
        progress=False,
        show_image=False,
    )
    return image[0]


def activations(clip: Clip, images: list[np.ndarray], units: list[int]) -> list[float]:
    """Mean of each unit over its map on its own plain 8-bit image: lucent's objective."""
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    with neurons.watch(clip.network, [LAYER], reduce=torch.clone) as seen:
        clip.embed_images(batch)
    return [float(seen[LAYER][i, unit].mean()) for i, unit in enumerate(units)]


def to_bytes(image: np.ndarray) -> np.ndarray:
    return (image * 255).round().astype(np.uint8)


def parity(clip: Clip, units: list[int], steps: int) -> dict[str, Any]:
    """Reach at least lucent's activation with its transforms, parameterisation and optimiser."""
    torch.manual_seed(0)
    np.random.seed(0)
    hooks = sum(len(m._forward_hooks) for m in clip.network.modules())
    theirs = [to_bytes(by_lucent(clip, unit, steps)) for unit in units]
    left = sum(len(m._forward_hooks) for m in clip.network.modules()) - hooks
    for module in clip.network.modules():
        module._forward_hooks.clear()
    requests = [ImageRequest(channel(Neuron(LAYER, unit))) for unit in units]
    figures: dict[str, Any] = {"hooks_left_by_lucent": left, "steps": steps, "units": len(units)}
    reached = {"lucent": activations(clip, theirs, units)}
    for name, transforms in (("its own", lucents_own()), ("lucent", LUCENT), ("goh2021", GOH2021)):
        made = ascend(clip, requests, Settings(steps=steps, transforms=transforms))
        reached[f"ours, transforms {name}"] = activations(clip, [m.pixels for m in made], units)
    figures["hooks_left_by_us"] = sum(len(m._forward_hooks) for m in clip.network.modules())
    for name, values in reached.items():
        ratios = [v / max(t, 1e-6) for v, t in zip(values, reached["lucent"], strict=True)]
        stuck = sum(value <= 1e-6 for value in values)
        figures[name] = {
            "median": statistics.median(values),
            "ratio": statistics.median(ratios),
            "stuck": stuck,
        }
        print(
            f"{name:<26} median activation {statistics.median(values):.3f}, "
            f"median ratio to lucent {statistics.median(ratios):.2f}, {stuck} units stay at 0"
        )
    print(f"hooks left behind: lucent {left}, ours {figures['hooks_left_by_us']}")
    return figures


def speed(clip: Clip, steps: int, rounds: int) -> dict[str, Any]:
    """Seconds a unit at these steps, in turns."""
    seconds: dict[str, list[float]] = {"lucent": [], "exact": [], "fast": []}
    n_theirs, n_ours = 2, 32
    print(
        f"{'round':>5} "
        + " ".join(f"{name:>8}" for name in seconds)
        + f"   s a unit, {steps} steps"
    )
    for i in range(rounds):
        start = time.perf_counter()
        for unit in range(n_theirs):
            by_lucent(clip, unit, steps)
        seconds["lucent"].append((time.perf_counter() - start) / n_theirs)
        # a user who knows would remove them; ours never runs beside them
        for module in clip.network.modules():
            module._forward_hooks.clear()
        requests = [ImageRequest(channel(Neuron(LAYER, unit))) for unit in range(n_ours)]
        for precision in (exact, fast):
            settings = replace(Settings(), steps=steps, precision=precision)
            start = time.perf_counter()
            ascend(clip, requests, settings)
            seconds[precision.name].append((time.perf_counter() - start) / n_ours)
        print(f"{i + 1:>5} " + " ".join(f"{times[-1]:>8.2f}" for times in seconds.values()))
    figures: dict[str, Any] = {"steps": steps, "seconds": seconds}
    for name in ("exact", "fast"):
        ratios = [a / b for a, b in zip(seconds["lucent"], seconds[name], strict=True)]
        figures[name] = statistics.median(ratios)
        verdict = "met" if figures[name] >= TARGET else "missed"
        print(
            f"{name}: {figures[name]:.2f}x lucent (median of {rounds}; {min(ratios):.2f} to "
            f"{max(ratios):.2f}); target {TARGET}x {verdict}"
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, help="default: 128 for speed, 512 for parity")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parity", action="store_true", help="compare what is reached, 20 units")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    clip = neurons.load(asked.model, device="cpu")
    if asked.parity:
        figures = parity(clip, list(range(20)), asked.steps or 512)
    else:
        figures = speed(clip, asked.steps or 128, asked.rounds)
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
