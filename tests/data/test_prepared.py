"""Images are decoded once, drawn by seed, and the bad ones are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Clip
from neurons.data.prepared import prepare
from neurons.errors import ImagesNotFoundError, OptionError


def test_images_are_prepared_once_and_bad_ones_counted(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    ready = prepare(planted.preprocess, images, n=10, seed=1)
    assert len(ready) == 10 == len(set(ready.rows)) and list(ready.rows) == sorted(ready.rows)
    row = planted.preprocess.pixels(Image.fromarray(images.pixels(ready.rows[3])))
    assert np.array_equal(ready.pixels[3].permute(1, 2, 0).numpy(), row)
    assert ready.labels()[0] == images.class_names[images.require_labels()[ready.rows[0]]]
    first, second = ready.halves(0)
    assert sorted((*first.rows, *second.rows)) == list(ready.rows)
    assert set(prepare(planted.preprocess, images, n=5, rows=range(4)).rows) == set(range(4))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_bytes(b"\xff\xd8 no jpeg")
    with pytest.raises(ImagesNotFoundError, match="none of 1 images"):
        prepare(planted.preprocess, neurons.images(tmp_path / "bad"))
    with pytest.raises(OptionError, match="at least 1"):
        prepare(planted.preprocess, images, n=0)


def test_the_same_seed_draws_the_same_images(planted: Clip, pictures: Path) -> None:
    images = neurons.images(pictures)
    rows = [prepare(planted.preprocess, images, n=12, seed=seed).rows for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_truth_is_by_the_place_among_the_names_asked_for(planted: Clip, pictures: Path) -> None:
    ready = prepare(planted.preprocess, neurons.images(pictures))
    truth = ready.truth(["red", "plain", "no such class"])
    expected = [{"red": 0, "plain": 1}.get(label, -1) for label in ready.labels()]
    assert truth.tolist() == expected and set(expected) == {-1, 0, 1}


def test_a_part_keeps_pixels_and_labels_together(planted: Clip, pictures: Path) -> None:
    ready = prepare(planted.preprocess, neurons.images(pictures), n=6)
    part = ready.part(np.array([4, 1]))
    assert part.rows == (ready.rows[4], ready.rows[1])
    assert part.pixels.equal(ready.pixels[[4, 1]])
    assert part.labels() == (ready.labels()[4], ready.labels()[1])
    with pytest.raises(OptionError, match="give two or more"):
        ready.part([0]).halves(0)


def test_skipped_images_are_counted_and_told(planted: Clip, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    told: list[tuple[int, int]] = []
    ready = prepare(
        planted.preprocess, neurons.images(tmp_path), progress=lambda *state: told.append(state)
    )
    assert (ready.rows, ready.n_skipped, told) == ((0,), 1, [(2, 2)])
    assert ready.provenance()["n_skipped"] == 1
