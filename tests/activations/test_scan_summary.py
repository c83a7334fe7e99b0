"""A summary tells what was done, how fast, and what was left out."""

from __future__ import annotations

import pytest

from neurons.activations.scan_summary import ScanSummary


def summary(n_scanned: int = 40, n_skipped: int = 0, **reasons: str) -> ScanSummary:
    stages = {"read": 0.1, "decode": 0.25, "embed": 0.9, "write": 0.01}
    told = tuple(reasons.items())
    return ScanSummary({}, "run", 40, n_scanned, n_skipped, 2.0, stages, "embed", told)


def test_the_rate_is_of_this_session() -> None:
    assert summary().rate == pytest.approx(20)
    assert summary(n_scanned=0).rate == 0
    assert (
        "40 of 40 images in 2.0 s, 20 images/s; the busiest stage was embed" in summary().verdict()
    )


def test_a_finished_run_has_nothing_to_do() -> None:
    done = summary(n_scanned=0)
    assert done.verdict() == "run: nothing to do, all 40 images were scanned."
    assert done.blocks() == ()


def test_skipped_images_are_listed_and_the_rest_counted() -> None:
    (stages, skipped) = summary(n_skipped=3, a="torn", b="empty").blocks()
    assert stages.rows[2] == ("embed", "90%")
    assert skipped.title == "3 bad images were skipped"
    assert skipped.rows == (("a", "torn"), ("b", "empty"))
    assert skipped.note == "and 1 more, in run/skipped"
    assert summary(n_skipped=1, a="torn").blocks()[1].title == "1 bad image was skipped"


def test_rows_are_the_stages() -> None:
    rows = summary().rows()
    assert [row["stage"] for row in rows] == ["read", "decode", "embed", "write"]
    assert {row["n_images"] for row in rows} == {40}
    assert repr(summary()).startswith("<ScanSummary Scan: run: images 40")
