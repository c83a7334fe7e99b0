"""The evidence under a picture is what the network and the run say, whatever stands beside it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.run import images_of
from neurons.address import EMBEDDING
from neurons.errors import NeuronNotFoundError, StaleActivationsError
from neurons.visualization.evidence import PictureEvaluator
from neurons.visualization.made_picture import MadePicture, PictureKind
from neurons.visualization.objectives import Objective, channel
from neurons.visualization.ready_made import towards
from neurons.visualization.request import OptimisedImage
from neurons.visualization.transforms import GOH2021, NONE, Transform
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE, picture

RED_MEAN, STRIPE_MEAN = channel(Neuron(LAYER, RED)), channel(Neuron(LAYER, STRIPE))


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("evidence") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return Activations.open(out)


@pytest.fixture(scope="module")
def many(planted: Clip, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    """A run of a hundred images: fewer have no percentiles."""
    root = tmp_path_factory.mktemp("many")
    (root / "pictures").mkdir()
    for i in range(100):
        Image.fromarray(picture(red=(i % 50) / 50, seed=i)).save(root / "pictures" / f"{i:03}.png")
    neurons.scan(planted, neurons.images(root / "pictures"), [LAYER], root / "run")
    return Activations.open(root / "run")


def optimised(pixels: np.ndarray) -> OptimisedImage:
    return OptimisedImage(pixels, np.arange(200, dtype=np.float32), True)


def measured(
    clip: Clip,
    objectives: list[Objective],
    images: list[np.ndarray],
    run: Activations | None = None,
    transforms: Transform = NONE,
) -> list[MadePicture]:
    evaluator = PictureEvaluator(clip, transforms, run)
    kinds = [PictureKind(f"seed {i}") for i in range(len(images))]
    return evaluator.measure(objectives, [optimised(image) for image in images], kinds)


def test_a_real_images_percentile_is_its_rank(planted: Clip, many: Activations) -> None:
    images, peaks = images_of(many), many.peak(Neuron(LAYER, RED))
    rows = [int(row) for row in np.argsort(peaks)[[0, 33, 99]]]
    seen = [images.pixels(row) for row in rows]
    found = measured(planted, [RED_MEAN] * 3, seen, many)
    for row, each in zip(rows, found, strict=True):
        assert each.activation == pytest.approx(peaks[row], rel=1e-5)
        # the image itself may lie a last bit above or below what the scan says of it
        assert each.percentile == pytest.approx(np.mean(peaks < peaks[row]), abs=1.01 / 100)
    assert [each.reaches for each in found[:2]] == [False, False]
    # what is to silence the unit is judged by the images that are not lower
    silencing = measured(planted, [-RED_MEAN] * 3, seen, many)
    for row, each in zip(rows, silencing, strict=True):
        assert each.percentile == pytest.approx(np.mean(peaks >= peaks[row]), abs=1.01 / 100)
    assert [each.reaches for each in silencing[1:]] == [False, False]


def test_few_images_and_another_canvas_give_no_percentile(
    planted: Clip, run: Activations, many: Activations
) -> None:
    small, large = picture(red=1.0), np.tile(picture(red=1.0), (2, 2, 1))
    (few,) = measured(planted, [RED_MEAN], [small], run)
    (wide,) = measured(planted, [RED_MEAN], [large], many)
    assert np.isnan(few.percentile) and np.isnan(wide.percentile)
    why = PictureEvaluator(planted, NONE, run).why_no_percentile((96, 96))
    assert why == "the run has 40 images, and a percentile takes 100 or more"
    evaluator = PictureEvaluator(planted, NONE, many)
    assert evaluator.why_no_percentile((96, 96)) == ""
    assert "192 x 192 px have more or fewer places" in evaluator.why_no_percentile((192, 192))
    assert "no run" in PictureEvaluator(planted, NONE, None).why_no_percentile((96, 96))


def test_z_is_in_deviations_of_the_runs_images(planted: Clip, run: Activations) -> None:
    (found,) = measured(planted, [RED_MEAN], [picture(red=1.0, seed=7)], run)
    usual = np.asarray(run.array(LAYER, "peak")[:], np.float64)
    assert [each.z for each in found.excited] == sorted(
        (each.z for each in found.excited), reverse=True
    )
    for each in found.excited:
        mean, deviation = usual[:, each.unit].mean(), usual[:, each.unit].std()
        assert each.z == pytest.approx((each.activation - mean) / deviation, rel=1e-3)
    # units that never change have no scale, and stand out on nothing
    assert not {DEAD, CONSTANT} & {each.unit for each in found.excited}


def test_without_a_run_nothing_is_compared(planted: Clip) -> None:
    (found,) = measured(planted, [RED_MEAN], [picture(red=1.0)])
    assert np.isnan(found.percentile) and found.reaches is None
    activations = [each.activation for each in found.excited]
    assert activations == sorted(activations, reverse=True) and len(activations) == 5
    assert all(np.isnan(each.z) for each in found.excited)


def test_a_pictures_numbers_do_not_depend_on_the_others(planted: Clip, run: Activations) -> None:
    images = [picture(red=0.5, seed=1), picture(stripe_at=40, seed=2), picture(seed=3)]
    wanted = [RED_MEAN, STRIPE_MEAN, RED_MEAN]
    together = measured(planted, wanted, images, run, GOH2021)
    (alone,) = measured(planted, wanted[1:2], images[1:2], run, GOH2021)
    turned = measured(planted, wanted[::-1], images[::-1], run, GOH2021)
    for each in (together[1], turned[1]):
        assert each.shaken == pytest.approx(alone.shaken, rel=1e-5)
        assert each.activation == alone.activation and each.excited == alone.excited
    assert together[0].shaken_deviation > 0


def test_unmoved_pictures_are_as_they_stand(planted: Clip) -> None:
    (found,) = measured(planted, [RED_MEAN], [picture(red=0.5)])
    assert found.shaken == pytest.approx(found.activation, rel=1e-6)
    assert found.shaken_deviation == pytest.approx(0, abs=1e-6)


def test_a_sentence_is_measured_by_its_own_value(planted: Clip, many: Activations) -> None:
    point = planted.embed_texts(["a red thing"])[0].clone()
    images = images_of(many)
    embedded = np.asarray(many.embeddings[:], np.float32)
    real = towards(point, name="x")({EMBEDDING: torch.from_numpy(embedded)}).numpy()
    row = int(np.argsort(real)[25])
    (found,) = measured(planted, [towards(point, name="x")], [images.pixels(row)], many)
    assert found.activation == pytest.approx(float(real[row]), abs=0.01)
    assert found.percentile == pytest.approx(25 / 100, abs=1.01 / 100)
    assert found.excited == ()


def test_what_is_transparent_is_seen_on_grey_and_saved_as_it_is(planted: Clip) -> None:
    red = picture(red=1.0)
    half = np.concatenate([red, np.full((96, 96, 1), 128, np.uint8)], axis=2)
    laid = (red * (128 / 255) + 127.5 * (127 / 255)).round().astype(np.uint8)
    clear, on_grey = measured(planted, [RED_MEAN] * 2, [half, laid])
    assert clear.activation == pytest.approx(on_grey.activation, rel=1e-5)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(clear.image))), half)


def test_a_curve_is_thinned_to_means_of_equal_parts(planted: Clip) -> None:
    (found,) = measured(planted, [RED_MEAN], [picture()])
    assert len(found.curve) == 64
    # 200 steps: eight parts of four steps and 56 of three
    assert found.curve[0] == np.mean(range(4)) and found.curve[-1] == np.mean(range(197, 200))
    assert found.curve == tuple(sorted(found.curve))


def test_another_models_run_and_a_missing_unit_are_told(
    planted: Clip, vit: Clip, run: Activations
) -> None:
    with pytest.raises(StaleActivationsError, match="model"):
        PictureEvaluator(vit, NONE, run)
    with pytest.raises(NeuronNotFoundError, match="256"):
        PictureEvaluator(planted, NONE, run).check(channel(f"{LAYER}:256"))
    # without a run there is nothing to lack
    PictureEvaluator(planted, NONE, None).check(channel(f"{LAYER}:256"))
