"""The word or the colour: told at once, and on pages only if they are asked for."""

from __future__ import annotations

from pathlib import Path

from neurons import Stroop


def test_it_is_told_and_kept_where_it_was_asked_for(attack, tmp_path: Path) -> None:
    done = attack("stroop", "--n", 1)
    assert done.code == 0 and "is answered with the word in" in done.out, done.err
    assert "pages:" not in done.out
    again = attack("stroop", "--n", 1, "--out", tmp_path)
    found = Stroop.load(tmp_path / "result")
    assert found.verdict() in again.out and again.out.startswith(done.out)
    assert f"pages: {tmp_path / 'index.html'}" in again.out
