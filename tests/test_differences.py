"""Two things that belong together are told from two that do not, and by what they differ."""

from __future__ import annotations

import pytest

from neurons.differences import check_belongs, differences, listed_differences, without_versions
from neurons.errors import MismatchError

MODEL = {"name": "RN50", "weights_sha256": "a" * 64}
OTHER = {"name": "RN50", "weights_sha256": "b" * 64}
PHOTOS, PAINTINGS = {"n": 3, "fingerprint": "c" * 64}, {"n": 4, "fingerprint": "d" * 64}


def test_where_things_lay_is_no_difference_at_any_depth() -> None:
    held = {"run": {"model": {"name": "a", "n": 1}, "where": {"images": "x"}}, "name": "b"}
    asked = {"run": {"model": {"name": "c", "n": 1}, "where": {"images": "y"}}, "name": "b"}
    assert differences(held, asked) == []
    # any other name is one
    assert differences(held, {"name": "c"}) == ["name: the run has 'b', asked is 'c'"]


def test_layers_that_differ_are_told_as_a_list_and_not_key_by_key() -> None:
    held, asked = {"layers": {"x": {"units": 1}}}, {"layers": {"y": {"units": 1}}}
    assert differences(held, asked) == ["layers: the run has x, asked is y"]


def test_the_first_of_many_differences_are_told_and_the_others_counted() -> None:
    assert listed_differences(["a", "b"]) == "a; b"
    assert listed_differences(list("abcdef")) == "a; b; c; d; and 2 more"


def test_an_update_of_a_library_is_no_other_setting() -> None:
    made = {"run": {"versions": {"torch": "1"}, "n": 3}, "versions": {}}
    assert without_versions(made) == {"run": {"n": 3}}


@pytest.mark.parametrize(
    "made_of",
    [
        {"model": OTHER, "run": None},
        {"run": {"model": OTHER, "images": PHOTOS}},
        {"probe": {"run": {"model": OTHER, "images": PHOTOS}}},
    ],
)
def test_what_was_made_of_another_model_does_not_belong_to_a_run(made_of) -> None:
    run = {"model": MODEL, "images": PHOTOS}
    with pytest.raises(MismatchError) as raised:
        check_belongs("album 'a'", made_of, "run 'r'", run)
    assert str(raised.value).startswith(
        "album 'a' does not belong to run 'r': model.weights_sha256: the one has 'bbbbbbbbbbbb', "
        "the other has 'aaaaaaaaaaaa'; "
    )


def test_what_was_made_of_other_images_does_not_belong_to_a_run() -> None:
    made_of = {"run": {"model": MODEL, "images": PAINTINGS}}
    with pytest.raises(MismatchError, match=r"images\.n: the one has 4, the other has 3"):
        check_belongs("probe 'p'", made_of, "run 'r'", {"model": MODEL, "images": PHOTOS})


def test_what_names_no_images_belongs_to_every_run_of_its_model() -> None:
    for images in (PHOTOS, PAINTINGS):
        run = {"model": {**MODEL, "name": "moved"}, "images": images}
        check_belongs("album 'a'", {"model": MODEL, "run": None}, "run 'r'", run)
