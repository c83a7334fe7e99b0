"""An image finds the units that it excites most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.activations.new_image import read_new_image
from neurons.errors import OptionError
from tests.conftest import LAYER, RED


def test_the_reddest_image_stands_out_in_the_red_unit(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    peaks = run.peak(f"{LAYER}:{RED}")
    row = int(np.argmax(peaks))
    found = neurons.units_of_image(run, images, images.ids[row], count=256)
    unit = next(each for each in found.units if each.neuron == f"{LAYER}:{RED}")
    assert unit.place == int((peaks >= peaks[row]).sum()) and unit.n == 72
    deviations = (peaks[row] - peaks.mean()) / peaks.std()
    assert unit.deviations == pytest.approx(float(deviations), rel=1e-4)
    places = [each.place for each in found.units]
    assert places == sorted(places)
    assert found.n_first == sum(place == 1 for place in places)
    assert found.n_alive < found.n_units == 256


def test_images_are_named_by_id_or_number_and_wrong_names_are_one_line(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    by_id = neurons.units_of_image(run, images, images.ids[5], count=1)
    assert by_id.image == neurons.units_of_image(run, images, 5, count=1).image
    with pytest.raises(OptionError, match=r"no image 'red-strong-x\.png' .*did you mean"):
        neurons.units_of_image(run, images, "red-strong-x.png")
    with pytest.raises(OptionError, match="numbers 0 to 71"):
        neurons.units_of_image(run, images, 72)


def test_a_file_of_ones_own_stands_where_its_twin_in_the_run_stands(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    run, images = scanned
    row = int(np.argmax(run.peak(f"{LAYER}:{RED}")))
    Image.fromarray(images.pixels(row)).save(tmp_path / "mine.png")
    new = read_new_image(run, planted, tmp_path / "mine.png")
    np.testing.assert_allclose(
        new.peaks[LAYER], run.array(LAYER, "peak")[row], rtol=1e-4, atol=1e-5
    )
    # asked with its own numbers, to the bit, it comes right after its twin
    twin = np.asarray(run.array(LAYER, "peak")[row], np.float32)
    found = neurons.units_of_image(run, images, replace(new, peaks={LAYER: twin}), count=256)
    inside = neurons.units_of_image(run, images, row, count=256)
    assert (found.image, found.n_images) == ("mine.png", inside.n_images + 1)
    places = {each.neuron: each.place for each in inside.units}
    assert all(each.place == places[each.neuron] + 1 for each in found.units)
    assert found.n_first == 0 and found.units[0].n == 73


def test_a_file_that_is_no_image_is_one_line(
    planted: Clip, scanned: tuple[Activations, ImageSet], tmp_path: Path
) -> None:
    (tmp_path / "note.png").write_text("no picture")
    for name in ("note.png", "nowhere.png"):
        with pytest.raises(OptionError, match="cannot read the image") as error:
            read_new_image(scanned[0], planted, tmp_path / name)
        assert "\n" not in str(error.value)
