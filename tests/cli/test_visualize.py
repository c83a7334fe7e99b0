"""The visualize command makes pictures of units, sentences and images into an album."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LAYER, RED


def test_pictures_of_units_and_sentences_and_on_a_neurons_page(
    command, refused, planted_name: str, scanned: Path, pictures: Path, tmp_path: Path
) -> None:
    short = ("--steps", 8, "--batch", 4, "--device", "cpu", "--out", tmp_path / "album")
    picture_of = sorted((pictures / "red").iterdir())[0]
    done = command("visualize", planted_name, f"{LAYER}:{RED}", "text:a red house", "random:3",
                   f"image:{picture_of}", "walk:red|green", "--stops", 3,
                   "--run", scanned, *short)  # fmt: skip
    assert done.code == 0, done.err
    for name in (f"{LAYER}:{RED}", "text:a red house", "random:3", "50% text:red, 50% text:green"):
        assert name in done.out
    again = command("visualize", planted_name, f"{LAYER}:{RED}", "--run", scanned, *short)
    assert again.code == 0 and "climbing" not in again.err
    told = command("report", scanned, f"{LAYER}:{RED}", "--out", tmp_path / "pages",
                   "--pictures", tmp_path / "album")  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / f"pages/{LAYER}-{RED}.html").read_text(encoding="utf-8")
    assert "Pictures made to excite it" in page and "Images that excite it most" in page
    assert "no pictures of 'visual.layer4:9'" in refused(
        "report", scanned, f"{LAYER}:9", "--out", tmp_path / "p", "--pictures", tmp_path / "album"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["visual.layer4"], "add --all"),
        (["visual.layer4:256"], "units 0 to 255"),
        (["walk:visual.layer4:3|red"], "two of them"),
        (["image:nowhere.png"], "nowhere.png"),
        (["visual.layer4:3", "--paint", "oil"], "there are: fourier, alpha, pixels, maco"),
        (["visual.layer4:3", "--transforms", "shake"], "there are: lucent, goh2021, none"),
        (["text:red", "--size", "128"], "attention has a fixed grid"),
        (["visual.layer4:3", "--facets", "nowhere"], "no images at 'nowhere'"),
    ],
)
def test_what_cannot_be_pictured_is_one_line(
    refused, planted_name: str, tmp_path: Path, asked: list[str], said: str
) -> None:
    out = tmp_path / "x"
    assert said in refused("visualize", planted_name, *asked, "--out", out, "--device", "cpu")


def test_what_silences_a_whole_layer(command, planted_name: str, tmp_path: Path) -> None:
    done = command("visualize", planted_name, "visual.layer1", "--all", "--negative", "--steps", 2,
                   "--seeds", 1, "--batch", 32, "--device", "cpu", "--out", tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    assert "-visual.layer1:0" in done.out and "12 more on the pages" in done.out
