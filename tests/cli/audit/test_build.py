"""Cue conflicts are made by a command, and opened by the next."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from neurons.data.cue_images import cue_images


def test_two_sets_become_conflicts(command, refused, tmp_path: Path) -> None:
    for name, colour in (("ball", "red"), ("box", "blue")):
        for kind in ("drawings", "photos"):
            (tmp_path / kind / name).mkdir(parents=True)
        image = Image.new("RGB", (60, 60), "white")
        ImageDraw.Draw(image).rectangle((15, 15, 45, 45), fill="black")
        image.save(tmp_path / "drawings" / name / "1.png")
        Image.new("RGB", (60, 60), colour).save(tmp_path / "photos" / name / "1.png")
    sets = ("--shapes", tmp_path / "drawings", "--textures", tmp_path / "photos")
    out = tmp_path / "out"
    done = command("audit", "build", *sets, "--out", out, "--side", 48)
    assert (done.code, done.out) == (0, f"6 images of 2 classes\nimages: {out}\n"), done.err
    assert cue_images(out).in_conflict.sum() == 2
    told = refused("audit", "build", *sets, "--out", out, "--side", 64)
    assert "made with other settings" in told and "--replace" in told
    assert "there are: silhouette, edges" in refused("audit", "build", *sets, "--out", out,
                                                     "--as", "outline")  # fmt: skip
