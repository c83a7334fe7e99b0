"""An image and a class of a run are found by name; pictures of writing mark the units that read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.activations.word_targets import target_of_images
from neurons.activations.writing_units import writing_units
from neurons.attacks.writing_strings import writing_strings
from neurons.errors import LabelsMissingError, OptionError
from tests.activations.stores import run_of
from tests.conftest import LAYER


@pytest.fixture(scope="module")
def scanned(
    planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Activations, ImageSet]:
    images, out = neurons.images(pictures), tmp_path_factory.mktemp("words") / "run"
    neurons.scan(planted, images, [LAYER], out)
    return Activations.open(out), images


def test_an_image_and_a_class_of_a_run_are_found_by_name(scanned) -> None:
    run, images = scanned
    one = target_of_images(run, images, image=images.ids[3])
    assert (one.name, one.kind, one.leaves_out) == (images.ids[3], "image", ())
    name = images.class_names[0]
    whole = target_of_images(run, images, of_class=name.upper())
    assert (whole.name, whole.kind, whole.leaves_out) == (f"images of {name}", "class", (name,))
    assert np.linalg.norm(whole.direction(None, None)) == pytest.approx(1, abs=1e-4)
    with pytest.raises(OptionError, match="0 images of the run are called 'none'"):
        target_of_images(run, images, image="none")
    with pytest.raises(OptionError, match="no class of the images is called 'none'"):
        target_of_images(run, images, of_class="none")
    with pytest.raises(OptionError, match="one of them"):
        target_of_images(run, images)


def test_words_that_are_written_are_counted_for_every_unit(scanned, planted: Clip) -> None:
    run, images = scanned
    found = writing_strings(planted, run, LAYER, ["red", "sad", "happy"])
    assert found.n == 3 and found.written.shape == (256,) and "3 words" in found.how
    assert 0 <= found.written.min() and found.written.max() <= 3
    with pytest.raises(LabelsMissingError):
        writing_units(run, images, LAYER)


def test_units_whose_strongest_images_are_of_writing_are_marked(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    lines = ["file_name,rendition"]
    for i in range(200):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"{i:03}.png")
        lines.append(f"{i:03}.png,{'word' if i < 40 else 'photo'}")
    (folder / "metadata.csv").write_text("\n".join(lines))
    images = neurons.images(folder)
    random = np.random.default_rng(0)
    peaks = random.uniform(0, 1, (200, 3))
    peaks[:40, 0] += 2
    run = run_of(tmp_path / "run", images, peaks)
    found = writing_units(run, images, "layer")
    assert (found.written[0], found.n) == (40, 50)
    assert [found.marked(unit) for unit in range(3)] == [True, False, False]
    with pytest.raises(OptionError, match="0 of 200 images have rendition = 'none'"):
        writing_units(run, images, "layer", written="none")
