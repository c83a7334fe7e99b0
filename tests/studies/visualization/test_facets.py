"""A facet's probe finds the unit that shows it, and is refused where nothing shows it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.errors import LabelsMissingError, OptionError
from neurons.network.layers import middle_blocks
from neurons.studies.visualization.facets import FacetProbes, facet_probes
from tests.conftest import LAYER, RED, STRIPE
from tests.network.towers import clip_of, convnext, swin

Scanned = tuple[Activations, ImageSet]


@pytest.fixture(scope="module")
def found(wired: Clip, scanned: Scanned) -> FacetProbes:
    return facet_probes(wired, scanned[1], layer_paths=["visual.layer3", LAYER])


def test_the_planted_units_show_their_facets(found: FacetProbes) -> None:
    assert [facet.name for facet in found.facets] == ["plain", "red", "stripe"]
    assert all(facet.n == 20 and facet.low >= 0.7 for facet in found.facets)
    weights = found.weights()
    for name, unit in (("red", RED), ("stripe", STRIPE)):
        last = weights[name][LAYER].numpy()
        # per standard deviation: a raw weight is large where a unit varies little
        assert last[unit] > 0
        assert {int(each) for each in np.flatnonzero(last)} <= {RED, STRIPE}
    assert weights["plain"][LAYER][RED] < 0 and weights["plain"][LAYER][STRIPE] < 0


def test_weights_have_mean_square_one_over_all_layers(found: FacetProbes) -> None:
    assert np.allclose((found.values.astype(float) ** 2).mean(1), 1, atol=1e-5)
    assert found.values.shape == (3, sum(found.sizes))
    cut = found.weights()["red"]
    assert [len(part) for part in cut.values()] == list(found.sizes)
    assert np.array_equal(np.concatenate([part.numpy() for part in cut.values()]), found.values[1])


def test_it_comes_back_from_disk_and_says_how_well_the_worst_is_told(
    found: FacetProbes, tmp_path: Path
) -> None:
    found.save(tmp_path)
    again = FacetProbes.load(tmp_path)
    assert again.facets == found.facets and np.array_equal(again.values, found.values)
    assert found.title == "Facets: plain, red, stripe"
    worst = replace(found.facets[1], auc=0.81, low=0.75, high=0.9)
    told = replace(found, facets=(found.facets[0], worst, found.facets[2])).verdict()
    assert "'red', with an AUC of 0.810 (0.750 to 0.900; 0.5 is chance)" in told
    assert found.to_pandas()["name"].tolist() == ["plain", "red", "stripe"]


def test_a_facet_alone_needs_something_to_be_told_from(wired: Clip, tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    for i in range(12):
        Image.fromarray(np.full((96, 96, 3), 10 * i, np.uint8)).save(tmp_path / f"only/{i}.png")
    with pytest.raises(OptionError, match="1 facet and nothing else"):
        facet_probes(wired, neurons.images(tmp_path), layer_paths=[LAYER])
    flat = neurons.images(sorted(tmp_path.rglob("*.png")))
    with pytest.raises(LabelsMissingError):
        facet_probes(wired, flat, layer_paths=[LAYER])


def test_a_facet_that_cannot_be_told_is_refused(miniature: Clip, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for facet in ("this", "that"):
        (tmp_path / facet).mkdir()
        for i in range(20):
            noise = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / facet / f"{i}.png")
    with pytest.raises(OptionError, match="cannot tell these facets .* AUC"):
        facet_probes(miniature, neurons.images(tmp_path))
    for file in sorted((tmp_path / "this").iterdir())[5:]:
        file.unlink()
    with pytest.raises(OptionError, match="has 20 of 25 images; a probe needs 10"):
        facet_probes(miniature, neurons.images(tmp_path))


@pytest.mark.parametrize("tower", [convnext, swin])
def test_a_tower_in_timms_stages_has_middle_layers_too(
    tower: object, pictures: Path, tmp_path: Path
) -> None:
    for facet in ("red", "noisy"):
        shutil.copytree(pictures / facet, tmp_path / facet)
    clip = clip_of(tower, (64, 64))
    found = facet_probes(clip, neurons.images(tmp_path))
    assert found.layers == middle_blocks(clip) and len(found.layers) > 1
