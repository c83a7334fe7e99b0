"""Relevance adds up to what a small change of the layer does, and agrees where maps are alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip, Neuron, edit
from neurons.visualization.layer_relevance import agreement, layer_relevance
from tests.conftest import LAYER


@pytest.mark.parametrize("kind", ["planted", "vit"])
def test_relevance_adds_up_to_the_slope_of_the_score_along_the_layer(
    kind: str, request: pytest.FixtureRequest
) -> None:
    clip: Clip = request.getfixturevalue(kind)
    path = LAYER if kind == "planted" else "visual.transformer.resblocks.0"
    image = torch.randint(0, 256, (3, 96, 96), generator=torch.Generator().manual_seed(2)).byte()
    direction = np.random.default_rng(0).normal(size=16).astype(np.float32)
    relevance = layer_relevance(clip, [path], image, direction)[path]
    units = range(256 if kind == "planted" else 32)

    def score(share: float) -> float:
        def grown(part: torch.Tensor) -> torch.Tensor:
            # of tokens the class token, the first, has no place
            part[:, int(kind == "vit") :] *= 1 + share
            return part

        with edit(clip.network, {Neuron(path, unit): grown for unit in units}):
            embedded = clip.embed_images(image[None])[0].double()
        return float(embedded @ torch.from_numpy(direction).double() / embedded.norm())

    slope = (score(1e-2) - score(-1e-2)) / 2e-2
    assert relevance.sum() == pytest.approx(slope, rel=0.02, abs=1e-4)


def blobs(seed: int, side: int = 8) -> np.ndarray:
    random = np.random.default_rng(seed)
    wide = random.normal(size=(side, side))
    return sum(np.roll(wide, step, (0, 1)) for step in ((0, 0), (0, 1), (1, 0), (1, 1)))


def test_maps_agree_as_far_as_the_coarser_of_them_shows() -> None:
    fine = np.kron(blobs(0, 4), np.ones((6, 6)))
    found = agreement(fine, blobs(0, 4))
    assert (found.value, found.places) == (pytest.approx(1), 16)
    assert found.p_value == 1 / 16
    assert agreement(-fine, blobs(0, 4)).value == pytest.approx(-1)


def test_maps_that_have_nothing_in_common_seldom_agree() -> None:
    found = [agreement(blobs(2 * seed), blobs(2 * seed + 1)).p_value for seed in range(60)]
    assert np.mean(np.array(found) <= 0.05) <= 0.12


def test_one_place_and_a_flat_map_are_no_maps() -> None:
    assert np.isnan(agreement(np.ones((1, 1)), blobs(1)).value)
    assert np.isnan(agreement(np.ones((4, 4)), blobs(1)).value)
