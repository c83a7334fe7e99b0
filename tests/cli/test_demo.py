"""The demonstration does the whole job, and its run can be asked on."""

from __future__ import annotations

from pathlib import Path


def test_the_demo_does_the_whole_job_and_its_run_can_be_asked_on(
    command, refused, tmp_path: Path
) -> None:
    done = command("demo", "--out", tmp_path / "demo")
    assert done.code == 0, done.err
    assert "the same top class as flat, outline, word" in done.out
    assert "spider, as picture, outline and word" in done.out
    assert (tmp_path / "demo/report/index.html").is_file()
    # all units are in an atlas, and the names in it can be used again
    assert f"all units: {tmp_path / 'demo/atlas/index.html'}" in done.out
    assert len((tmp_path / "demo/atlas/units.csv").read_text().splitlines()) == 513
    assert "units of visual.layer4 have a name that holds" in done.out
    picked = command("report", tmp_path / "demo/run", "--most", "interesting", "--n", 1, "--labels",
                     tmp_path / "demo/labels", "--out", tmp_path / "picked")  # fmt: skip
    assert picked.code == 0 and "leads however things are shown" in picked.out, picked.err
    counted = command("census", tmp_path / "demo/run", "visual.layer4", "--among",
                      "photo,silhouette")  # fmt: skip
    assert counted.code == 0, counted.err
    assert "as photo, silhouette" in counted.out
    told = command("report", tmp_path / "demo/run", "visual.layer4:7", "--by", "rendition",
                   "--out", tmp_path / "pages")  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / "pages/visual.layer4-7.html").read_text(encoding="utf-8")
    assert "The top of each rendition" in page
    for *asked, said in (
        ["census", "--among", "flat,drawn", "drawn"],
        ["census", "--among", "flat", "two groups or more"],
        ["census", "--by", "colour", "colour"],
        ["report", "--out", str(tmp_path / "pages"), "--by", "family", "17 values"],
    ):
        where = "visual.layer4" if asked[0] == "census" else "visual.layer4:7"
        assert said in refused(asked[0], tmp_path / "demo/run", where, *asked[1:])
