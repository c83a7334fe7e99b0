"""Strings are searched with scores or with answers alone, and read by a probe besides."""

from __future__ import annotations

from pathlib import Path

from neurons import BlackBoxSearch, Clip
from tests.cli.attack.conftest import CLASSES, SMALL, probe_by_hand


def test_a_search_with_answers_alone_keeps_to_its_budget(attack, tmp_path: Path) -> None:
    asked = ("search", "-i", "miniature", *SMALL, "--classes", CLASSES, "--target", "guitar",
             "--vocabulary", "$$$,guitar,money,moon,sad", "--count", 1,
             "--out", tmp_path / "s")  # fmt: skip
    done = attack(*asked, "--budget", 40)
    assert done.code == 0 and "answers of 40" in done.out, done.err
    assert BlackBoxSearch.load(tmp_path / "s" / "result").n_asked <= 40
    # with scores, too few strings for twenty at random
    done = attack(*asked[:-1], tmp_path / "t")
    assert done.code == 2 and "20 at random" in done.err and done.err.count("\n") == 1


def test_what_a_probe_says_stands_beside(attack, miniature: Clip, tmp_path: Path) -> None:
    probe_by_hand(miniature).save(tmp_path / "probe")
    done = attack("search", "-i", "miniature", *SMALL, "--probe", tmp_path / "probe",
                  "--target", "piggy bank", "--vocabulary", "$$$,pig,no,we,so,it",
                  "--count", 1, "--budget", 60, "--out", tmp_path / "s")  # fmt: skip
    assert done.code == 0, done.err
    page = next((tmp_path / "s").glob("*piggy*.html")).read_text(encoding="utf-8")
    assert "success by probe" in page
    found = BlackBoxSearch.load(tmp_path / "s" / "result").confirmed[0]
    assert found.text == "$$$" and found.also[0][1].value > 0.5
