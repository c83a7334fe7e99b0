"""Pictures shown in three ways, and a run of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from tests.conftest import LAYER, picture

WAYS = ("faint", "middling", "strong")


def write_pictures(root: Path, *, labels: list[str] | None = None) -> ImageSet:
    """Three ways of showing plain, red and striped pictures, eight of each."""
    root.mkdir(parents=True)
    rows = []
    for kind in ("plain", "red", "stripe"):
        for way in WAYS:
            for i in range(8):
                seed = 1000 * WAYS.index(way) + 10 * i + len(kind)
                strength = 0.3 + 0.3 * WAYS.index(way)
                pixels = {
                    "plain": picture(seed=seed),
                    "red": picture(red=strength, seed=seed),
                    "stripe": picture(stripe_at=5 + 10 * i, seed=seed),
                }[kind]
                name = f"{kind}-{way}-{i}.png"
                Image.fromarray(pixels).save(root / name)
                rows.append({"file_name": name, "label": kind, "way": way})
    for row, label in zip(rows, labels or [], strict=False):
        row["label"] = label
    with (root / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["file_name", "label", "way"])
        table.writeheader()
        table.writerows(rows)
    return neurons.images(root)


@pytest.fixture(scope="session")
def scanned(
    planted: Clip, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Activations, ImageSet]:
    folder = tmp_path_factory.mktemp("census")
    images = write_pictures(folder / "pictures")
    neurons.scan(planted, images, [LAYER], folder / "run")
    return Activations.open(folder / "run"), images
