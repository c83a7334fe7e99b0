"""Does a unit move a text's score as a linear readout says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import neurons
from neurons.activations.boosts import boosts
from neurons.data.prepared import prepare
from neurons.network.clip import Clip
from neurons.readouts.frozen_readouts import frozen_readout
from neurons.readouts.resnet_readout import MEAN_ATTENTION, WEIGHTS_ONLY


def test_boosting_everywhere_passes_for_weights_that_fail_at_one_place(
    planted: Clip, pictures: Path
) -> None:
    readout = frozen_readout(planted)
    images = prepare(planted.preprocess, neurons.images(pictures), n=12)
    # heads that look at one corner each: keys answer to places alone
    module = readout.pool.module  # type: ignore[attr-defined]
    kept = {name: value.clone() for name, value in module.state_dict().items()}
    try:
        with torch.no_grad():
            module.q_proj.weight.zero_()
            module.k_proj.weight.zero_()
            module.q_proj.bias.fill_(20.0)
            module.positional_embedding.zero_()
            head = module.k_proj.weight.shape[0] // module.num_heads
            for h in range(module.num_heads):
                place = 1 + h % (module.positional_embedding.shape[0] - 1)
                module.positional_embedding[place, h] = 1.0
                module.k_proj.weight[h * head : (h + 1) * head, h] = 1.0
        fitting = readout.fitting()
        fitting.add(readout.read(images.pixels))
        forms = {each.name: each for each in fitting.levels()}
        random = np.random.default_rng(0)
        texts = random.normal(size=(20, forms[MEAN_ATTENTION].vectors.shape[1]))
        texts = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)
        found = {
            name: boosts(readout, form, images, texts, n_texts=20, n_images=4)
            for name, form in forms.items()
        }
    finally:
        module.load_state_dict(kept)
    # on grey both pass, though the weights alone are wrong for every image
    assert all(each.everywhere.value >= 0.9 for each in found.values()), found
    assert found[MEAN_ATTENTION].r > 0.9 > 0.6 > found[WEIGHTS_ONLY].r, found
