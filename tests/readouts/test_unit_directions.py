"""Where in the joint space of images and texts does each unit of a layer point?"""

from __future__ import annotations

import numpy as np
import pytest

from neurons.errors import NeuronNotFoundError, OptionError
from neurons.readouts.unit_directions import UnitDirections, centred


def directions(vectors: np.ndarray) -> UnitDirections:
    return UnitDirections("visual.layer4", vectors, "weights only", "", float("nan"), True)


def test_a_weight_is_what_a_unit_adds_to_a_texts_score() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(5, 3)).astype(np.float32)
    texts = random.normal(size=(4, 3)).astype(np.float32)
    known = directions(vectors)
    image, more = random.normal(size=5), np.eye(5)[2]
    gained = (image + more) @ vectors @ texts.T - image @ vectors @ texts.T
    np.testing.assert_allclose(known.weights(texts)[:, 2], gained, atol=1e-5)
    np.testing.assert_array_equal(known.of(2), vectors[2])
    with pytest.raises(NeuronNotFoundError, match="units 0 to 4: no visual.layer4:5"):
        known.of(5)
    with pytest.raises(OptionError, match="in 3 dimensions"):
        known.weights(texts[:, :2])


def test_what_texts_have_in_common_is_taken_out_and_their_lengths_do_not_count() -> None:
    random = np.random.default_rng(0)
    own = random.normal(size=(200, 8)).astype(np.float32)
    narrow = own + 5 * np.ones(8, np.float32)
    found = centred(narrow * random.uniform(1, 9, (200, 1)).astype(np.float32))
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-6)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(200, dtype=bool)]
    assert abs(cosines.mean()) < 0.02
    # other texts are measured from the same place
    mean = (narrow / np.linalg.norm(narrow, axis=1, keepdims=True)).mean(0)
    np.testing.assert_allclose(centred(narrow[:1], mean)[0], centred(narrow)[0], atol=1e-6)
