"""The command line does the whole job, and every error that a user can cause is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from neurons.errors import ImagesNotFoundError
from tests.conftest import LAYER, RED, Outcome, picture


@pytest.fixture
def run(command):
    return command


def scan(run, model: str, images: Path, out: Path, *more: str) -> Outcome:
    return run("scan", "--model", model, "--images", images, "--layers", LAYER,
               "--out", out, "--device", "cpu", *more)  # fmt: skip


def test_scan_examples_and_report_in_a_row(
    run, planted_name: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = scan(run, planted_name, pictures, tmp_path / "run")
    assert (done.code, "40 of 40 images" in done.out) == (0, True), done.err
    assert "nothing to do" in scan(run, planted_name, pictures, tmp_path / "run").out
    shown = run("examples", tmp_path / "run", f"{LAYER}:{RED}", "--count", 3)
    assert shown.code == 0, shown.err
    assert "noisy" in shown.out or "red" in shown.out
    assert (tmp_path / f"{LAYER}-{RED}.html").is_file()
    told = run("report", tmp_path / "run", f"{LAYER}:{RED}", f"{LAYER}:9", "--out", "pages")
    assert told.out.strip() == "report: pages/index.html"
    assert (tmp_path / "pages" / f"{LAYER}-9.html").is_file()


def test_lists_of_models_and_layers(run, planted_name: str) -> None:
    models = run("models", "RN50x4")
    assert "openai" in models.out
    assert "ViT" not in models.out
    layers = run("layers", planted_name, "--device", "cpu")
    assert LAYER in layers.out
    assert "visual.conv1" not in layers.out
    assert "visual.conv1" in run("layers", planted_name, "--all", "--device", "cpu").out


def test_every_mistake_is_one_line_and_exit_code_2(
    run, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    made = tmp_path / "run"
    scan(run, planted_name, pictures, made)
    nowhere = tmp_path / "nowhere"
    mistakes = {
        ("layers", "RN51/openai"): "nearest",
        ("layers", f"local-dir:{nowhere}"): "no folder",
        ("examples", nowhere, f"{LAYER}:1"): "no run at",
        ("examples", made, "layer4"): "LAYER:UNIT",
        ("examples", made, f"{LAYER}:9999"): "units 0 to 255",
        ("examples", made, "visual.layer1:0"): "holds no layer",
        ("examples", made, f"{LAYER}:1", "--count", 0): "--count is 0",
        ("examples", made, f"{LAYER}:1", "--images", nowhere): "no images at",
        ("report", made, f"{LAYER}:1", f"{LAYER}:9999", "--out", tmp_path / "r"): "units 0 to 255",
    }
    for arguments, told in mistakes.items():
        found = run(*arguments)
        assert found.code == 2, arguments
        assert found.err.startswith("error: "), found.err
        assert told in found.err
        assert found.err.count("\n") == 1, found.err
        assert "Traceback" not in found.err + found.out
    assert not (tmp_path / "r").exists()
    for more, told in (
        (("--precision", "quick"), "exact, fast, compiled"),
        (("--batch", "0"), "--batch is 0"),
        (("--precision", "fast"), "was made with other settings"),
    ):
        found = scan(run, planted_name, pictures, made, *more)
        assert (found.code, told in found.err, found.err.count("\n")) == (2, True, 1), found.err


def test_debug_shows_where_it_came_from(run, planted_name: str, tmp_path: Path) -> None:
    with pytest.raises(ImagesNotFoundError):
        scan(run, planted_name, tmp_path / "nowhere", tmp_path / "run", "--debug")


def test_strict_names_the_bad_image(run, planted_name: str, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.jpg").write_bytes(b"\xff\xd8 no jpeg")
    found = scan(run, planted_name, tmp_path / "images", tmp_path / "run", "--strict")
    assert found.code == 2
    assert "bad.jpg" in found.err
    lenient = scan(run, planted_name, tmp_path / "images", tmp_path / "run")
    assert lenient.code == 0
    assert "1 bad image was skipped" in lenient.out


def test_odd_file_names_survive(run, planted_name: str, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("[bold]x[red].png", "<b>.png", "ünï cøde.png"):
        Image.fromarray(picture()).save(tmp_path / "images" / name)
    assert scan(run, planted_name, tmp_path / "images", tmp_path / "run").code == 0
    shown = run("examples", tmp_path / "run", f"{LAYER}:{RED}", "--out", tmp_path / "x.html")
    for name in ("[bold]x[red].png", "<b>.png", "ünï cøde.png"):
        assert name in shown.out
    page = (tmp_path / "x.html").read_text()
    assert "<b>.png" not in page


def test_moved_images_can_be_named_again(
    run, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    shutil.copytree(pictures, tmp_path / "here")
    scan(run, planted_name, tmp_path / "here", tmp_path / "run")
    (tmp_path / "here").rename(tmp_path / "there")
    lost = run("examples", tmp_path / "run", f"{LAYER}:{RED}")
    assert (lost.code, "say where they are now with --images" in lost.err) == (2, True)
    found = run("examples", tmp_path / "run", f"{LAYER}:{RED}", "--images", tmp_path / "there",
                "--out", tmp_path / "x.html")  # fmt: skip
    assert found.code == 0, found.err


def test_the_demo_does_the_whole_job_and_its_run_can_be_asked_on(run, tmp_path: Path) -> None:
    done = run("demo", "--out", tmp_path / "demo")
    assert done.code == 0, done.err
    assert "the same top class as flat, outline, word" in done.out
    assert "finance, as picture, outline and word" in done.out
    assert (tmp_path / "demo/report/index.html").is_file()
    counted = run("census", tmp_path / "demo/run", "visual.layer4", "--among", "photo,silhouette")
    assert counted.code == 0, counted.err
    assert "as photo, silhouette" in counted.out
    told = run("report", tmp_path / "demo/run", "visual.layer4:7", "--by", "rendition",
               "--out", tmp_path / "pages")  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / "pages/visual.layer4-7.html").read_text(encoding="utf-8")
    assert "The top of each rendition" in page
    for *asked, said in (
        ["census", "--among", "flat,drawn", "drawn"],
        ["census", "--among", "flat", "two groups or more"],
        ["census", "--by", "colour", "colour"],
        ["report", "--out", str(tmp_path / "pages"), "--by", "family", "17 values"],
    ):
        where = "visual.layer4" if asked[0] == "census" else "visual.layer4:7"
        failed = run(asked[0], tmp_path / "demo/run", where, *asked[1:])
        assert (failed.code, failed.err.count("\n")) == (2, 1), failed.err
        assert said in failed.err


def test_a_census_says_which_column_is_missing(
    run, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    scan(run, planted_name, pictures, tmp_path / "run")
    failed = run("census", tmp_path / "run", LAYER)
    assert (failed.code, failed.err.count("\n")) == (2, 1), failed.err
    assert "rendition" in failed.err


def test_pictures_of_units_and_sentences_and_on_a_neurons_page(
    run, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    scan(run, planted_name, pictures, tmp_path / "run")
    short = ("--steps", 8, "--batch", 4, "--device", "cpu", "--out", tmp_path / "album")
    picture_of = sorted((pictures / "red").iterdir())[0]
    done = run("visualize", planted_name, f"{LAYER}:{RED}", "text:a red house", "random:3",
               f"image:{picture_of}", "walk:red|green", "--stops", 3,
               "--run", tmp_path / "run", *short)  # fmt: skip
    assert done.code == 0, done.err
    for name in (f"{LAYER}:{RED}", "text:a red house", "random:3", "50% text:red, 50% text:green"):
        assert name in done.out
    again = run("visualize", planted_name, f"{LAYER}:{RED}", "--run", tmp_path / "run", *short)
    assert again.code == 0 and "climbing" not in again.err
    told = run("report", tmp_path / "run", f"{LAYER}:{RED}", "--out", tmp_path / "pages",
               "--pictures", tmp_path / "album")  # fmt: skip
    assert told.code == 0, told.err
    page = (tmp_path / f"pages/{LAYER}-{RED}.html").read_text(encoding="utf-8")
    assert "What it wants to see" in page and "Images that excite it most" in page
    missing = run("report", tmp_path / "run", f"{LAYER}:9", "--out", tmp_path / "pages",
                  "--pictures", tmp_path / "album")  # fmt: skip
    assert (missing.code, "no pictures of 'visual.layer4:9'" in missing.err) == (2, True)


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
    run, planted_name: str, tmp_path: Path, asked: list[str], said: str
) -> None:
    failed = run("visualize", planted_name, *asked, "--out", tmp_path / "x", "--device", "cpu")
    assert (failed.code, failed.err.count("\n")) == (2, 1), failed.err
    assert said in failed.err


def test_what_silences_a_whole_layer(run, planted_name: str, tmp_path: Path) -> None:
    done = run("visualize", planted_name, "visual.layer1", "--all", "--negative", "--steps", 2,
               "--seeds", 1, "--batch", 32, "--device", "cpu", "--out", tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    assert "-visual.layer1:0" in done.out and "12 more on the pages" in done.out
