"""The commands on probes do the whole job, and every mistake is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import neurons
from neurons import Clip
from neurons.cli.parse import parse_choose
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.sparse.path import UnitsPerClass, best, one_standard_error
from tests.conftest import DEAD, LAYER


@pytest.fixture
def call(command):
    def run(*arguments: object) -> tuple[int, str, str]:
        done = command(*arguments)
        return done.code, done.out, done.err

    return run


@pytest.fixture(scope="module")
def scanned(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli-probe") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return out


def test_probe_compose_roles_and_report(
    call, scanned: Path, pictures: Path, tmp_path: Path
) -> None:
    made = tmp_path / "probe"
    asked = ("probe", scanned, "--layer", LAYER, "--path", 6, "--span", 0.1, "--out", made)
    code, out, err = call(*asked, "--stability", 10)
    assert code == 0, err
    assert "units a class on average" in out and "certified within" in out
    assert out.rstrip().endswith(f"probe: {made / 'report' / 'index.html'}")
    kept = {file.name: file.read_bytes() for file in made.glob("strength-*.npz")}
    assert len(kept) == 6
    # the same again finds everything done
    assert call(*asked)[0] == 0
    assert kept == {file.name: file.read_bytes() for file in made.glob("strength-*.npz")}
    code, out, err = call("compose", made, "red", "stripe", "--units", 1, "--images", pictures)
    assert code == 0, err
    assert "Its units" in out
    page = next((made / "classes").glob("red*.html")).read_text(encoding="utf-8")
    assert "Zero-shot, through the rest of the network" in page
    code, out, err = call("compose", made, "red", "--no-check", "--out", tmp_path / "fast")
    assert code == 0, err
    page = next((tmp_path / "fast").glob("red*.html")).read_text(encoding="utf-8")
    assert "Zero-shot" not in page and "Images that excite its units most" in page
    code, out, err = call("roles", made, f"{LAYER}:{DEAD}")
    assert (code, "serves no class" in out) == (0, True), err
    unit = Probe.load(made).units_of("red")[0].unit
    code, out, err = call(
        "report", scanned, f"{LAYER}:{unit}", "--probe", made, "--words", "$$$,red,no",
        "--out", tmp_path / "report",
    )  # fmt: skip
    assert code == 0, err
    page = next((tmp_path / "report").glob(f"{LAYER}-{unit}.html")).read_text(encoding="utf-8")
    assert "What each class loses without it" in page and "What it reads" in page


def test_mistakes_are_one_line(call, scanned: Path, tmp_path: Path) -> None:
    made = tmp_path / "probe"
    asked = ("probe", scanned, "--layer", LAYER, "--path", 3, "--span", 0.3, "--out", made)
    assert call(*asked)[0] == 0
    for arguments, told in (
        ((*asked[:-1], tmp_path / "x", "--choose", "luck"), "no rule 'luck'"),
        ((*asked, "--l1-ratio", 0.5), "was made with other settings (l1_ratio"),
        (("compose", made, "reed"), "nearest: red"),
        (("roles", made, "visual.layer3:1"), f"the probe reads {LAYER}"),
        (("compose", tmp_path / "nothing", "red"), "no result at"),
    ):
        code, out, err = call(*arguments)
        assert code == 2 and out == "", arguments
        assert told in err and err.count("\n") == 1, err
    moved = shutil.move(scanned, tmp_path / "elsewhere")
    code, _, err = call("roles", made, f"{LAYER}:1")
    assert code == 2 and "say where the probe's run is now with --run" in err
    assert call("roles", made, f"{LAYER}:1", "--run", moved)[0] == 0
    shutil.move(moved, scanned)


def test_rules_are_read() -> None:
    assert parse_choose("one-se") is one_standard_error and parse_choose("best") is best
    assert parse_choose("units:2.5") == UnitsPerClass(2.5)
    for text in ("units", "units:many", "worst"):
        with pytest.raises(OptionError, match="no rule"):
            parse_choose(text)
