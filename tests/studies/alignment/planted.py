"""Runs of the same images whose units were planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurons import Activations, ImageSet
from tests.studies.probe.planted_run import planted_run

CLASSES = ("ant", "bee", "cat", "dog")


def run_of(
    folder: Path, values: np.ndarray, *, labels: np.ndarray | None = None, name: str = "planted"
) -> tuple[Activations, ImageSet]:
    """Keep values as the peaks of a run; no image is a copy of another."""
    n = len(values)
    classes = np.arange(n) % len(CLASSES) if labels is None else labels
    run, images = planted_run(
        folder, values, classes.tolist(), CLASSES, embeddings=np.asarray(values)
    )
    run.spec.provenance["model"]["name"] = name
    run.spec.provenance["model"]["weights_sha256"] = name
    return run, images
