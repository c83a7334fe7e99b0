"""An image finds the units that it excites most."""

from __future__ import annotations

import numpy as np
import pytest

import neurons
from neurons import Activations, ImageSet
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
