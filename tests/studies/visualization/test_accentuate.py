"""An accentuated image excites its target more, and stays like itself as far as that is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip, Neuron
from neurons.errors import LayerNotFoundError, OptionError
from neurons.studies.visualization.accentuate import ACCENT, accentuate
from tests.conftest import LAYER, RED, STRIPE, picture
from tests.studies.visualization.conftest import pixels

SHORT = replace(ACCENT, steps=40)


def test_an_accentuated_image_excites_more_and_stays_itself(
    miniature: Clip, miniature_run: Activations
) -> None:
    shown = neurons.images("miniature")
    row = int(np.argsort(miniature_run.peak(Neuron(LAYER, 164)))[-40])
    given = shown.pixels(row)
    made = neurons.accentuate(miniature, given, Neuron(LAYER, 164), run=miniature_run)
    before, after = made.pictures
    assert before.activation == pytest.approx(miniature_run.peak(Neuron(LAYER, 164))[row], rel=1e-4)
    assert after.activation > 1.5 * before.activation
    changed = pixels(after.image).astype(float) - given
    free = neurons.accentuate(miniature, given, Neuron(LAYER, 164), keep=0.0)
    freely = pixels(free.pictures[1].image).astype(float) - given
    assert np.abs(changed).mean() < np.abs(freely).mean()


def test_a_caricature_of_a_reddish_image_is_redder(planted: Clip) -> None:
    given = picture(red=0.2)

    def redness(image: np.ndarray) -> float:
        return float(image[:, :, 0].mean() - image[:, :, 1:].mean())

    gains = {}
    for unit in (RED, STRIPE):
        made = accentuate(planted, given, f"{LAYER}:{unit}", keep=0.1, settings=SHORT)
        before, after = made.pictures
        assert [each.name for each in made.pictures] == ["the image", "accentuated"]
        assert np.array_equal(pixels(before.image), given)
        assert after.activation > before.activation
        gains[unit] = redness(pixels(after.image)) - redness(given)
    assert gains[RED] > max(1, 2 * gains[STRIPE])


def test_the_more_it_is_kept_the_less_it_changes(planted: Clip) -> None:
    given = picture(red=0.2)
    changes = [
        np.abs(
            pixels(
                accentuate(planted, given, Neuron(LAYER, RED), keep=keep, settings=SHORT)
                .pictures[1]
                .image
            ).astype(float)
            - given
        ).mean()
        for keep in (0.0, 1.0, 100.0)
    ]
    assert changes[0] > changes[1] > changes[2]


def test_the_target_tells_image_and_strength_apart(planted: Clip) -> None:
    short = replace(ACCENT, steps=1)
    names = {
        accentuate(planted, given, f"{LAYER}:{RED}", keep=keep, settings=short).target
        for given in (picture(seed=1), picture(seed=2))
        for keep in (0.5, 1.0)
    }
    assert len(names) == 4 and all(name.startswith(f"{LAYER}:{RED} in image") for name in names)


def test_what_cannot_be_compared_is_told(planted: Clip) -> None:
    with pytest.raises(LayerNotFoundError, match="nearest"):
        accentuate(planted, picture(), f"{LAYER}:{RED}", keep_layer="visual.layer9")
    with pytest.raises(OptionError, match="not 1 of 96 px"):
        accentuate(planted, picture()[:64, :64], f"{LAYER}:{RED}")
