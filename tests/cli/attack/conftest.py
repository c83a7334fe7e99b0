"""What the tests of attacks share: the miniature, and a probe that is made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurons import Clip, Probe, images
from neurons.sparse.path import PathStep
from tests.conftest import Outcome

SMALL = ("--only", "rendition=flat", "--place", "random", "--area", "0.05", "--n", "16")
CLASSES = "pig,dog,cat,house,guitar,clock,piggy bank,umbrella"


@pytest.fixture
def attack(command) -> Callable[..., Outcome]:
    """Attack the miniature on its own flat pictures."""
    # the bar that tells of their drawing is no error
    images("miniature")

    def call(kind: str, *arguments: object) -> Outcome:
        return command("attack", kind, "-m", "miniature", "--device", "cpu", *arguments)

    return call


def probe_by_hand(clip: Clip, weights: str | None = None) -> Probe:
    """Read a piggy bank off unit 39, a guitar off nothing, and a pig where neither is."""
    units = np.zeros((3, 512), np.float32)
    units[1, 39] = 1
    nothing = np.zeros(512, np.float32)
    made_of = {**clip.provenance(), **({} if weights is None else {"weights_sha256": weights})}
    step = PathStep(1e-2, 1e-4, True, 3, 0.3, 1, 0.5, 0.1, 0.9)
    return Probe(
        provenance={"run": {"model": made_of}},
        layer="visual.layer4",
        pooling="peak",
        class_names=("pig", "piggy bank", "guitar"),
        rule="by hand",
        l1_ratio=1.0,
        steps=(step,),
        chosen=0,
        split=np.zeros(1, np.uint8),
        weights=units,
        intercepts=np.array([0.5, 0, -1], np.float32),
        means=nothing,
        scales=nothing,
        confusion=np.eye(3, dtype=np.int32),
        n_top5=3,
    )
