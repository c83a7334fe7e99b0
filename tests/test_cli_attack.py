"""The commands on attacks do the whole job, and every mistake is one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neurons import cli, cli_attack
from neurons.attack_recipes import find_colour, find_lettering, find_readout, find_vocabulary
from neurons.errors import OptionError
from neurons.images import images
from neurons.model import load
from neurons.studies.attack import Attack
from neurons.studies.defence import Defence

SMALL = ("--only", "rendition=flat", "--place", "random", "--area", "0.05", "--n", "16")
CLASSES = "pig,dog,cat,house,guitar,clock,piggy bank,umbrella"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(cli.console, "_width", 300)
    monkeypatch.setattr(cli.out_console, "_width", 300)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["neurons", "attack", *map(str, arguments)])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_run_defend_and_run_again(run, tmp_path: Path) -> None:
    model = ("-m", "miniature", "-i", "miniature", "--device", "cpu", *SMALL)
    code, out, err = run(
        "run", *model, "--targets", "guitar,$$$=piggy bank", "--classes", CLASSES,
        "--out", tmp_path / "a",
    )  # fmt: skip
    assert code == 0, err
    assert out.startswith("Success over all texts, on 16 images. zero-shot: ")
    assert out.rstrip().endswith(f"pages: {tmp_path / 'a' / 'index.html'}")
    page = next((tmp_path / "a").glob("Attack*.html")).read_text(encoding="utf-8")
    assert "Accuracy" in page and "guitar" in page and "word of no class" in page
    assert Attack.load(tmp_path / "a" / "result").n == 16
    code, out, err = run(
        "defend", *model, "--layers", "visual.layer3", "--wanted", "0.5", "--out", tmp_path / "d"
    )
    assert code == 0, err
    assert "units of visual.layer3 set to zero" in out
    made = Defence.load(tmp_path / "d" / "result")
    code, out, err = run(
        "run", *model, "--targets", "guitar", "--edit", tmp_path / "d" / "edit.json",
        "--out", tmp_path / "b",
    )  # fmt: skip
    assert code == 0, err
    again = Attack.load(tmp_path / "b" / "result")
    assert len(again.provenance["edits"]) == len(made.units)


def test_search_hijack_and_stroop(run, tmp_path: Path) -> None:
    model = ("-m", "miniature", "--device", "cpu")
    more = ("-i", "miniature", "--classes", CLASSES, "--vocabulary", "$$$,guitar,money,moon,sad",
            *SMALL)  # fmt: skip
    for extra in ((), ("--budget", 40)):
        code, out, err = run(
            "search", *model, *more, "--target", "guitar", "--count", 1, *extra,
            "--out", tmp_path / "s",
        )  # fmt: skip
        if extra:
            assert code == 0 and "answers of 40" in out, err
        else:
            # too few strings for twenty at random
            assert code == 2 and "20 at random" in err and err.count("\n") == 1
    code, out, err = run(
        "hijack", *model, *more, "--neuron", "visual.layer4:39", "--out", tmp_path / "h"
    )
    assert code == 0 and out.startswith("“$$$” excites visual.layer4:39"), err
    assert next((tmp_path / "h").glob("Hijack*.html")).is_file()
    code, out, err = run("stroop", *model, "--n", 1)
    assert code == 0 and "is answered with the word in" in out, err


def test_mistakes_are_one_line(run, tmp_path: Path) -> None:
    model = ("-m", "miniature", "-i", "miniature", "--device", "cpu", "--out", tmp_path / "a")
    mistakes = {
        ("run", *model, "--targets", "iPod"): "no class 'iPod'",
        ("run", *model, "--targets", "trash="): "write CLASS, or TEXT=CLASS",
        ("run", *model, "--targets", "pig", "--place", "up"): "no place 'up'",
        ("run", *model, "--targets", "pig", "--colour", "mauve"): "no colour 'mauve'",
        ("run", *model, "--targets", "pig", "--font", __file__): "no font file",
        ("run", *model, "--targets", "pig", "--area", "0.9", "--place", "random"): "cannot cover",
        ("run", *model, "--targets", "pig", "--prompts", "loud"): "no prompts 'loud'",
        ("run", *model, "--targets", "pig", "--only", "rendition"): "COLUMN=VALUE",
        ("run", *model, "--targets", "pig", "--only", "rendition=loud"): "its values are: flat",
        ("run", *model, "--targets", "pig", "--edit", tmp_path / "no"): "no edit at",
        ("hijack", "-m", "miniature", "--neuron", "visual.layer4:1", "--out", tmp_path / "a"): (
            "no images to attack"
        ),
        (
            "bench",
            "-m",
            "miniature",
            "--set",
            f"scam:{tmp_path}",
            "--out",
            tmp_path / "a",
        ): "NoSCAM",
    }
    for arguments, told in mistakes.items():
        code, _, err = run(*arguments)
        assert (code, err.startswith("error: "), err.count("\n")) == (2, True, 1), (arguments, err)
        assert told in err, err
    assert not (tmp_path / "a").exists()


def test_strings_become_values(tmp_path: Path) -> None:
    assert find_colour("#0a0B0c") == (10, 11, 12) and find_colour("white") == (255,) * 3
    lettering = find_lettering(font=None, size_px=None, area=None, place="0.5,0.8", plate="white")
    assert (lettering.places, lettering.plate, lettering.area) == ((0.5, 0.8), (255,) * 3, 0.07)
    clip = load("miniature", device="cpu")
    (tmp_path / "classes.txt").write_text("pig\npiggy bank\n", encoding="utf-8")
    readout = find_readout(clip, None, str(tmp_path / "classes.txt"), "auto")
    assert readout.class_names == ("pig", "piggy bank") and len(readout.templates) == 10
    assert "hog" in find_vocabulary(None, readout, {"pig": ("pig", "hog")})
    assert "$$$" in find_vocabulary(None, readout)
    assert len(find_readout(clip, images("miniature"), None, "plain").class_names) == 79
    with pytest.raises(OptionError, match="no classes; name some"):
        find_readout(clip, None, None, "auto")
    assert cli_attack.attack_app.info.name == "attack"
