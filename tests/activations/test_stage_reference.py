"""A run and the images it was made of say the same of a layer, and no image is its own measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip
from neurons.activations.stage_reference import reference_of_images, reference_of_run
from neurons.errors import OptionError
from tests.conftest import LAYER


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("reference") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return Activations.open(out)


def test_a_run_and_its_images_give_the_same_numbers(
    run: Activations, planted: Clip, pictures: Path
) -> None:
    kept = reference_of_run(run, [LAYER, "visual.layer1"])
    seen = reference_of_images(planted, neurons.images(pictures), [LAYER])
    assert list(kept.layers) == list(seen.layers) == [LAYER] and kept.n == seen.n == 40
    for name in ("peaks", "pooled", "means"):
        one, other = (getattr(each.layers[LAYER], name) for each in (kept, seen))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(kept.embeddings, seen.embeddings, rtol=1e-4, atol=1e-4)


def test_the_image_itself_and_its_copies_are_left_out(run: Activations) -> None:
    kept = reference_of_run(run, [LAYER])
    assert kept.embeddings is not None
    rest = kept.without(kept.embeddings[7])
    same = kept.embeddings @ kept.embeddings[7]
    lengths = np.linalg.norm(kept.embeddings, axis=1) * np.linalg.norm(kept.embeddings[7])
    n_near = int((same >= 0.9999 * lengths).sum())
    assert rest.n_same == n_near >= 1 and rest.n == 40 - n_near
    assert not (rest.layers[LAYER].peaks == kept.layers[LAYER].peaks[7]).all(1).any()


def test_a_class_token_is_read_beside_the_mean(vit: Clip, pictures: Path) -> None:
    path = "visual.transformer.resblocks.0"
    found = reference_of_images(vit, neurons.images(pictures).first(5), [path]).layers[path]
    assert found.peaks.shape == found.means.shape == (5, 32) and found.pooled.shape == (5, 64)


def test_a_run_without_the_layers_is_refused(run: Activations) -> None:
    with pytest.raises(OptionError, match="holds none of the layers visual.layer1: it holds"):
        reference_of_run(run, ["visual.layer1"])
