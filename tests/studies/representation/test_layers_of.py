"""One image's way through a network is told with what makes it mean little said first."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip, LayersOf
from neurons.activations.stage_reference import StageReference, reference_of_run
from neurons.errors import OptionError
from neurons.readouts.readout import ZeroShot
from neurons.visualization.control_image import NamedImage, control_image
from neurons.visualization.inversion import InversionSettings
from tests.conftest import LAYER, RED, picture

STEPS = InversionSettings(steps=8)
EARLY = "visual.layer1"
MINE = NamedImage("mine.png", picture(red=0.95, seed=5))
OTHER = NamedImage("other.png", picture(stripe_at=40, seed=6))


def means_of(clip: Clip, images: neurons.ImageSet) -> ZeroShot:
    """Read classes by the mean embedding of each: what a trained text tower would point at."""
    from neurons.data.loading import load_batch

    batch = load_batch(clip.preprocess, images, range(len(images)), batch_size=len(images))
    embedded = clip.embed_images(batch.pixels).numpy()
    embedded /= np.linalg.norm(embedded, axis=1, keepdims=True)
    labels = images.require_labels()
    rows = np.stack([embedded[labels == k].mean(0) for k in range(len(images.class_names))])
    rows -= rows.mean(0)
    return ZeroShot(images.class_names, rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def readout(wired: Clip, scanned) -> ZeroShot:
    return means_of(wired, scanned[1])


@pytest.fixture(scope="module")
def reference(scanned) -> StageReference:
    return reference_of_run(scanned[0], [LAYER])


@pytest.fixture(scope="module")
def found(wired: Clip, readout: ZeroShot, reference: StageReference) -> LayersOf:
    return neurons.layers_of(
        wired, MINE, readout, reference=reference, other=OTHER, layers=[LAYER, EARLY],
        inversion=STEPS,
    )  # fmt: skip


def test_the_red_image_surprises_the_red_unit_and_is_answered_red(found: LayersOf) -> None:
    early, last = found.stages
    assert (early.layer, last.layer) == (EARLY, LAYER)
    assert found.answer == "red" != found.other_answer
    assert last.surprised is not None and early.surprised is None
    assert last.surprised.channels[0].neuron == f"{LAYER}:{RED}"
    assert last.fit is not None and last.fit.holds
    assert last.tuned is not None and last.tuned.answer == "red"


def test_at_the_last_stage_the_lens_is_the_model(found: LayersOf) -> None:
    last = found.stages[-1]
    assert last.is_end and last.lens is last.plain is not None
    assert last.plain.margin == pytest.approx(found.margin, rel=1e-5)
    assert last.plain.shares == pytest.approx(found.shares, rel=1e-4)
    assert len(found.places) == len(found.places[0]) == 3


def test_every_inverse_stands_beside_the_other_images(found: LayersOf) -> None:
    for stage in found.stages:
        assert [(each.of, each.seed) for each in stage.inverses] == [
            ("mine.png", 0), ("mine.png", 1), ("other.png", 0)
        ]  # fmt: skip
        assert stage.other_error > 0
    # the control keeps its own answer, not this image's
    for each in found.stages[0].inverses[2:]:
        assert each.keeps == (each.answer == found.other_answer)


def test_the_page_goes_from_the_pixels_to_the_answer_and_loads_again(
    found: LayersOf, tmp_path: Path
) -> None:
    titles = [getattr(block, "title", "") for block in found.blocks()]
    ways = ["The pixels", "From pixels to the answer: inverses", f"{EARLY}: ", f"{LAYER}: "]
    places = [next(i for i, t in enumerate(titles) if t.startswith(way)) for way in ways]
    assert places == sorted(places) and places[0] == 0
    assert titles.index("The answer") > places[-1]
    found.save(tmp_path / "kept")
    assert LayersOf.load(tmp_path / "kept") == found
    rows = found.to_pandas()
    assert list(rows["layer"]) == [EARLY, LAYER] and rows["z_usual"].isna().tolist() == [
        True,
        False,
    ]
    told = found.verdict()
    assert told.startswith(
        "The other images do not say what is usual at layer1. The model answers 'red' to mine.png"
    )
    assert "No other images" not in told


def test_without_other_images_what_is_missing_comes_first(wired: Clip, readout: ZeroShot) -> None:
    found = neurons.layers_of(wired, MINE, readout, layers=[LAYER], inversion=STEPS)
    assert found.verdict().startswith("No other images were given: no channel can be called")
    (stage,) = found.stages
    assert stage.surprised is None and stage.tuned is None and np.isnan(stage.other_error)
    assert all(each.of == "mine.png" for each in stage.inverses)


def test_a_blank_image_is_told_first(wired: Clip, readout: ZeroShot) -> None:
    blank = NamedImage("blank.png", np.full((96, 96, 3), 90, np.uint8))
    found = neurons.layers_of(wired, blank, readout, layers=[LAYER], inversion=STEPS)
    assert found.blank and found.verdict().startswith("The image is blank")
    assert "has no colour to be kept" in found.verdict()


def test_a_layer_of_one_place_has_no_maps_and_says_so(wired: Clip, readout: ZeroShot) -> None:
    found = neurons.layers_of(
        wired, MINE, readout, layers=["visual.attnpool"], other=OTHER, inversion=STEPS
    )
    (stage,) = found.stages
    assert not stage.relevance and np.isnan(stage.agreement.value)
    strip = next(b for b in found.blocks() if getattr(b, "title", "").startswith("visual.attnpool"))
    assert "One place: its channels and its relevance have no map." in strip.note
    assert "Relevance has no map" in found.verdict()


def test_the_image_is_no_control_of_its_own(
    wired: Clip, readout: ZeroShot, scanned, reference: StageReference
) -> None:
    with pytest.raises(OptionError, match="are the same"):
        neurons.layers_of(wired, MINE, readout, other=MINE, layers=[LAYER], inversion=STEPS)
    control = control_image(wired, readout, scanned[1], MINE)
    assert control is not None and not control.name.startswith("red")
    # an image of the run is left out of what it is compared with
    row = NamedImage(scanned[1].ids[0], scanned[1].pixels(0))
    own = neurons.layers_of(
        wired, row, readout, reference=reference, layers=[LAYER], inversion=InversionSettings(1)
    )
    assert own.n_same >= 1


def test_a_vit_is_read_block_by_block(vit: Clip) -> None:
    random = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    readout = ZeroShot(("a", "b", "c"), random / np.linalg.norm(random, axis=1, keepdims=True))
    found = neurons.layers_of(vit, MINE, readout, other=OTHER, inversion=STEPS)
    assert [path for path, _ in found.track] == [each.layer for each in found.stages]
    assert found.track[-1][1].margin == pytest.approx(found.margin, rel=1e-4)
    assert not found.places


def test_an_input_that_is_not_square_is_refused(vit: Clip, readout: ZeroShot) -> None:
    flat = dataclasses.replace(vit, preprocess=dataclasses.replace(vit.preprocess, size=(96, 64)))
    with pytest.raises(OptionError, match="takes 96 x 64 px"):
        neurons.layers_of(flat, MINE, readout)
