"""The same images are taken again: the first, or those that a seed draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import images
from neurons.data.parts import Draw, Span, parse_taken
from neurons.errors import OptionError
from tests.data.picture_files import png, write


def test_a_draw_is_without_replacement_in_order_and_by_its_seed() -> None:
    rows = Draw(40, 0).rows(100)
    assert len(set(rows.tolist())) == 40 and (np.diff(rows) > 0).all()
    assert rows.tolist() == Draw(40, 0).rows(100).tolist() != Draw(40, 1).rows(100).tolist()
    # every image is as likely: 400 draws of 10 from 100 take each 40 times, give or take 30
    counts = np.bincount(np.concatenate([Draw(10, s).rows(100) for s in range(400)]))
    assert len(counts) == 100 and 10 < counts.min() and counts.max() < 75


def test_what_was_taken_is_read_back() -> None:
    for taken in (Span(0, 5), Draw(3, 7)):
        assert parse_taken(vars(taken)) == taken


def test_first_and_sample_are_parts_that_say_so(tmp_path: Path) -> None:
    names = {f"{kind}__{i}": png(i) for kind in ("cat", "dog") for i in range(5)}
    whole = images(write(tmp_path, **names))
    first, drawn = whole.first(3), whole.sample(4, seed=2)
    assert list(first.ids) == ["cat/0.png", "cat/1.png", "cat/2.png"]
    assert len(drawn) == 4 and list(drawn.ids) == sorted(drawn.ids)
    prints = {str(each.provenance()["fingerprint"]) for each in (whole, first, drawn)}
    assert len(prints) == 3
    assert whole.sample(10).ids == whole.ids
    assert first.describe().startswith("the first 3 of 10 images in 2 folders, 1 of 2 classes")
    assert "4 of 10 images (drawn at random, seed 2)" in drawn.describe()
    assert list(whole.take(*drawn.taken).ids) == list(drawn.ids)
    for wrong in (lambda: whole.first(11), lambda: whole.sample(11), lambda: whole.first(0)):
        with pytest.raises(OptionError):
            wrong()
