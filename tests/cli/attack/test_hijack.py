"""A neuron's word, its attack, and the attack without it."""

from __future__ import annotations

from pathlib import Path

from neurons import Clip, Hijack, images, scan
from tests.cli.attack.conftest import CLASSES, SMALL

ASKED = ("--classes", CLASSES, "--vocabulary", "$$$,guitar,money,moon,sad", *SMALL[:-1], 8)


def test_the_money_unit_is_excited_by_dollars(attack, tmp_path: Path) -> None:
    done = attack("hijack", "-i", "miniature", *ASKED, "--neuron", "visual.layer4:39",
                  "--out", tmp_path / "h")  # fmt: skip
    assert done.code == 0, done.err
    found = Hijack.load(tmp_path / "h" / "result")
    assert found.attack.text == "$$$" and found.verdict() in done.out
    assert next((tmp_path / "h").glob("Hijack*.html")).is_file()


def test_a_runs_own_images_are_attacked(
    attack, refused, miniature: Clip, pictures: Path, tmp_path: Path
) -> None:
    scan(miniature, images(pictures), ["visual.layer4"], tmp_path / "run")
    asked = ("hijack", "--run", tmp_path / "run", "--neuron", "visual.layer4:39")
    done = attack(*asked, "--classes", CLASSES, "--vocabulary", "$$$,guitar", "--place", "random",
                  "--n", 4, "--text", "guitar", "--target", "guitar",
                  "--out", tmp_path / "h")  # fmt: skip
    assert done.code == 0, done.err
    found = Hijack.load(tmp_path / "h" / "result")
    assert found.attack.text == "guitar"


def test_without_images_nothing_is_attacked(refused, tmp_path: Path) -> None:
    assert "no images to attack" in refused(
        "attack", "hijack", "-m", "miniature", "--neuron", "visual.layer4:1", "--out", tmp_path
    )
