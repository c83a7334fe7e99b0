"""A network of which two units see what is planted, and nothing else differs between images."""

from __future__ import annotations

import csv

import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from tests.conftest import LAYER, RED, RESNET, STRIPE, build, picture, plant, save_model

PER_CLASS = 20


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The planted network, where all other units are silent or as loud whatever they see."""
    network = plant(build(RESNET))
    block = network.visual.layer4[0]
    incoming = getattr(block.downsample, "0").weight
    others = [unit for unit in range(len(incoming)) if unit not in (RED, STRIPE)]
    with torch.no_grad():
        for tensor in (block.bn3.weight, block.bn3.bias, incoming):
            tensor[others] = 0
        getattr(block.downsample, "1").bias[others[20:120]] = torch.linspace(0, 3, 100)
    name = save_model(tmp_path_factory.mktemp("wired"), RESNET, network)
    return neurons.load(name, device="cpu")


@pytest.fixture(scope="session")
def scanned(wired: Clip, tmp_path_factory: pytest.TempPathFactory) -> tuple[Activations, ImageSet]:
    folder = tmp_path_factory.mktemp("probe")
    root = folder / "pictures"
    root.mkdir()
    rows = []
    for kind in ("plain", "red", "stripe"):
        for i in range(PER_CLASS):
            seed = 100 * len(kind) + i
            pixels = {
                "plain": picture(seed=seed),
                "red": picture(red=0.3 + 0.03 * i, seed=seed),
                "stripe": picture(stripe_at=5 + 4 * i, seed=seed),
            }[kind]
            Image.fromarray(pixels).save(root / f"{kind}-{i}.png")
            rows.append({"file_name": f"{kind}-{i}.png", "label": kind})
    with (root / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["file_name", "label"])
        table.writeheader()
        table.writerows(rows)
    images = neurons.images(root)
    neurons.scan(wired, images, [LAYER], folder / "run")
    return Activations.open(folder / "run"), images
