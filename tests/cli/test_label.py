"""`neurons label` prints names with their exam, and refuses what it cannot do in one line."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LAYER


def test_names_are_printed_and_kept(command, refused, scanned: Path, tmp_path: Path) -> None:
    done = command("label", scanned, "--columns", "none", "--out", tmp_path / "names")
    assert done.code == 0, done.err
    assert "have a name that holds on images that did not propose it" in done.out
    assert (tmp_path / "names/result/table.csv").is_file()
    # the layer is given by its place or by its name
    again = command("label", scanned, "--layer", LAYER, "--columns", "none")
    assert again.code == 0 and again.out.splitlines()[0] == done.out.splitlines()[0], again.err
    for asked, said in (
        (["--layer", "visual.layer9"], "holds no layer 'visual.layer9'"),
        (["visual.layer9"], "holds no layer 'visual.layer9'"),
        (["--columns", "colour"], "no column 'colour'"),
        (["--at-least", "2"], "between 0 and 1"),
        (["--vocabulary", str(tmp_path / "none.txt")], "cannot read the vocabulary"),
        (["--untrained", str(tmp_path / "nowhere")], "no run"),
    ):
        assert said in refused("label", scanned, *asked)
