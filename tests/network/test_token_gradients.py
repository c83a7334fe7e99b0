"""The tower gives what the model gives, its gradient is that of one-hot tokens, others are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from torch.nn import functional

from neurons import Clip
from neurons.errors import TextSideMissingError
from neurons.network.token_gradients import TextTower
from tests.conftest import VIT, build
from tests.network.towers import COCA

TEXTS = ("dog", "a photo of a dog", "the word dog")


def custom(clip: Clip, **text: object) -> Clip:
    """The same kind of model with its text tower as a module of its own."""
    torch.manual_seed(1)
    network = open_clip.CustomTextCLIP(
        embed_dim=16, vision_cfg=VIT["vision_cfg"], text_cfg={**VIT["text_cfg"], **text}
    )
    return replace(clip, network=network.eval().requires_grad_(False))


def test_embeddings_are_the_models_own(planted: Clip, miniature: Clip) -> None:
    eos = {"pool_type": "eos", "eos_id": 49407, "proj_bias": True}
    for clip in (planted, miniature, custom(planted), custom(planted, **eos)):
        tower = TextTower.of(clip)
        found = tower.embed([tower.tokens.ids(text) for text in TEXTS])
        own = functional.normalize(clip.embed_texts(TEXTS), dim=1)
        assert torch.allclose(found, own, atol=1e-5)


def test_the_gradient_is_that_of_one_hot_tokens(planted: Clip) -> None:
    network = build(VIT).requires_grad_(False)
    tower = TextTower.of(replace(planted, network=network))
    sequences = [tower.tokens.ids(text) for text in TEXTS]
    directions = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    slopes = tower.gradients(sequences, directions)
    assert slopes.shape == (3, 5, tower.tokens.n_tokens)
    # what mixing a little of another token in does, in double precision
    network.double()
    ids = tower.tokens.batch(sequences)
    random, table = np.random.default_rng(0), network.token_embedding.weight
    for row, place in ((0, 0), (1, 2), (1, 4), (2, 1)):
        other, now = int(random.integers(49000)), int(ids[row, place + 1])
        inputs = table[ids[row : row + 1]].clone()
        scores = []
        for step in (-1e-4, 1e-4):
            mixed = inputs.clone()
            mixed[0, place + 1] += step * (table[other] - table[now])
            scores.append(float((tower._run(ids[row : row + 1], mixed) * directions[row]).sum()))
        wanted = (scores[1] - scores[0]) / 2e-4
        found = float(slopes[row, place, other] - slopes[row, place, now])
        assert found == pytest.approx(wanted, rel=0.02, abs=1e-4)
    # nothing stands after the end of a text
    assert not slopes[0, 1:].any()


def test_texts_of_a_batch_do_not_see_each_other(miniature: Clip) -> None:
    tower = TextTower.of(miniature)
    sequences = [tower.tokens.ids(text) for text in TEXTS]
    alone = torch.cat([tower.embed([each]) for each in sequences])
    assert torch.allclose(tower.embed(sequences), alone, atol=1e-6)


def test_towers_that_are_built_otherwise_are_refused_by_name(planted: Clip) -> None:
    class HFTextEncoder(torch.nn.Module):
        pass

    network = torch.nn.Module()
    network.text = HFTextEncoder()
    coca = open_clip.coca_model.CoCa(**COCA).eval()
    for other, name in ((network, "HFTextEncoder"), (coca, "TextTransformer")):
        with pytest.raises(TextSideMissingError, match=f"the text tower {name}; tokens are"):
            TextTower.of(replace(planted, network=other))


def test_a_tower_that_does_something_more_is_refused(planted: Clip) -> None:
    clip = custom(planted)
    clip.network.text.register_forward_hook(lambda module, inputs, output: output.flip(1))
    with pytest.raises(TextSideMissingError, match="does more than is known"):
        TextTower.of(clip)
