"""An attack is counted beside its controls, by zero-shot and by a probe."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from neurons import Attack, Clip, Defence
from tests.cli.attack.conftest import CLASSES, SMALL, probe_by_hand

MODEL = ("-i", "miniature", *SMALL)


def test_run_defend_and_run_again(attack, tmp_path: Path) -> None:
    done = attack("run", *MODEL, "--targets", "guitar,$$$=piggy bank", "--classes", CLASSES,
                  "--out", tmp_path / "a")  # fmt: skip
    assert done.code == 0, done.err
    found = Attack.load(tmp_path / "a" / "result")
    assert found.n == 16
    assert found.verdict() in done.out
    assert done.out.rstrip().endswith(f"pages: {tmp_path / 'a' / 'index.html'}")
    page = next((tmp_path / "a").glob("Attack*.html")).read_text(encoding="utf-8")
    assert "Accuracy" in page and "guitar" in page and "word of no class" in page
    done = attack("defend", *MODEL, "--layers", "visual.layer3", "--wanted", "0.5",
                  "--out", tmp_path / "d")  # fmt: skip
    assert done.code == 0, done.err
    made = Defence.load(tmp_path / "d" / "result")
    assert made.verdict() in done.out and f"edit: {tmp_path / 'd' / 'edit.json'}" in done.out
    done = attack("run", *MODEL, "--targets", "guitar", "--edit", tmp_path / "d" / "edit.json",
                  "--out", tmp_path / "b")  # fmt: skip
    assert done.code == 0, done.err
    again = Attack.load(tmp_path / "b" / "result")
    assert len(again.provenance["edits"]) == len(made.units) > 0


def test_a_probe_is_read_beside_zero_shot(attack, refused, miniature: Clip, tmp_path: Path) -> None:
    probe_by_hand(miniature).save(tmp_path / "probe")
    asked = (*MODEL, "--probe", tmp_path / "probe")
    done = attack("run", *asked, "--targets", "$$$=piggy bank", "--out", tmp_path / "a")
    assert done.code == 0, done.err
    found = Attack.load(tmp_path / "a" / "result")
    assert found.readouts == ("zero-shot", "probe")
    # unit 39 rises on money written anywhere, and on nothing that stands there instead
    assert found.outcome("$$$", readout="probe").success.value > 0.5
    assert found.outcome("$$$", "blank", readout="probe").success.successes == 0
    probe_by_hand(miniature, weights="others").save(tmp_path / "other")
    wrong = {
        ("--probe", tmp_path / "no"): "no probe at",
        ("--probe", tmp_path / "a" / "result"): "holds a saved Attack, not a probe",
        ("--probe", tmp_path / "probe", "--classes", "pig,piggy bank,spider"): (
            "was fitted on other classes: it has no 'spider' (1 of 3 are missing); its 3 are: pig"
        ),
        ("--probe", tmp_path / "other"): "is a probe of 'miniature', not of 'miniature'",
    }
    for more, told in wrong.items():
        assert told in refused("attack", "run", "-m", "miniature", "--device", "cpu", *MODEL, *more,
                               "--targets", "pig", "--out", tmp_path / "b")  # fmt: skip
    assert not (tmp_path / "b").exists()


def test_what_can_be_refused_is_before_the_model_is_loaded(refused, tmp_path: Path) -> None:
    # there is no such model, and it is not asked for
    asked = ("-m", "no-such-model", "-i", "miniature", "--out", tmp_path / "a")
    run = ("attack", "run", *asked)
    for command, told in (
        ((*run, "--targets", "iPod"), "no class 'iPod'"),
        ((*run, "--targets", ""), "names no target"),
        ((*run, "--targets", "pig", "--classes", ""), "no strings in ''"),
        ((*run, "--targets", "pig", "--classes", "pig"), "1 named"),
        ((*run, "--targets", "pig", "--classes", "classes.txt"), "no file 'classes.txt'"),
        ((*run, "--targets", "pig", "--only", "rendition=loud"), "its values are: flat"),
        ((*run, "--targets", "pig", "--n", "0"), "0 images to attack"),
        ((*run, "--targets", "pig", "--prompts", "loud"), "no prompts 'loud'"),
        ((*run, "--targets", "pig", "--edit", tmp_path / "no"), "no edit at"),
        (("attack", "search", *asked, "--target", "iPod"), "no class 'iPod'"),
        (("attack", "search", *asked, "--target", "pig", "--vocabulary", ""), "no strings in ''"),
        (("attack", "hijack", *asked, "--neuron", "a:1", "--target", "iPod"), "no class 'iPod'"),
        (("attack", "hijack", *asked, "--neuron", "a:1", "--vocabulary", "w.txt"), "no file"),
        (("attack", "defend", *asked, "--classes", "pig,dgo,pig"), "'pig' is named twice"),
    ):
        assert told in refused(*command)
    assert not (tmp_path / "a").exists()


def test_a_model_that_sees_nothing_is_warned_of_before_the_work_and_told_first(
    attack, tmp_path: Path
) -> None:
    # grey pictures, of which half are called one thing and half another
    for i in range(24):
        folder = tmp_path / "grey" / ("dog" if i % 2 else "cat")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 96), (100 + i,) * 3).save(folder / f"{i:02}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = attack("run", "-i", tmp_path / "grey", "--targets", "guitar", "--classes",
                      "dog,cat,guitar", "--out", tmp_path / "a")  # fmt: skip
    assert done.code == 0, done.err
    assert "warning: Read by zero-shot, the model cannot tell these classes apart" in done.err
    assert done.out.startswith("Read by zero-shot, the model cannot tell these classes apart")
    # and the eight places that cannot be read on 96 px are not the default
    assert "Written: one copy at a random place" in done.out


def test_mistakes_are_one_line(attack, refused, tmp_path: Path) -> None:
    asked = ("attack", "run", "-m", "miniature", "-i", "miniature", "--device", "cpu",
             "--out", tmp_path / "a")  # fmt: skip
    for more, told in (
        (("--targets", "iPod"), "no class 'iPod'"),
        (("--targets", "trash="), "write CLASS, or TEXT=CLASS"),
        (("--targets", "pig", "--place", "up"), "no place 'up'"),
        (("--targets", "pig", "--colour", "mauve"), "no colour 'mauve'"),
        (("--targets", "pig", "--font", __file__), "no font file"),
        (("--targets", "pig", "--area", "0.9", "--place", "random"), "cannot cover"),
        (("--targets", "pig", "--prompts", "loud"), "no prompts 'loud'"),
        (("--targets", "pig", "--only", "rendition"), "COLUMN=VALUE"),
        (("--targets", "pig", "--only", "rendition=loud"), "its values are: flat"),
        (("--targets", "pig", "--edit", tmp_path / "no"), "no edit at"),
    ):
        assert told in refused(*asked, *more)
    assert not (tmp_path / "a").exists()
