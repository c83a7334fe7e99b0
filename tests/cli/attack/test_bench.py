"""A typographic set is measured: one that was published, or wrong names on labelled images."""

from __future__ import annotations

from pathlib import Path

from neurons import TypographyBench


def test_wrong_names_on_labelled_images(attack, pictures: Path, tmp_path: Path) -> None:
    done = attack("bench", "--set", f"synthetic:{pictures}", "--n", 6, "--place", "random",
                  "--out", tmp_path / "b")  # fmt: skip
    assert done.code == 0, done.err
    found = TypographyBench.load(tmp_path / "b" / "result")
    assert set(found.class_names) == {"plain", "red", "stripe", "noisy"}
    assert f"pages: {tmp_path / 'b' / 'index.html'}" in done.out


def test_a_set_that_is_not_there_is_one_line(refused, tmp_path: Path) -> None:
    asked = ("attack", "bench", "-m", "miniature", "--out", tmp_path / "a", "--set")
    assert "NoSCAM" in refused(*asked, f"scam:{tmp_path}")
    assert "no images at" in refused(*asked, f"synthetic:{tmp_path / 'no'}")
    assert not (tmp_path / "a").exists()
