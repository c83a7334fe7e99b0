"""A page that is one file is never put over another one, nor over a file of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.errors import OptionError, OutputExistsError
from neurons.pages import check_page_file, write_single
from tests.pages.test_site import hostile_page

SETTINGS = {"neuron": 'a:1 "<&>"', "run": {"n": 3, "versions": {"torch": "1"}}}


def test_a_page_of_other_settings_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "one.html"
    write_single(path, hostile_page(), settings=SETTINGS)
    before = path.read_bytes()
    # the same settings, and an update of a library
    for same in (SETTINGS, {**SETTINGS, "run": {"n": 3, "versions": {"torch": "2"}}}):
        write_single(path, hostile_page(), settings=same)
        assert path.read_bytes() == before
    other = {**SETTINGS, "run": {"n": 4}}
    with pytest.raises(OutputExistsError, match=r"run\.n: the page has 3, asked is 4"):
        write_single(path, hostile_page(), settings=other)
    assert path.read_bytes() == before
    write_single(path, hostile_page(), settings=other, replace=True)
    check_page_file(path, other)


def test_a_file_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("<p>years of work</p>")
    (tmp_path / "binary.html").write_bytes(bytes(range(256)))
    for name, replace in (("mine.html", False), ("mine.html", True), ("binary.html", True)):
        with pytest.raises(OptionError, match="is a file of something else"):
            check_page_file(tmp_path / name, SETTINGS, replace=replace)
    with pytest.raises(OptionError, match="is a folder"):
        check_page_file(tmp_path, SETTINGS)


def test_a_page_of_an_earlier_version_says_that_it_does_not_tell(tmp_path: Path) -> None:
    path = tmp_path / "old.html"
    path.write_text('<!doctype html><meta name="generator" content="neurons">')
    with pytest.raises(OutputExistsError, match="by an earlier version, and does not say how"):
        check_page_file(path, SETTINGS)
    check_page_file(path, SETTINGS, replace=True)
