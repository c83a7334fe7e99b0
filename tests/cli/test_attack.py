"""The commands on attacks do the whole job, and every mistake is one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurons import Clip
from neurons.address import Neuron
from neurons.cli import attack
from neurons.cli.parse_attack import parse_colour, parse_lettering, parse_readout, parse_vocabulary
from neurons.data.images import images
from neurons.drawn_world.concepts import concepts
from neurons.errors import OptionError
from neurons.network.clip import load
from neurons.readouts.probe import Probe
from neurons.recipes.neuron_report import read_strings
from neurons.sparse.path import Step
from neurons.studies.typography.attack import Attack
from neurons.studies.typography.black_box_search import BlackBoxSearch
from neurons.studies.typography.defence import Defence

SMALL = ("--only", "rendition=flat", "--place", "random", "--area", "0.05", "--n", "16")
CLASSES = "pig,dog,cat,house,guitar,clock,piggy bank,umbrella"


@pytest.fixture(scope="module", autouse=True)
def drawn() -> None:
    """Draw the miniature's pictures first: the bar that tells of it is no error."""
    images("miniature")


@pytest.fixture
def run(command):
    def call(*arguments: object) -> tuple[int, str, str]:
        done = command("attack", *arguments)
        return done.code, done.out, done.err

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
        "hijack", *model, *more, "--neuron", "visual.layer4:39", "--n", 8, "--out", tmp_path / "h"
    )
    assert code == 0 and out.startswith("“$$$” excites visual.layer4:39"), err
    assert next((tmp_path / "h").glob("Hijack*.html")).is_file()
    code, out, err = run("stroop", *model, "--n", 1)
    assert code == 0 and "is answered with the word in" in out, err


def test_a_probe_is_read_beside_zero_shot(run, tmp_path: Path) -> None:
    clip = load("miniature", device="cpu")
    probe_by_hand(clip).save(tmp_path / "probe")
    model = ("-m", "miniature", "-i", "miniature", "--device", "cpu", *SMALL)
    asked = (*model, "--probe", tmp_path / "probe")
    code, out, err = run("run", *asked, "--targets", "$$$=piggy bank", "--out", tmp_path / "a")
    assert code == 0, err
    found = Attack.load(tmp_path / "a" / "result")
    assert found.readouts == ("zero-shot", "probe") and "; probe: " in out
    # unit 39 rises on money written anywhere, and on nothing that stands there instead
    assert found.outcome("$$$", readout="probe").success.value > 0.5
    assert found.outcome("$$$", "blank", readout="probe").success.successes == 0
    code, out, err = run(
        "search", *asked, "--target", "piggy bank", "--vocabulary", "$$$,pig,no,we,so,it",
        "--count", 1, "--budget", 60, "--out", tmp_path / "s",
    )  # fmt: skip
    assert code == 0, err
    page = next((tmp_path / "s").glob("*piggy*.html")).read_text(encoding="utf-8")
    assert "success by probe" in page
    found = BlackBoxSearch.load(tmp_path / "s" / "result").confirmed[0]
    assert found.text == "$$$" and found.also[0][1].value > 0.5
    wrong = {
        ("--probe", tmp_path / "no"): "no result at",
        ("--probe", tmp_path / "a" / "result"): "holds a Attack, not a Probe",
        ("--probe", tmp_path / "probe", "--classes", "pig,piggy bank,spider"): (
            "was fitted on other classes: it has no 'spider' (1 of 3 are missing); its 3 are: pig"
        ),
    }
    probe_by_hand(clip, weights="others").save(tmp_path / "other")
    wrong["--probe", tmp_path / "other"] = "is a probe of 'miniature', not of 'miniature'"
    for more, told in wrong.items():
        code, _, err = run("run", *model, *more, "--targets", "pig", "--out", tmp_path / "b")
        assert (code, err.count("\n")) == (2, 1) and told in err, err
    assert not (tmp_path / "b").exists()


def probe_by_hand(clip: Clip, weights: str | None = None) -> Probe:
    """Read a piggy bank off unit 39, a guitar off nothing, and a pig where neither is."""
    units = np.zeros((3, 512), np.float32)
    units[1, 39] = 1
    nothing = np.zeros(512, np.float32)
    made_of = {**clip.provenance(), **({} if weights is None else {"weights_sha256": weights})}
    step = Step(1e-2, 1e-4, True, 3, 0.3, 1, 0.5, 0.1, 0.9)
    return Probe(
        provenance={"run": {"model": made_of}},
        layer="visual.layer4",
        pooling="peak",
        class_names=("pig", "piggy bank", "guitar"),
        rule="by hand",
        l1_ratio=1.0,
        steps=(step,),
        chosen=0,
        parts=np.zeros(1, np.uint8),
        weights=units,
        intercepts=np.array([0.5, 0, -1], np.float32),
        means=nothing,
        scales=nothing,
        confusion=np.eye(3, dtype=np.int32),
        n_top5=3,
    )


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


def test_what_neurons_read_for_their_pages() -> None:
    money, other = Neuron("visual.layer4", 39), Neuron("visual.layer4", 0)
    clip = load("miniature", device="cpu")
    found = read_strings(clip, [money, other, money], ["$$$", "guitar", "moon"])
    assert list(found) == [money, other]
    assert found[money].strongest[0].text == "$$$" and found[money].n_strings == 3
    assert found[money].strongest[0].peak > 3 * found[money].strongest[0].blank
    assert found[other].strongest[0].peak < found[money].strongest[0].peak / 2


def test_strings_become_values(tmp_path: Path) -> None:
    assert parse_colour("#0a0B0c") == (10, 11, 12) and parse_colour("white") == (255,) * 3
    lettering = parse_lettering(font=None, size_px=None, area=None, place="0.5,0.8", plate="white")
    assert (lettering.places, lettering.plate, lettering.area) == ((0.5, 0.8), (255,) * 3, 0.07)
    clip = load("miniature", device="cpu")
    (tmp_path / "classes.txt").write_text("pig\npiggy bank\n", encoding="utf-8")
    readout = parse_readout(clip, None, str(tmp_path / "classes.txt"), "auto")
    assert readout.class_names == ("pig", "piggy bank") and len(readout.templates) == 10
    words = parse_vocabulary(None, clip, readout.class_names)
    assert "$$$" in words and set(concepts()["pig"].words) <= set(words)
    assert "hog" not in parse_vocabulary(None, replace(clip, name="other"), readout.class_names)
    assert len(parse_readout(clip, images("miniature"), None, "plain").class_names) == 79
    with pytest.raises(OptionError, match="no classes; name some"):
        parse_readout(clip, None, None, "auto")
    assert attack.attack_app.info.name == "attack"
