"""A zero-shot readout is open_clip's own answer, and a probe is read where it was fitted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from neurons import Clip
from neurons.errors import OptionError
from neurons.readouts.readout import among, class_index, log_shares, shares, zero_shot

NAMES = ("pig", "finance", "guitar")


def test_shares_are_open_clips_probabilities(miniature: Clip) -> None:
    readout = zero_shot(miniature, NAMES, templates=("a photo of {}",))
    batch = torch.randint(0, 256, (5, 3, 96, 96), dtype=torch.uint8)
    images = miniature.embed_images(batch)
    texts = miniature.embed_texts([f"a photo of {name}" for name in NAMES])
    pairs = functional.normalize(images, dim=1) @ functional.normalize(texts, dim=1).T
    expected = (miniature.network.logit_scale.exp() * pairs).softmax(1).numpy()
    found = shares(readout.decision(images.numpy()))
    assert np.allclose(found, expected, atol=1e-4)
    assert np.allclose(np.exp(log_shares(readout.decision(images.numpy()))), found)


def test_mistakes_are_told(miniature: Clip) -> None:
    with pytest.raises(OptionError, match="two different classes or more"):
        zero_shot(miniature, ["pig"])
    with pytest.raises(OptionError, match="two different classes or more"):
        zero_shot(miniature, ["pig", "pig"])
    with pytest.raises(OptionError, match="no class 'horse'; the readout's are: pig, finance"):
        class_index(zero_shot(miniature, NAMES), "horse")


def test_a_readout_can_be_asked_about_some_of_its_classes(miniature: Clip) -> None:
    whole = zero_shot(miniature, ["pig", "dog", "cat"])
    some = among(whole, ["cat", "pig"])
    units = np.random.default_rng(0).normal(size=(4, whole.directions.shape[1])).astype(np.float32)
    assert some.class_names == ("cat", "pig") and (some.layer, some.pooling) == (
        "embedding",
        "mean",
    )
    assert np.array_equal(some.decision(units), whole.decision(units)[:, [2, 0]])
    with pytest.raises(OptionError, match="no class 'cow'"):
        among(whole, ["cow"])
