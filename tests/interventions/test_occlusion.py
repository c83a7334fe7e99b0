"""Covering the part that the answer comes from takes the answer away."""

from __future__ import annotations

import numpy as np
import torch

from neurons import Clip
from neurons.interventions.editable import open_editable
from neurons.interventions.occlusion import occlusion
from tests.conftest import picture


def test_the_red_part_is_what_redness_needs(planted: Clip) -> None:
    plain = picture(seed=1)
    with_red = plain.copy()
    with_red[24:36, 60:72, 0] = 255
    both = torch.from_numpy(np.stack([with_red, plain])).permute(0, 3, 1, 2).contiguous()
    red, grey = torch.nn.functional.normalize(planted.embed_images(both), dim=1)
    direction = (red - grey).numpy()
    with open_editable(planted) as network:
        falls = occlusion(network, both[0], direction)
        nothing = occlusion(network, both[1], 0 * direction)
    assert falls.shape == (8, 8) and np.unravel_index(falls.argmax(), (8, 8)) == (2, 5)
    # the whole of the difference, as far as the mean colour is like the plain image
    assert falls.max() > 0.5 * float((red - grey) @ torch.from_numpy(direction))
    assert np.allclose(nothing, 0)
