"""Shares add up, the two units that carry a text come first, and the network needs their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Neuron
from neurons.data.image_names import input_of
from neurons.errors import OptionError
from neurons.interventions.after_layer import after_layer
from neurons.interventions.order_tests import TAKEN_OUT, units_taken_out
from neurons.readouts.text_weights import asked_direction
from neurons.results.blocks import Beside, Lines
from neurons.studies.words.wanted_in_image import WantedInImage
from tests.conftest import LAYER, RED, STRIPE, picture
from tests.readouts.wired_text import TEXT
from tests.studies.words.conftest import Wired


def found_by(wired: Wired, image: object, text: str = TEXT, **more: object) -> WantedInImage:
    asked = {"words": wired.words, "count": 5, "n_draws": 19}
    return neurons.wanted_in_image(
        wired.run, wired.images, wired.readout, text, image, **(asked | more)
    )


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red picture with a stripe at its left, which the run does not hold."""
    file = tmp_path_factory.mktemp("mine") / "mine.png"
    Image.fromarray(picture(red=0.7, stripe_at=4)).save(file)
    return file


@pytest.fixture(scope="module")
def found(wired: Wired, mine: Path) -> WantedInImage:
    return found_by(wired, mine)


def test_shares_add_up_and_two_wired_units_come_first(found: WantedInImage) -> None:
    assert set(found.neurons()[:2]) == {f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"}
    whole = found.speaks_for + found.speaks_against + found.rest
    assert whole == pytest.approx(found.total, abs=1e-6)
    assert abs(found.total - found.score) < 1e-5
    assert found.n_half == 1 and found.units[0].share > 0.5 * found.speaks_for
    assert np.sum(found.places) == pytest.approx(found.total - found.rest, abs=1e-6)
    (stripe,) = (each for each in found.units if each.unit.neuron == f"{LAYER}:{STRIPE}")
    assert stripe.column == 0 and found.image == "mine.png" and found.units[0].overlay
    assert "the model's score is" in found.told_sum()
    assert TEXT in stripe.unit.words


def test_the_network_needs_the_units_in_this_order_and_in_no_random_one(
    wired: Wired, mine: Path, found: WantedInImage
) -> None:
    out, back = found.tests[:2]
    assert out.holds and back.holds and out.p_value == pytest.approx(1 / 20)
    assert found.tests[2].what == "places covered" and len(found.tests[2].controls) == 19
    direction = asked_direction(wired.clip, TEXT, wired.words)
    pixels = input_of(wired.clip.preprocess, np.asarray(Image.open(mine)))
    random, held = np.random.default_rng(0), []
    with after_layer(wired.clip, LAYER, pixels[None]) as shown:
        for i in range(12):
            units = [u for u in random.permutation(256).tolist() if u not in (RED, STRIPE)]
            order = [Neuron(LAYER, u) for u in units[:16]]
            held.append(units_taken_out(shown, direction, order, n_draws=19, seed=i).holds)
    assert sum(held) <= 2


def test_the_page_shows_the_map_beside_the_units_own_and_every_test(found: WantedInImage) -> None:
    blocks = found.blocks()
    (maps,) = (each for each in blocks if isinstance(each, Beside))
    assert [tile.caption for tile in maps.left.tiles] == ["the network's input", "all units"]
    assert len(maps.right.tiles) == 5 and maps.left.tiles[0].image != maps.left.tiles[1].image
    assert [each.x_axis for each in blocks if isinstance(each, Lines)] == [
        "units set to zero", "units put back", "places covered",
    ]  # fmt: skip
    assert found.verdict().startswith(f"mine.png scores {found.score:.3f} for '{TEXT}'")


def test_what_makes_a_score_mean_little_is_said_first(found: WantedInImage) -> None:
    off = replace(found, total=found.score + 1e-4)
    assert off.verdict().startswith("The shares do not add up to the model's score: ")
    worse = replace(found, score=-0.1, total=-0.1)
    assert worse.verdict().startswith(f"The image fits '{TEXT}' no better than the average word.")
    nothing = replace(found.tests[0].interval, low=-0.1)
    flat = [replace(test, interval=nothing) for test in found.tests]
    said = replace(found, tests=(flat[0], *found.tests[1:])).verdict()
    assert (
        said.startswith("The network does not need units in this order more") and TAKEN_OUT in said
    )
    # a map that is not borne out takes nothing from what is said of units
    said = replace(found, tests=(*found.tests[:2], flat[2])).verdict()
    assert said.startswith("mine.png scores") and "The map of 9 places is not borne out" in said


def test_against_another_text_the_score_is_the_difference_of_cosines(
    wired: Wired, mine: Path
) -> None:
    pixels = input_of(wired.clip.preprocess, np.asarray(Image.open(mine)))
    image = wired.clip.embed_images(pixels[None])[0].numpy()
    texts = wired.clip.embed_texts([TEXT, "a dog"]).numpy()
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    score = float((texts[0] - texts[1]) @ image / np.linalg.norm(image))
    found = found_by(wired, mine, against="a dog")
    assert found.score == pytest.approx(score, abs=1e-5) and abs(found.total - score) < 1e-5
    assert set(found.neurons()[:2]) == {f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"}


def test_it_comes_back_from_disk_and_the_runs_own_images_have_their_id(
    wired: Wired, tmp_path: Path
) -> None:
    found = found_by(wired, "red/09.png")
    assert found.image == "red/09.png" and found.neurons()[0] == f"{LAYER}:{RED}"
    found.save(tmp_path)
    again = WantedInImage.load(tmp_path)
    assert again.verdict() == found.verdict() and again.rows() == found.rows()


def test_what_makes_no_sense_is_one_line(wired: Wired, mine: Path) -> None:
    refused = (
        ("the text is empty", mine, {"text": ""}),
        ("too long for", mine, {"text": "one two three four five six seven"}),
        ("did you mean", "red/99.png", {}),
        ("images are called '09.png'", "09.png", {}),
        ("0 units", mine, {"count": 0}),
    )
    for told, image, more in refused:
        with pytest.raises(OptionError, match=told) as error:
            found_by(wired, image, **more)
        assert "\n" not in str(error.value)
