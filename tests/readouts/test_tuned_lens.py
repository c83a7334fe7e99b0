"""A fitted lens finds what is there in any linear form, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.errors import OptionError
from neurons.readouts.lens import plain_lens
from neurons.readouts.readout import ZeroShot
from neurons.readouts.tuned_lens import tuned_lens


def of_classes(directions: np.ndarray) -> ZeroShot:
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return ZeroShot(tuple(f"class {i}" for i in range(len(units))), units.astype(np.float32))


def test_a_label_in_rotated_form_is_found_by_the_fitted_lens_and_not_by_the_plain_one(
    vit: Clip,
) -> None:
    random = np.random.default_rng(0)
    n, width, tokens = 160, 32, 37
    labels = np.arange(n) % 8
    centres = 3 * random.normal(size=(8, width))
    last = centres[labels] + 0.5 * random.normal(size=(n, width))
    rotation, _ = np.linalg.qr(random.normal(size=(width, width)))
    stream = np.zeros((2, n, tokens, width), np.float32)
    stream[0, :, 0], stream[1, :, 0] = last @ rotation, last
    lens = plain_lens(vit)
    first, final = lens.by_layer.values()
    with torch.inference_mode():
        plain, own = (read(torch.from_numpy(each)).numpy()
                      for read, each in ((first, stream[0]), (final, stream[1])))  # fmt: skip
    readout = of_classes(np.stack([own[labels == k].mean(0) for k in range(8)]))
    answers = readout.decision(own).argmax(1)
    assert (answers == labels).mean() > 0.95
    fitted = tuned_lens(stream[0, :, 0], own, np.arange(n), readout)
    # chance is 1 in 8
    assert (readout.decision(plain).argmax(1) == answers).mean() < 0.35
    assert fitted.agrees.value > 0.9 and fitted.holds
    assert fitted.r2 > 0.8 > max(fitted.control) and fitted.control_agrees < 0.35
    new = centres[3][None] @ rotation
    assert readout.decision(fitted.embed(new)).argmax() == 3


def random_tables(n: int, predictors: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, predictors)), random.normal(size=(n, 10))


def test_where_there_is_nothing_held_out_images_are_not_predicted() -> None:
    x, y = random_tables(90, 200)
    found = tuned_lens(x, y, np.arange(90), of_classes(np.eye(10)))
    assert found.r2 < 0.05 and not found.holds
    assert found.agrees.value < 0.3


def test_copies_of_an_image_do_not_predict_each_other() -> None:
    x, y = random_tables(60, 200)
    twice = np.repeat(np.arange(60), 2)
    found = tuned_lens(x[twice], y[twice], twice, of_classes(np.eye(10)))
    assert found.r2 < 0.05 and not found.holds
    # as separate images they would
    assert tuned_lens(x[twice], y[twice], np.arange(120), of_classes(np.eye(10))).r2 > 0.5


def test_the_usual_embedding_is_no_merit() -> None:
    x, y = random_tables(90, 5)
    found = tuned_lens(x, y + 50, np.arange(90), of_classes(np.eye(10)))
    assert found.r2 < 0.05


def test_too_few_images_and_numbers_that_are_none_are_refused() -> None:
    x, y = random_tables(60, 4)
    with pytest.raises(OptionError, match="30 images or more, copies counted once: there are 20"):
        tuned_lens(x, y, np.arange(60) // 3, of_classes(np.eye(10)))
    x[3, 2] = np.nan
    with pytest.raises(OptionError, match="some are not finite"):
        tuned_lens(x, y, np.arange(60), of_classes(np.eye(10)))
