"""Planted truths: a tiny CLIP with wired units, pictures whose content is known, and shared/."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import neurons
from neurons import Activations, Clip
from tests.once import SCAN_MINIATURE, common_folder, ran_once

# a busy machine is slow, which is no fault of the code; unwatched, the same examples every time
hypothesis.settings.register_profile(
    "neurons",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("neurons")

SHARED = Path(__file__).resolve().parents[2] / "shared"

# begun first, so that no worker is left alone with one of them at the end
LONGEST = (
    "cli/test_demo.py",
    "test_docs.py",
    "miniature/test_train.py",
    "miniature/test_card.py",
    "activations/test_scan.py",
    "visualization/test_ascent.py",
    "visualization/test_album.py",
    "studies/visualization/test_visualize.py",
    "studies/typography/test_hijack.py",
    "studies/typography/test_defence.py",
    "test_startup.py",
    "test_real_clip.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files: the longest first."""
    here = Path(__file__).parent
    first = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


RED, STRIPE, DEAD, CONSTANT = 3, 17, 5, 40
LAYER = "visual.layer4"

_TEXT = {"context_length": 8, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
RESNET = {
    "embed_dim": 16,
    "vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "image_size": 96, "patch_size": None},
    "text_cfg": _TEXT,
}
VIT = {
    "embed_dim": 16,
    "vision_cfg": {"layers": 2, "width": 32, "head_width": 16, "image_size": 96, "patch_size": 16},
    "text_cfg": _TEXT,
}
_SIMPLE = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"}


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run of the tests share."""
    return common_folder(tmp_path_factory)


@pytest.fixture(scope="session", autouse=True)
def own_cache(common: Path) -> Iterator[None]:
    """Draw the miniature's pictures for these tests, once, and leave the user's cache alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURONS_CACHE", str(common / "neurons-cache"))
        yield


class Outcome:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Give a command line and get its outcome."""
    from neurons.cli import app, terminal

    # rich looks at the width once, when its console is made
    monkeypatch.setattr(terminal.console, "_width", 300)
    monkeypatch.setattr(terminal.out_console, "_width", 300)

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["neurons", *map(str, arguments)])
        capsys.readouterr()
        try:
            app.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def shared(path: str) -> Path:
    """Give a path below shared/, or skip the test where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"shared/{path} is not beside this checkout")
    return found


def save_model(folder: Path, config: dict, network: torch.nn.Module | None = None) -> str:
    """Write a model as open_clip's local-dir layout; random weights unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model_cfg": config, "preprocess_cfg": {**_SIMPLE, "resize_mode": "squash"}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    if network is None:
        network = build(config)
    tensors = {k: v.contiguous() for k, v in network.state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    return f"local-dir:{folder}"


def build(config: dict, *, seed: int = 0) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = open_clip.CLIP(**config)
        for name, parameter in network.visual.named_parameters():
            if name.endswith("bn3.weight"):
                # open_clip starts with silent residual branches; here they should say something
                torch.nn.init.uniform_(parameter, 0.2, 0.8)
    return network.eval()


@torch.no_grad()
def plant(network: torch.nn.Module) -> torch.nn.Module:
    """Wire four units of ``visual.layer4``: redness, a vertical stripe, nothing, a constant."""
    visual = network.visual
    # two clean channels through the stem: 0 carries redness, 1 a thin vertical stripe
    for conv in (visual.conv1, visual.conv2, visual.conv3):
        conv.weight[:2] = 0
    visual.conv1.weight[0, :, 1, 1] = torch.tensor([1.0, -0.5, -0.5])
    visual.conv1.weight[1, :, :, 0] = -1 / 18
    visual.conv1.weight[1, :, :, 1] = 2 / 18
    visual.conv1.weight[1, :, :, 2] = -1 / 18
    for conv in (visual.conv2, visual.conv3):
        conv.weight[0, 0, 1, 1] = conv.weight[1, 1, 1, 1] = 1.0
    stages = (visual.layer1, visual.layer2, visual.layer3, visual.layer4)
    for stage in stages:
        wires = {0: 0, 1: 1} if stage is not visual.layer4 else {RED: 0, STRIPE: 1}
        for unit in (*wires, *((DEAD, CONSTANT) if stage is visual.layer4 else ())):
            block = stage[0]
            block.bn3.weight[unit] = block.bn3.bias[unit] = 0
            getattr(block.downsample, "0").weight[unit] = 0
            if unit in wires:
                getattr(block.downsample, "0").weight[unit, wires[unit]] = 1.0
    getattr(visual.layer4[0].downsample, "1").bias[CONSTANT] = 0.75
    return network


@pytest.fixture(scope="session")
def planted_name(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_model(tmp_path_factory.mktemp("planted"), RESNET, plant(build(RESNET)))


@pytest.fixture(scope="session")
def planted(planted_name: str) -> Clip:
    return neurons.load(planted_name, device="cpu")


@pytest.fixture(scope="session")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return neurons.load(save_model(tmp_path_factory.mktemp("vit"), VIT), device="cpu")


@pytest.fixture(scope="session")
def miniature() -> Clip:
    """The toolkit's own trained CLIP."""
    return neurons.load("miniature", device="cpu")


@pytest.fixture(scope="session")
def miniature_run(common: Path) -> Activations:
    """Layer 4 of the miniature on its own pictures; no test writes into it."""
    ran = ran_once(common, SCAN_MINIATURE)
    assert ran.code == 0, ran.err
    return Activations.open(ran.folder / "run")


def picture(*, red: float = 0.0, stripe_at: int | None = None, seed: int = 0) -> np.ndarray:
    """A 96 px picture: faint noise, some redness, perhaps a bright vertical stripe 2 px wide."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(90, 4, (96, 96, 3))
    pixels[:, :, 0] += 120 * red
    if stripe_at is not None:
        pixels[:, stripe_at : stripe_at + 2] += 100
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 PNGs in class folders: ten plain, ten ever redder, ten with a stripe, ten noisy."""
    root = tmp_path_factory.mktemp("pictures")
    for i in range(10):
        kinds = {
            "plain": picture(seed=i),
            "red": picture(red=0.4 + 0.05 * i, seed=100 + i),
            "stripe": picture(stripe_at=3 + 9 * i, seed=200 + i),
            "noisy": np.random.default_rng(300 + i).integers(0, 256, (96, 96, 3), dtype=np.uint8),
        }
        for kind, pixels in kinds.items():
            (root / kind).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(root / kind / f"{i:02}.png")
    return root
