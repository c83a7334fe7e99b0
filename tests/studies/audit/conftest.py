"""Cue conflicts of two classes that a planted network tells by colour, or by outline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neurons.data.cue_images import CueImages, cue_images
from tests.conftest import LAYER, RED, STRIPE, picture

PER_PAIR = 12


@dataclass(frozen=True)
class OneUnit:
    """A readout that says "post" where one unit answers, and "wall" elsewhere."""

    unit: int
    above: float
    class_names: tuple[str, ...] = ("post", "wall")
    layer: str = LAYER
    pooling: str = "peak"

    def decision(self, units: NDArray[np.float32]) -> NDArray[np.float32]:
        answers = units[:, self.unit] - self.above
        return np.stack([answers, -answers], axis=1).astype(np.float32)


def drawn(shape: str, colour: str, seed: int) -> NDArray[np.uint8]:
    """A post is a red picture with a thin stripe in it; a wall is neither."""
    stripe_at = 10 + 5 * (seed % 12) if shape == "post" else None
    return picture(red=0.6 if colour == "post" else 0.0, stripe_at=stripe_at, seed=seed)


@pytest.fixture(scope="session")
def posts_and_walls(tmp_path_factory: pytest.TempPathFactory) -> CueImages:
    """Posts in a wall's colour and walls in a post's, and both as they are."""
    root = tmp_path_factory.mktemp("conflicts")
    for shape in ("post", "wall"):
        for colour in ("post", "wall"):
            for i in range(PER_PAIR):
                path = root / shape / f"{shape}{i + 1}-{colour}{i % 3 + 1}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(drawn(shape, colour, i)).save(path)
    return cue_images(Path(root))


@pytest.fixture(scope="session")
def sees_colour() -> OneUnit:
    return OneUnit(RED, 0.15)


@pytest.fixture(scope="session")
def sees_outline() -> OneUnit:
    return OneUnit(STRIPE, 0.006)
