"""Every named test can be used as it is, and says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons.errors import LabelsMissingError, OptionError
from neurons.readouts.named_tests import association_test, named_tests


@pytest.mark.parametrize("name", [n for n, test in named_tests().items() if test.words])
def test_a_named_test_of_words_passes_its_own_checks_and_has_a_source(name: str) -> None:
    test = association_test(name)
    test.check()
    assert len(test.source) > 20 and len(test.x.items) == len(test.exchanged[1].items)


def test_the_tests_that_the_issue_names_are_there() -> None:
    known = named_tests()
    assert {"flowers-insects", "feelings", "professions", "pictures-skin-tone"} <= set(known)
    assert sum(test.needs_pictures for test in known.values()) == 12
    assert [len(side.items) for side in association_test("flowers-insects").sides] == [25] * 4


def test_a_test_of_pictures_takes_folders_by_its_sides_names(pictures: Path, tmp_path) -> None:
    for name, kind in zip(("young", "old", "pleasant", "unpleasant"),
                          ("plain", "red", "stripe", "noisy"), strict=True):  # fmt: skip
        (tmp_path / name).symlink_to(pictures / kind)
    test = association_test("pictures-age", neurons.images(tmp_path))
    test.check()
    assert [len(side.items) for side in test.sides] == [10, 10, 10, 10]
    (tmp_path / "unpleasant").unlink()
    with pytest.raises(OptionError, match="no picture of 'unpleasant'"):
        association_test("pictures-age", neurons.images(tmp_path))


def test_what_is_missing_is_told(pictures: Path) -> None:
    with pytest.raises(OptionError, match="did you mean 'flowers-insects'"):
        association_test("flower-insects")
    with pytest.raises(OptionError, match="folders young, old, pleasant, unpleasant"):
        association_test("pictures-age")
    with pytest.raises(LabelsMissingError):
        association_test("pictures-age", neurons.images(pictures / "red"))
