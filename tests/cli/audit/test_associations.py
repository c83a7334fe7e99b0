"""The command finds what was asked, and refuses in one line what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import AssociationCarriers, Associations
from tests.conftest import LAYER, RED


def test_named_tests_of_words_are_measured_and_written(
    command, planted_name: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = command("audit", "associations", planted_name, "--test", "gender-career", "--test",
                   "feelings", "--device", "cpu", "--out", out)  # fmt: skip
    assert done.code == 0, done.err
    assert "gender-career" in done.out and "pages:" in done.out
    assert len(Associations.load(out / "result").tests) == 2
    assert "predicts nothing of any person" in next(out.glob("Assoc*.html")).read_text("utf-8")


def test_a_runs_classes_are_compared_in_its_layer_and_the_red_unit_is_looked_for(
    command, scanned: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = command("audit", "associations", scanned, "--layer", LAYER, "--targets", "class=red",
                   "class=plain", "--attributes", "class=stripe", "class=noisy", "--device", "cpu",
                   "--out", out)  # fmt: skip
    assert done.code == 0, done.err
    found = Associations.load(out / "result")
    assert [each.layer for each in found.tests] == ["embedding", LAYER]
    assert found.tests[0].kinds == "pictures" and found.tests[0].n == 10
    carried = AssociationCarriers.load(out / "association_carriers")
    assert carried.removals[0].neurons == (f"{LAYER}:{RED}",)
    assert "One unit of visual.layer4 carries most of 'red and plain'" in done.out
    # every image of the run is in the test
    assert "What it costs elsewhere was not measured" in done.out


def test_text_in_a_runs_layer_is_written_and_no_unit_is_said_to_carry_it(
    command, scanned: Path
) -> None:
    done = command("audit", "associations", scanned, "--layer", LAYER, "--targets",
                   "he, him, man, boy", "she, her, girl, lady", "--attributes",
                   "sad, cry, woe, ill", "war, gun, mad, bad", "--size", 10,
                   "--device", "cpu")  # fmt: skip
    assert done.code == 0, done.err
    assert f"he ... and she ... in {LAYER}" in done.out
    assert "the targets are text, which the image tower does not read" in done.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "nothing to compare"),
        (("--test", "flower-insect"), "did you mean 'flowers-insects'"),
        (("--test", "pictures-age"), "folders young, old, pleasant, unpleasant"),
        (("--test", "feelings", "--layer", LAYER), "is a model, and layers are looked at in a run"),
        (("--test", "feelings", "--pairs"), "--pairs is about sets of one's own"),
        (("--targets", "a,b,c", "d,e,f", "--attributes", "g,h,i,j", "k,l,m,n"), "possible with 3"),
        (("--targets", "a,b,c,d", "e,f,g", "--attributes", "g,h,i,j", "k,l,m,n"), "3 items"),
        (("--targets", "a,b,c,D", "d,f,g,h", "--attributes", "i,j,k,l", "m,n,o,p"), "also as 'D'"),
        (("--targets", "cat,cats,dog,cow", "a,b,c,d", "--attributes", "i,j,k,l", "m,n,o,p"),
         "also as 'cat'"),
        (("--targets", "none.txt", "a,b,c,d", "--attributes", "i,j,k,l", "m,n,o,p"), "no file"),
        (("--targets", "a,b,c,d", "--attributes", "i,j,k,l"), "give two of each"),
        (("--targets", "class=red", "a,b,c,d", "--attributes", "i,j,k,l", "m,n,o,p"),
         "give a run instead of a model"),
        (("--test", "feelings", "--prompts", "shouted"), "no prompts 'shouted'"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_before_the_model_is_loaded(
    refused, given, told: str
) -> None:
    # a model that does not exist: the sets are looked at first
    assert told in refused("audit", "associations", "RN50/nobody", *given)


def test_an_attribute_without_a_picture_and_words_without_room_are_refused(
    refused, planted_name: str, scanned: Path, tmp_path: Path
) -> None:
    sets = ("--attributes", "class=stripe", "class=nothing")
    told = refused("audit", "associations", scanned, "--targets", "class=red", "class=plain", *sets)
    assert "no picture of 'nothing'" in told
    words = tmp_path / "long.txt"
    words.write_text("\n".join(f"{letter} word of no use {'m' * 90}" for letter in "abcd"))
    told = refused("audit", "associations", planted_name, "--written", "--targets", words,
                   "rose, lily, iris, aster", "--attributes", "i, j, k, l", "m, n, o, p",
                   "--device", "cpu")  # fmt: skip
    assert "4 of 4 words of 'long' cannot be written" in told
