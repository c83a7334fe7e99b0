"""A class points where its sentences point on average, each word with the same weight."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
from torch.nn import functional

from neurons import Clip
from neurons.drawn_world.concepts import concept
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import OptionError
from neurons.miniature.measure import text_directions
from neurons.readouts.prompts import class_directions, openai, words_of

NAMES = ("pig", "finance", "guitar")


def test_directions_are_the_mean_of_normalised_prompts(miniature: Clip) -> None:
    words = {name: concept(name).words for name in NAMES}
    found = class_directions(miniature, words, templates=("{}", *TEMPLATES))
    for row, (name, called) in zip(found, words.items(), strict=True):
        texts = [*called, *(t.format(word) for t in TEMPLATES for word in called)]
        mean = functional.normalize(miniature.embed_texts(texts), dim=1).mean(0)
        assert np.allclose(row, functional.normalize(mean, dim=0).numpy(), atol=1e-6), name
    # the world's own measure points the same way
    assert np.allclose(found, text_directions(miniature, NAMES).numpy(), atol=1e-6)


def test_openais_templates_are_all_there() -> None:
    assert len(openai()) == 80
    assert openai()[0].format("dog") == open_clip.OPENAI_IMAGENET_TEMPLATES[0]("dog")


def test_a_long_list_is_embedded_in_parts_without_a_change(
    planted: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {f"class {i}": (f"word {i}", f"other {i}")[: 1 + i % 2] for i in range(7)}
    at_once = class_directions(planted, words)
    monkeypatch.setattr("neurons.readouts.prompts._CHUNK", 3)
    assert np.allclose(class_directions(planted, words), at_once, atol=1e-6)
    assert np.allclose(np.linalg.norm(at_once, axis=1), 1, atol=1e-6)
    assert at_once.shape == (7, 16) and at_once.dtype == np.float32


def test_a_class_is_called_by_its_name() -> None:
    assert words_of(["ant", "bee"]) == {"ant": ("ant",), "bee": ("bee",)}


def test_mistakes_are_told(planted: Clip) -> None:
    with pytest.raises(OptionError, match="has no {}"):
        class_directions(planted, words_of(NAMES), templates=("a photo",))
    with pytest.raises(OptionError, match="no templates"):
        class_directions(planted, words_of(NAMES), templates=())
    with pytest.raises(OptionError, match="no words for class 'b'"):
        class_directions(planted, {"a": ("a",), "b": ()})
    with pytest.raises(OptionError, match="no classes"):
        class_directions(planted, {})
