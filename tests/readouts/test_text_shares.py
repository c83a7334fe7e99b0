"""All shares and the rest are the model's score, and a place of a map stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from neurons import Clip
from neurons.readouts.reference_words import reference_words
from neurons.readouts.resnet_readout import resnet_readout
from neurons.readouts.text_shares import TextShares, text_shares, words_through
from neurons.readouts.text_weights import asked_direction
from tests.conftest import RED, STRIPE, picture
from tests.readouts.wired_text import TEXT, wired_to_text


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return wired_to_text(tmp_path_factory.mktemp("wired"))


def pixels(*, red: float = 0.0, stripe_at: int | None = None) -> Tensor:
    return torch.from_numpy(picture(red=red, stripe_at=stripe_at)).permute(2, 0, 1)


def test_shares_and_rest_are_the_models_score_and_two_units_make_it(wired: Clip) -> None:
    words = reference_words(wired)
    shown = pixels(red=0.6, stripe_at=4)
    embedded = functional.normalize(wired.embed_images(shown[None]), dim=1)
    texts = functional.normalize(wired.embed_texts([TEXT, "a dog"]), dim=1)
    readout = resnet_readout(wired)
    for against, other in (("", torch.from_numpy(words.mean)), ("a dog", texts[1])):
        direction = asked_direction(wired, TEXT, words, against)
        found = text_shares(readout, shown, direction)
        score = float((embedded @ (texts[0] - other)).item())
        assert found.score == pytest.approx(score, abs=1e-5)
        assert found.adds_up and found.error < 1e-6
        assert set(np.argsort(-found.of_units)[:2].tolist()) == {RED, STRIPE}
    assert found.of_class_token == pytest.approx(0, abs=1e-9)
    # the stripe is on the left, from top to bottom: not at the top, from left to right
    stripe = found.maps[STRIPE]
    assert stripe[:, 0].sum() > 0.6 * stripe.sum() and stripe[0].sum() < 0.4 * stripe.sum()
    (spoken,) = words_through(readout, shown, words, [STRIPE])
    assert spoken[0] == TEXT


def test_a_map_that_is_not_square_is_not_turned_and_a_class_token_has_no_place() -> None:
    shares = np.arange(14, dtype=np.float32).reshape(2, 7)
    embedding = np.ones(1, np.float32)
    found = TextShares(shares, shares, (2, 3), 0.5, 91.5, embedding)
    assert found.maps.shape == (2, 2, 3)
    assert found.maps[0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.of_places.tolist() == [[9, 11, 13], [15, 17, 19]]
    assert found.of_class_token == 7 and found.of_units.tolist() == [21, 70]
    assert found.adds_up and not TextShares(shares, shares, (2, 3), 0.4, 91.5, embedding).adds_up
