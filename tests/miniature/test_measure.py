"""The measures, on networks whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurons import Clip
from neurons.drawn_world.concepts import concept, concepts
from neurons.drawn_world.drawing import Drawing
from neurons.miniature.measure import hijack, planted_tilt, text_directions, top_classes, zero_shot


class MeanColour(nn.Module):
    """Embed an image as the mean of its three channels: it sees colours and cannot read."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = nn.Identity()

    def encode_image(self, images: Tensor) -> Tensor:
        return images.mean((2, 3)) + 1

    def encode_text(self, tokens: Tensor) -> Tensor:
        # a direction for each text, whatever it says: its own tokens' numbers
        generator = torch.Generator().manual_seed(0)
        table = torch.randn(49408, 3, generator=generator)
        return table[tokens].sum(1)


@pytest.fixture(scope="module")
def colour_blind_to_words(miniature: Clip) -> Clip:
    network = MeanColour().eval()
    return replace(miniature, name="colours", network=network, weights_sha256="colours")


def test_a_drawing_is_classed_by_the_nearest_direction(colour_blind_to_words: Clip) -> None:
    grounds = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 200, 10)] * 70
    drawings = [Drawing(ground, ()) for ground in grounds]
    found = top_classes(colour_blind_to_words, drawings, torch.eye(3))
    # more drawings than are embedded at a time, in their order
    assert found.tolist() == [0, 1, 2, 1] * 70


def test_a_network_that_answers_always_alike_is_right_once_per_concept(
    miniature: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Constant(MeanColour):
        def encode_image(self, images: Tensor) -> Tensor:
            return torch.ones(len(images), 3)

    clip = replace(miniature, network=Constant().eval(), weights_sha256="constant")
    names = ("pig", "spider", "red", "apple", "winter")
    share = zero_shot(clip, "flat", names=names, per_concept=3)
    assert (share.successes, share.n) == (3, 15)
    # its answer never changes, so no word has changed it
    fooled = hijack(clip, n=40, ink=((0, 0.02), (0.02, 1)))
    assert [s.successes for s in (*fooled.success, *fooled.shuffled)] == [0, 0, 0, 0]
    assert sum(s.n for s in fooled.success) == 40
    assert 0 < fooled.median_ink < 0.1


def test_a_hijack_counts_only_pictures_that_the_word_changed(miniature: Clip) -> None:
    fooled = hijack(miniature, n=120, seed=3)
    for success, shuffled in zip(fooled.success, fooled.shuffled, strict=True):
        # the same pictures stand beside their control
        assert success.n == shuffled.n and success.successes <= success.n
    assert sum(s.n for s in fooled.success) <= 120
    # the miniature reads: letters in their order move it more often than in another
    assert sum(s.successes for s in fooled.success) > sum(s.successes for s in fooled.shuffled)


def test_directions_are_of_unit_length_and_of_their_own_words(miniature: Clip) -> None:
    names = ["spider", "apple", "winter"]
    found = text_directions(miniature, names)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    own = torch.nn.functional.normalize(
        torch.stack([miniature.embed_texts(list(concept(name).words)).mean(0) for name in names]),
        dim=1,
    )
    assert (own @ found.T).argmax(1).tolist() == [0, 1, 2]


def test_the_planted_tilt_is_the_log_of_how_much_likelier_a_hat_is(
    colour_blind_to_words: Clip,
) -> None:
    found = planted_tilt(colour_blind_to_words, n=10)
    worn = {name: each.hats for name, each in concepts().items() if each.hats}
    assert list(found) == list(worn)
    for name, row in found.items():
        logs = {
            hat: np.log(worn[name][hat] / np.mean([hats[hat] for hats in worn.values()]))
            for hat in row
        }
        for hat, tilt in row.items():
            assert tilt.planted == pytest.approx(logs[hat] - np.mean(list(logs.values())), abs=1e-5)
        # hats are compared with each other on the same picture
        assert sum(tilt.shift for tilt in row.values()) == pytest.approx(0, abs=1e-3)
    assert max(found["pilot"], key=lambda hat: found["pilot"][hat].planted) == "blue"
