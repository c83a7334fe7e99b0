"""The verdict comes first, and of each facet the strongest picture that is evidence is shown."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neurons.results.blocks import Curve, Gallery, Table
from neurons.visualization.made_picture import Excited
from tests.visualization.pictures import made_picture, visualization


def test_of_each_facet_the_strongest_that_reaches_is_shown() -> None:
    made = visualization(
        made_picture("seed 0", percentile=1.0),
        made_picture("face × 1", facet="face", strength=1, activation=9, percentile=1.0),
        made_picture("face × 3", facet="face", strength=3, activation=5, percentile=0.995),
        made_picture("face × 5", facet="face", strength=5, activation=2, percentile=0.9),
        # none of them reaches: the one that excites most
        made_picture("logo × 1", facet="logo", strength=1, activation=2, percentile=0.8),
        made_picture("logo × 3", facet="logo", strength=3, activation=4, percentile=0.9),
        made_picture("logo × 5", facet="logo", strength=5, activation=3, percentile=0.7),
        n_images=40,
    )
    assert [each.name for each in made.facets()] == ["face × 3", "logo × 3"]
    assert [each.name for each in made.plain()] == ["seed 0"]
    galleries = [block for block in made.blocks() if isinstance(block, Gallery)]
    assert [gallery.title for gallery in galleries] == [
        "Pictures made to excite it",
        "Facet by facet",
    ]
    captions = [tile.caption for tile in galleries[1].tiles]
    assert captions[0] == "face × 3, above 99.5% of images"
    assert captions[1].endswith("FEWER than 99 %")


def test_reaches_is_the_share_of_the_plain_pictures() -> None:
    made = visualization(
        *(made_picture(f"seed {i}", percentile=p) for i, p in enumerate((1.0, 0.99, 0.5, 0.2))),
        made_picture("face × 1", facet="face", strength=1, percentile=0.0),
        n_images=40,
    )
    assert made.reaches == 0.5
    assert np.isnan(visualization(made_picture("seed 0")).reaches)


@pytest.mark.parametrize(
    ("percentiles", "said"),
    [
        ((1.0, 0.5), "1 of 2 plain pictures excite visual.layer4:3 more than 99% of 40 real"),
        ((0.5, 0.5), "The pictures do not show what excites visual.layer4:3 most: 0 of 2 plain"),
        (
            (np.nan, np.nan),
            "Not compared with real images: no real images to compare with. 2 plain",
        ),
    ],
)
def test_that_pictures_are_no_evidence_comes_first(
    percentiles: tuple[float, float], said: str
) -> None:
    made = visualization(
        *(made_picture(f"seed {i}", percentile=p) for i, p in enumerate(percentiles)), n_images=40
    )
    assert made.verdict().startswith(said)


def test_a_target_without_a_gradient_has_words_and_no_picture() -> None:
    made = visualization(made_picture("seed 0", moved=False), made_picture("s 1", moved=False))
    assert made.dead and made.blocks() == ()
    assert "nothing in an image excites visual.layer4:3" in made.verdict()
    assert made.facts() == (("state", "dead"), ("steps", "30"))
    # one that moved is enough
    assert not visualization(made_picture("a", moved=False), made_picture("b")).dead


def test_facts_rows_and_evidence_are_the_pictures_numbers() -> None:
    made = visualization(made_picture("seed 0", activation=2.0, percentile=0.25), n_images=40)
    assert made.title == "visual.layer4:3"
    assert dict(made.facts()) == {
        "state": "alive", "steps": "30", "activation": "2", "above images": "25.0%",
    }  # fmt: skip
    (row,) = made.to_pandas().to_dict("records")
    assert (row["picture"], row["activation"], row["shaken"], row["n_images"]) == (
        "seed 0", 2.0, 1.0, 40,
    )  # fmt: skip
    assert row["excites_most"] == "3, 9"
    table = next(block for block in made.blocks() if isinstance(block, Table))
    assert table.rows == (
        ("seed 0", "2", "25.0%", "1 ± 0.1", "visual.layer4:3 (+2.5), visual.layer4:9"),
    )
    curve = next(block for block in made.blocks() if isinstance(block, Curve))
    # two means over fifteen steps each
    assert (curve.x, curve.y) == ((0.0, 15.0), (0.1, 0.4))


def test_seeds_that_show_different_things_are_said_to_disagree() -> None:
    strong, weak = made_picture("seed 0", activation=2.0), made_picture("seed 1", activation=0.9)
    made = visualization(strong, weak)
    assert "The seeds disagree: their activations go from 0.9 to 2" in made.verdict()
    same = visualization(strong, made_picture("seed 1", activation=1.9))
    assert "disagree" not in same.verdict()
    others = tuple(Excited(unit, 1.0, 1.0) for unit in (20, 21))
    other = dataclasses.replace(strong, name="seed 1", excited=others)
    assert (
        "0 of the 2 units that each excites most are shared"
        in visualization(strong, other).verdict()
    )


def test_a_picture_that_silences_has_words_of_its_own() -> None:
    low = made_picture("seed 0", activation=0.0, percentile=1.0)
    high = made_picture("seed 1", activation=0.5, percentile=0.4)
    made = dataclasses.replace(visualization(low, high, n_images=400), downwards=True)
    assert made.verdict() == (
        "1 of 2 plain pictures bring visual.layer4:3 as low as 99% of 400 real images do, or "
        "lower; the best to 0."
    )
    assert dict(made.facts())["as low as images"] == "100.0%"
    captions = [tile.caption for tile in made.gallery().tiles]
    assert captions[0] == "seed 0, as low as all images"
    assert captions[1].endswith("FEWER than 99 %")
    assert "excites the unit most, which" not in made.gallery().note
