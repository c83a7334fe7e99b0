"""What a batch gives is cut to its images, and is the same on the CPU."""

from __future__ import annotations

import numpy as np
import torch

from neurons.network.layout import Layout
from neurons.network.readings import pooled

# two images, a class token and four patches, three units
TOKENS = torch.arange(2 * 5 * 3, dtype=torch.float32).reshape(2, 5, 3)
LAYOUT = Layout("btc", 2, 2, prefix=1)


def test_patches_are_pooled_and_the_class_token_is_kept_apart() -> None:
    found = pooled(TOKENS, layout=LAYOUT).reading()
    patches = TOKENS[:, 1:].numpy()
    assert np.array_equal(found.peak, patches.max(1))
    assert np.array_equal(found.mean, patches.mean(1))
    assert (found.position == 3).all() and found.position.dtype == np.int32
    assert found.class_token is not None
    assert np.array_equal(found.class_token, TOKENS[:, 0].numpy())


def test_what_is_kept_does_not_change_when_the_network_writes_on() -> None:
    output = TOKENS.clone()
    kept = pooled(output, layout=LAYOUT)
    output.zero_()
    assert kept.class_token is not None and torch.equal(kept.class_token, TOKENS[:, 0])
    assert torch.equal(kept.peak.value, TOKENS[:, 1:].amax(1))


def test_the_first_images_are_those_without_padding() -> None:
    whole = pooled(TOKENS, layout=LAYOUT)
    first = whole.first(1).reading()
    assert first.peak.shape == first.position.shape == (1, 3)
    assert first.class_token is not None and first.class_token.shape == (1, 3)


def test_maps_have_no_class_token() -> None:
    found = pooled(torch.zeros(2, 3, 4, 4), layout=Layout("bchw", 4, 4)).first(1)
    assert found.class_token is None and found.reading().class_token is None
