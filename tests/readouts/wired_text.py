"""A network in which a text is carried by two known units, whatever its attention does."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch

import neurons
from neurons import Clip
from neurons.readouts.reference_words import reference_words
from neurons.readouts.text_weights import asked_direction
from tests.conftest import RED, RESNET, STRIPE, build, plant, save_model

TEXT = "winter"
CARRIERS = (RED, STRIPE)


def wired_to_text(folder: Path, text: str = TEXT) -> Clip:
    """Let redness and a stripe say the text in every head, and all other units little."""
    network = plant(build(RESNET))
    clip = neurons.load(save_model(folder / "before", RESNET, network), device="cpu")
    direction = asked_direction(clip, text, reference_words(clip))
    wired = copy.deepcopy(network)
    pool = wired.visual.attnpool
    with torch.no_grad():
        pool.v_proj.weight *= 0.02
        wanted = torch.as_tensor(direction / np.linalg.norm(direction))
        by_head = pool.c_proj.weight.unflatten(1, (pool.num_heads, -1))
        for unit in CARRIERS:
            # each head turns its values back into the text's direction
            values = torch.cat([torch.linalg.pinv(part) @ wanted for part in by_head.unbind(1)])
            pool.v_proj.weight[:, unit] = values
    return neurons.load(save_model(folder / "after", RESNET, wired), device="cpu")
