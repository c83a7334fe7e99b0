"""What cannot be compared is refused in one line, which says how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons.errors import OptionError
from neurons.readouts.item_sets import AssociationTest, Pictures, Words, WrittenWords

X = Words("flowers", ("rose", "tulip", "lily", "iris"))
Y = Words("insects", ("ant", "bee", "moth", "wasp"))
A = Words("good", ("love", "peace", "joy", "gift"))
B = Words("bad", ("war", "death", "grief", "jail"))


def refused(x=X, y=Y, a=A, b=B) -> str:
    with pytest.raises(OptionError) as found:
        AssociationTest("t", x, y, a, b).check()
    assert "\n" not in str(found.value)
    return str(found.value)


def words(*items: str, name: str = "flowers") -> Words:
    return Words(name, items)


def test_a_sound_test_passes_also_with_one_target_and_unequal_attributes() -> None:
    AssociationTest("t", X, Y, A, words(*B.words, "hate", name="bad")).check()
    AssociationTest("t", words("rose"), None, A, B).check()


def test_unequal_small_and_empty_sets_are_refused() -> None:
    told = refused(x=words("rose", "tulip", "lily", "iris", "poppy"))
    assert "'flowers' has 5 items and 'insects' has 4" in told and "as many of each" in told
    assert "smallest p that is possible with 3 on each side is 0.1)" in refused(
        x=words("rose", "tulip", "lily")
    )
    few = refused(a=words("love", "peace", name="good"))
    assert "'good' has 2 items: give 4 or more" in few and "smallest" not in few
    assert "no items" in refused(b=words(name="bad"))
    assert "as many of each" in refused(y=None, a=words(*A.words, "hope", name="good"))


@pytest.mark.parametrize(
    ("items", "told"),
    [
        (("rose", "rose", "lily", "iris"), "'rose' of 'flowers' is there twice"),
        (("rose", "Rose", "lily", "iris"), "also as 'rose'"),
        (("rose", "roses", "lily", "iris"), "also as 'rose'"),
        (("lilies", "rose", "lily", "iris"), "also as 'lilies'"),
        (("rose", "tulip", "moth", "iris"), "'moth' of 'insects' is there twice in 'flowers'"),
        (("rose", "tulip", "WARS", "iris"), "'war' of 'bad' is there also as 'WARS' in 'flowers'"),
    ],
)
def test_an_item_in_two_forms_or_on_two_sides_is_refused(items, told: str) -> None:
    assert told in refused(x=Words("flowers", items))


def test_pronouns_that_look_like_plurals_are_none() -> None:
    AssociationTest("t", words("he", "him", "his", "man"), words("she", "her", "hers", "girl",
        name="female"), A, B).check()  # fmt: skip


def test_a_picture_may_stand_on_one_side_only(pictures: Path) -> None:
    shown = neurons.images(pictures)
    first, second = Pictures("x", shown, (0, 1, 2, 3)), Pictures("y", shown, (3, 4, 5, 6))
    assert "there twice in 'x'" in refused(first, second)


def test_a_written_test_is_of_the_same_words() -> None:
    test = AssociationTest("t", X, None, A, B).written()
    assert test.x == WrittenWords("flowers", X.words) and test.y is None
    assert {side.kind for side in test.sides} == {"written"}
