"""The demonstration does the whole job, and its run can be asked on."""

from __future__ import annotations

from pathlib import Path

from tests.once import DEMO, ran_once


def test_the_demo_does_the_whole_job_and_its_run_can_be_asked_on(
    command, refused, common: Path, tmp_path: Path
) -> None:
    done = ran_once(common, DEMO)
    assert done.code == 0, done.err
    made, said = done.folder / "demo", " ".join(done.out.split())
    assert "the same top class as flat, outline, word" in said
    assert "spider, as picture, outline and word" in said
    assert (made / "report/index.html").is_file()
    # all units are in an atlas, and the names in it can be used again
    assert "all units: demo/atlas/index.html" in said
    assert len((made / "atlas/units.csv").read_text().splitlines()) == 513
    assert "units of visual.layer4 have a name that holds" in said
    picked = command("report", made / "run", "--most", "interesting", "--n", 1, "--labels",
                     made / "labels", "--out", tmp_path / "picked")  # fmt: skip
    assert picked.code == 0 and "leads however things are shown" in picked.out, picked.err
    counted = command("census", made / "run", "visual.layer4", "--among",
                      "photo,silhouette")  # fmt: skip
    assert counted.code == 0, counted.err
    assert "as photo, silhouette" in counted.out
    told = command("report", made / "run", "visual.layer4:7", "--by", "rendition",
                   "--out", tmp_path / "pages")  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / "pages/visual.layer4-7.html").read_text(encoding="utf-8")
    assert "The top of each rendition" in page
    for *asked, why in (
        ["census", "--among", "flat,drawn", "drawn"],
        ["census", "--among", "flat", "two groups or more"],
        ["census", "--by", "colour", "colour"],
        ["report", "--out", str(tmp_path / "pages"), "--by", "family", "17 values"],
    ):
        where = "visual.layer4" if asked[0] == "census" else "visual.layer4:7"
        assert why in refused(asked[0], made / "run", where, *asked[1:])
