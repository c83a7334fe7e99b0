"""A box lies where the peak was planted, and an example shows its image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.run_format import LayerSpec
from neurons.activations.unit_activations import UnitActivations, peak_box
from neurons.errors import NeuronNotFoundError, StaleActivationsError
from tests.conftest import CONSTANT, LAYER, RED

FIELD = LayerSpec("a", "Kind", 4, 3, 4, False, (-0.125, -0.1, 0.125, 0.1))


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("runs") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return Activations.open(out)


@pytest.mark.parametrize(("position", "x", "y"), [(0, 0.125, 1 / 6), (6, 0.625, 0.5)])
def test_the_box_is_around_the_place_of_the_peak(
    planted: Clip, position: int, x: float, y: float
) -> None:
    # this model squashes: shares of the input are shares of the image
    box = peak_box(FIELD, position, planted.preprocess, 200, 100)
    assert box is not None
    assert (box.left, box.right) == pytest.approx((x - 0.125, x + 0.125))
    assert (box.top, box.bottom) == pytest.approx((y - 0.1, y + 0.1))


def test_units_without_a_place_have_no_box(planted: Clip) -> None:
    pooled = LayerSpec("a", "Kind", 4, 1, 1, False, (-0.5, -0.5, 0.5, 0.5))
    assert peak_box(pooled, 0, planted.preprocess, 96, 96) is None


def test_an_example_shows_its_image_and_numbers(run: Activations, pictures: Path) -> None:
    images = neurons.images(pictures)
    found = UnitActivations(run, images, f"{LAYER}:{RED}")
    assert found.peaks.tobytes() == run.peak(Neuron(LAYER, RED)).tobytes()
    assert (found.n_skipped, len(found.good)) == (0, 40)
    row = list(images.ids).index("red/09.png")
    (example,) = found.examples([row])
    assert (example.image_id, example.label, example.index) == ("red/09.png", "red", row)
    assert example.peak == pytest.approx(float(found.peaks[row]))
    assert example.box is not None and example.thumbnail
    # the small picture has all pixels of the image: a page cuts the part out of it
    assert example.crop == b""
    assert example.tile().caption == "red"


def test_a_flat_map_points_nowhere(run: Activations, pictures: Path) -> None:
    (example,) = UnitActivations(run, neurons.images(pictures), Neuron(LAYER, CONSTANT)).examples(
        [0]
    )
    assert example.box is None and example.crop == b""
    assert example.peak == pytest.approx(0.75)


def test_other_images_or_units_are_refused(run: Activations, pictures: Path) -> None:
    with pytest.raises(StaleActivationsError, match="asked is"):
        UnitActivations(run, neurons.images(pictures / "red"), Neuron(LAYER, RED))
    with pytest.raises(NeuronNotFoundError):
        UnitActivations(run, neurons.images(pictures), f"{LAYER}:999")
    assert np.isfinite(run.peak(f"{LAYER}:{RED}")).all()
