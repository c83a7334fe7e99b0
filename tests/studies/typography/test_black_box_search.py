"""A search that sees answers alone finds the planted string within its budget, on other images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurons import Clip, ImageSet, Sample
from neurons.errors import OptionError
from neurons.readouts.readout import ZeroShot
from neurons.results.table import as_arrow
from neurons.stats import Share
from neurons.studies.typography.black_box_search import BlackBoxSearch, search_black_box
from tests.glyphs import (
    LETTERS,
    VOCABULARY,
    colour_reader,
    glyph_reader,
    plain_pictures,
    probe_of,
    two_halves,
    zero_shot_of,
)


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")


def test_the_glyph_is_found_within_the_budget_and_confirmed_on_other_images(
    reader: Clip, shown: ImageSet, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    found = search_black_box(
        reader, shown, "the #", VOCABULARY, readout=zero_shot_of("#A"), budget=100, count=1,
        lettering=LETTERS, sample=Sample(n=4), also={"probe": probe_of("#")},
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    (best,) = found.confirmed
    assert best.text == "#" and best.success == Share(4, 4) and best.score == 1
    assert best.also == (("probe", Share(4, 4)),)
    # as many images again were searched on
    assert found.n == 4 and found.provenance["images"]["n_taken"] == 8
    assert found.n_asked <= found.budget == 100
    assert told[-1] == (100, 100) and told == sorted(told)
    found.save(tmp_path)
    assert BlackBoxSearch.load(tmp_path).confirmed == found.confirmed
    assert found.title == "Strings for the #" and dict(found.facts())["best string"] == "#"
    assert found.verdict().startswith("“#” makes the # of 1.000 (0.510 to 1.000, n = 4) of images")
    assert "of 16 strings after" in found.verdict()
    assert as_arrow(found.rows()).to_pylist()[0]["success.value"] == 1


def test_what_is_asked_never_passes_the_budget(reader: Clip, shown: ImageSet) -> None:
    words = VOCABULARY[-6:]
    for budget in (18, 30, 41):
        found = search_black_box(
            reader, shown, "the #", words, readout=zero_shot_of("#"), budget=budget, count=1,
            lettering=LETTERS, sample=Sample(n=3),
        )  # fmt: skip
        assert found.n_asked <= budget and found.confirmed[0].text == "#", budget


def test_with_the_smallest_budget_every_string_is_asked_about_once(
    reader: Clip, shown: ImageSet
) -> None:
    words = ["#", "o", "v", "u"]
    found = search_black_box(
        reader, shown, "the #", words, readout=zero_shot_of("#"), budget=8, count=1,
        lettering=LETTERS, sample=Sample(n=2),
    )  # fmt: skip
    # four strings on one image, then two of them on two images
    assert found.n_asked == 4 + 2 * 2 and found.confirmed[0].text == "#"


def test_a_string_that_works_on_no_image_is_told_with_its_zero(
    reader: Clip, shown: ImageSet
) -> None:
    found = search_black_box(
        reader, shown, "the #", ["o", "v", "u"], readout=zero_shot_of("#"), budget=12, count=2,
        lettering=LETTERS, sample=Sample(n=2),
    )  # fmt: skip
    assert [each.success for each in found.confirmed] == [Share(0, 2)] * 2
    assert dict(found.facts())["success"] == "0.000"


def test_what_works_on_the_searched_images_alone_is_not_confirmed(
    planted: Clip, tmp_path: Path
) -> None:
    # words are read on red pictures, which are searched on, and never on grey ones
    images = two_halves(tmp_path / "halves", ((200, 60, 60), "thing"), ((120, 120, 120), "thing"))
    two = ZeroShot(("thing", "word"), np.eye(2, dtype=np.float32), scale=10.0)
    found = search_black_box(
        colour_reader(planted), images, "word", ["#", "o", "u"], readout=two, budget=30, count=1,
        lettering=LETTERS, sample=Sample(n=None),
    )  # fmt: skip
    (best,) = found.confirmed
    assert best.score == 1 and best.success == Share(0, 6)


def test_mistakes_are_told(reader: Clip, shown: ImageSet) -> None:
    readout, small = zero_shot_of("#"), replace(LETTERS, size_px=20)
    with pytest.raises(OptionError, match="a budget of 10 for 16 strings in 4 rounds"):
        search_black_box(
            reader, shown, "the #", VOCABULARY, readout=readout, budget=10, count=1,
            lettering=small,
        )  # fmt: skip
    with pytest.raises(OptionError, match="no class 'pig'"):
        search_black_box(reader, shown, "pig", VOCABULARY, readout=readout, budget=100)
    with pytest.raises(OptionError, match=r"no more to confirm \(5\) than there are"):
        search_black_box(
            reader, shown, "the #", ["a", "b"], readout=readout, budget=100, lettering=small
        )
