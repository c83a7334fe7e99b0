"""A zero-shot readout is open_clip's own answer, and a probe is read where it was fitted."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from torch.nn import functional

import neurons
from neurons import Clip
from neurons.drawn_world.concepts import concept
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import OptionError
from neurons.miniature.measure import text_directions
from neurons.readouts.prompts import class_directions, openai
from neurons.readouts.readout import among, class_index, log_shares, shares, zero_shot

NAMES = ("pig", "finance", "guitar")


@pytest.fixture(scope="module")
def miniature() -> Clip:
    return neurons.load("miniature", device="cpu")


def test_directions_are_the_mean_of_normalised_prompts(miniature: Clip) -> None:
    words = {name: concept(name).words for name in NAMES}
    found = class_directions(miniature, words, templates=("{}", *TEMPLATES))
    for row, (name, called) in zip(found, words.items(), strict=True):
        texts = [*called, *(t.format(word) for t in TEMPLATES for word in called)]
        mean = functional.normalize(miniature.embed_texts(texts), dim=1).mean(0)
        assert np.allclose(row, functional.normalize(mean, dim=0).numpy(), atol=1e-6), name
    # the world's own measure points the same way
    assert np.allclose(found, text_directions(miniature, NAMES).numpy(), atol=1e-6)


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


def test_openais_templates_are_all_there() -> None:
    assert len(openai()) == 80
    assert openai()[0].format("dog") == open_clip.OPENAI_IMAGENET_TEMPLATES[0]("dog")


def test_mistakes_are_told(miniature: Clip) -> None:
    with pytest.raises(OptionError, match="two different classes or more"):
        zero_shot(miniature, ["pig"])
    with pytest.raises(OptionError, match="two different classes or more"):
        zero_shot(miniature, ["pig", "pig"])
    with pytest.raises(OptionError, match="has no {}"):
        zero_shot(miniature, NAMES, templates=("a photo",))
    with pytest.raises(OptionError, match="no templates"):
        zero_shot(miniature, NAMES, templates=())
    with pytest.raises(OptionError, match="no words for class 'b'"):
        zero_shot(miniature, {"a": ("a",), "b": ()})
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
