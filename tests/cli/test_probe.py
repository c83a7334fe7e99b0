"""The commands on probes do the whole job, and every mistake is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

from neurons.readouts.probe import Probe
from tests.conftest import DEAD, LAYER, RED


def test_probe_compose_roles_and_report(
    command, scanned: Path, pictures: Path, tmp_path: Path
) -> None:
    made = tmp_path / "probe"
    asked = ("probe", scanned, "--layer", LAYER, "--path", 6, "--span", 0.1, "--out", made)
    done = command(*asked, "--stability", 10)
    assert done.code == 0, done.err
    assert "on average" in done.out and "certified within" in done.out
    assert done.out.rstrip().endswith(f"probe: {made / 'report' / 'index.html'}")
    kept = {file.name: file.read_bytes() for file in made.glob("strength-*.npz")}
    assert len(kept) == 6
    # the same again finds everything done
    assert command(*asked).code == 0
    assert kept == {file.name: file.read_bytes() for file in made.glob("strength-*.npz")}
    done = command("compose", made, "red", "stripe", "--units", 1, "--images", pictures)
    assert done.code == 0, done.err
    assert "Its units" in done.out
    page = next((made / "classes").glob("red*.html")).read_text(encoding="utf-8")
    assert "Zero-shot, through the rest of the network" in page
    done = command("compose", made, "red", "--no-check", "--out", tmp_path / "fast")
    assert done.code == 0, done.err
    page = next((tmp_path / "fast").glob("red*.html")).read_text(encoding="utf-8")
    assert "Zero-shot" not in page and "Images that excite its units most" in page
    done = command("roles", made, f"{LAYER}:{DEAD}")
    assert (done.code, "serves no class" in done.out) == (0, True), done.err
    unit = Probe.load(made).units_of("red")[0].unit
    done = command("report", scanned, f"{LAYER}:{unit}", "--probe", made, "--out", tmp_path / "r")
    assert done.code == 0, done.err
    page = next((tmp_path / "r").glob(f"{LAYER}-{unit}.html")).read_text(encoding="utf-8")
    assert "What each class loses without it" in page


def test_a_neuron_that_is_left_out_gets_no_weight(command, scanned: Path, tmp_path: Path) -> None:
    asked = ("probe", scanned, "-l", LAYER, "--path", 3, "--span", 0.3, "--out", tmp_path / "p")
    done = command(*asked, "--without", f"{LAYER}:{RED}", "--without", f"{LAYER}:9")
    assert done.code == 0, done.err
    weights = Probe.load(tmp_path / "p").weights
    assert (weights[:, [RED, 9]] == 0).all() and (weights != 0).any()


def test_mistakes_are_one_line(command, refused, scanned: Path, tmp_path: Path) -> None:
    run = shutil.copytree(scanned, tmp_path / "run")
    made = tmp_path / "probe"
    asked = ("probe", run, "--layer", LAYER, "--path", 3, "--span", 0.3, "--out", made)
    assert command(*asked).code == 0
    for arguments, told in (
        ((*asked[:-1], tmp_path / "x", "--choose", "luck"), "no rule 'luck'"),
        ((*asked, "--l1-ratio", 0.5), "was made with other settings (l1_ratio"),
        ((*asked, "--without", "layer4"), "is no neuron's address"),
        (("compose", made, "reed"), "nearest: red"),
        (("roles", made, "visual.layer3:1"), f"the probe reads {LAYER}"),
        (("compose", tmp_path / "nothing", "red"), "no probe at"),
        (("compose", run, "red"), "holds a run, not a probe"),
        ((*asked[:-1], tmp_path / "y", "--min-images", 1), "2 or more, not 1"),
        ((*asked[:-1], tmp_path / "y", "--near-copies", 2), "between 0 and 1"),
        ((*asked[:-1], tmp_path / "y", "--group-by", "film"), "has no column 'film'"),
    ):
        assert told in refused(*arguments)
    moved = shutil.move(run, tmp_path / "elsewhere")
    assert "say where the probe's run is now" in refused("roles", made, f"{LAYER}:1")
    assert command("roles", made, f"{LAYER}:1", "--run", moved).code == 0


def test_small_classes_are_left_out_if_asked_for(
    command, scan, refused, pictures: Path, tmp_path: Path
) -> None:
    some = shutil.copytree(pictures, tmp_path / "pictures")
    for file in sorted((some / "noisy").glob("*.png"))[1:]:
        file.unlink()
    assert scan(some, tmp_path / "run").code == 0
    asked = ("probe", tmp_path / "run", "-l", LAYER, "--path", 2, "--span", 0.5, "--out")
    told = refused(*asked, tmp_path / "p")
    assert "1 of 4 classes have fewer than two images" in told and "'noisy'" in told
    done = command(*asked, tmp_path / "q", "--min-images", 2)
    assert done.code == 0, done.err
    assert "1 of 4 classes are left out, with too few images: noisy (1)." in done.out


def test_a_probe_of_another_run_or_of_nothing_is_one_line(
    command, scan, refused, scanned: Path, pictures: Path, tmp_path: Path
) -> None:
    made = tmp_path / "probe"
    asked = ("probe", scanned, "-l", LAYER, "--path", 2, "--span", 0.5, "--out", made)
    assert command(*asked).code == 0
    some = shutil.copytree(pictures, tmp_path / "pictures")
    (some / "red" / "00.png").unlink()
    assert scan(some, tmp_path / "other").code == 0
    report = ("report", tmp_path / "other", f"{LAYER}:1", "--out", tmp_path / "r", "--probe")
    told = refused(*report, made)
    assert "another run" in told and str(made) in told
    assert "no probe at" in refused(*report, tmp_path / "norun")
    assert "holds a run, not a probe" in refused(*report, scanned)
    # a result of another kind
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "result.json").write_text('{"kind": "Census", "format": 2, "fields": {}}')
    assert "holds a saved Census, not a probe" in refused(*report, tmp_path / "odd")
    assert not (tmp_path / "r").exists()
