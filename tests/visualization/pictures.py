"""Made pictures whose numbers are written down."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from neurons.visualization.made_picture import Excited, MadePicture
from neurons.visualization.result import Visualization


def made_picture(
    name: str,
    *,
    facet: str = "",
    strength: float = 0.0,
    activation: float = 1.0,
    percentile: float = float("nan"),
    moved: bool = True,
) -> MadePicture:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(buffer, "PNG")
    return MadePicture(
        name=name,
        facet=facet,
        strength=strength,
        image=buffer.getvalue(),
        moved=moved,
        activation=activation,
        percentile=percentile,
        shaken=activation / 2,
        shaken_deviation=0.1,
        excited=(Excited(3, activation, 2.5), Excited(9, 0.5, float("nan"))),
        curve=(0.1, 0.4),
    )


def visualization(*pictures: MadePicture, n_images: int = 0) -> Visualization:
    return Visualization(
        provenance={"model": {"name": "tiny"}},
        target="visual.layer4:3",
        unit="visual.layer4:3",
        steps=30,
        n_images=n_images,
        pictures=pictures,
    )
