from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from neurons.attacks.published_sets import labelled, paint, rta100, scam, typographic_set
from neurons.attacks.typographic_set import ATTACKED, CLEAN, NAMED
from neurons.errors import ImagesNotFoundError, OptionError
from tests.conftest import shared


def folder(root: Path, names: Sequence[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name)
    return root


def small_scam(root: Path) -> Path:
    kinds = ("NoSCAM", "SCAM", "SynthSCAM")
    folder(root, [f"{kind}/{kind}_img_{i:04}.webp" for kind in kinds for i in (1, 2)])
    rows = "SCAM_img_0001,ball,car,0.4\nSCAM_img_0002,hair dryer,bowl,1.5\n"
    (root / "metadata.csv").write_text("image_id,object_label,attack_word,postit_area_pct\n" + rows)
    return root


def test_scam_tells_for_every_image_what_it_shows_and_what_is_written(tmp_path: Path) -> None:
    opened = scam(small_scam(tmp_path))
    assert opened.kinds == ("NoSCAM", "SCAM", "SynthSCAM") and len(opened.trials) == 6
    for trial in opened.trials:
        name = opened.images.ids[trial.index]
        assert name.startswith(f"{trial.kind}/{trial.kind}_")
        right = ("ball", "car") if name.endswith("0001.webp") else ("hair dryer", "bowl")
        assert (trial.true, trial.written) == right
        assert trial.word == (CLEAN if trial.kind == "NoSCAM" else ATTACKED)
    assert opened.class_names == ("ball", "bowl", "car", "hair dryer")


def test_scams_templates_are_those_of_its_released_evaluation(tmp_path: Path) -> None:
    templates = scam(small_scam(tmp_path)).templates
    # as main_vlm_openclip.py of github.com/Bliss-e-V/SCAM lists them: first and last
    assert len(templates) == len(set(templates)) == 32
    assert templates[0] == "a bad photo of a {}." and templates[31] == "a blurry photo of the {}."
    assert templates[9] == "a tattoo of a {}." and templates[18] == "the plastic {}."


@pytest.mark.parametrize(("open_set", "name"), [(rta100, "rta100"), (paint, "paint")])
def test_file_names_tell_label_and_text(open_set, name: str, tmp_path: Path) -> None:
    names = ["label=pen case_text=hair dryer.jpg", "label=DVD_text=frisbee.png"]
    opened = open_set(folder(tmp_path, names))
    found = {(t.true, t.written) for t in opened.trials}
    assert found == {("pen case", "hair dryer"), ("DVD", "frisbee")}
    assert opened.name == name and opened.templates == ("a photo of a {}.",)
    assert all(trial.word == ATTACKED for trial in opened.trials)


def test_labelled_photographs_have_their_controls(tmp_path: Path) -> None:
    names = ["apple-ipod", "apple-dollars", "apple-blank", "apple-apple", "mug-cup", "mug-pizza"]
    opened = labelled(folder(tmp_path, [f"{name}.jpg" for name in names]))
    found = {
        (Path(opened.images.ids[t.index]).stem, t.true, t.written, t.word) for t in opened.trials
    }
    assert found == {
        ("apple-ipod", "apple", "iPod", ATTACKED),
        ("apple-dollars", "apple", "piggy bank", ATTACKED),
        ("apple-blank", "apple", "iPod", CLEAN),
        ("apple-blank", "apple", "piggy bank", CLEAN),
        ("apple-apple", "apple", "iPod", NAMED),
        ("apple-apple", "apple", "piggy bank", NAMED),
        ("mug-cup", "mug", "pizza", NAMED),
        ("mug-pizza", "mug", "pizza", ATTACKED),
    }


def test_a_wrong_layout_is_told_with_the_expected_one(tmp_path: Path) -> None:
    rta = folder(tmp_path / "rta", ["label=DVD_text=frisbee.jpg"])
    photos = folder(tmp_path / "photos", ["apple-ipod.jpg"])
    empty = tmp_path / "empty"
    empty.mkdir()
    for open_set, root, what, layout in (
        (scam, rta, "it has no metadata.csv", "object_label"),
        (rta100, photos, "'apple-ipod.jpg' does not tell its label", "label=DVD_text=frisbee.jpg"),
        (paint, empty, "no image below", "label=DVD_text=frisbee.jpg"),
        (labelled, rta, "is not called OBJECT-LABEL", "apple-ipod.jpg"),
    ):
        with pytest.raises(ImagesNotFoundError, match=f"{what}.*expected is a folder.*{layout}"):
            open_set(root)
    with pytest.raises(ImagesNotFoundError, match="no folder"):
        rta100(tmp_path / "nowhere")


def test_scams_table_and_folders_must_agree(tmp_path: Path) -> None:
    root = small_scam(tmp_path / "scam")
    table = root / "metadata.csv"
    whole = table.read_text()
    table.write_text(whole.replace("attack_word", "word"))
    with pytest.raises(ImagesNotFoundError, match="no column 'attack_word'; expected"):
        scam(root)
    table.write_text("\n".join(whole.splitlines()[:2]) + "\n")
    with pytest.raises(ImagesNotFoundError, match=r"no row for 'NoSCAM/NoSCAM_img_0002\.webp'"):
        scam(root)
    table.write_text(whole)
    folder(root, ["elsewhere/img_0001.webp"])
    with pytest.raises(ImagesNotFoundError, match="'elsewhere/img_0001.webp' is in none"):
        scam(root)


def test_a_set_is_opened_by_name_and_path(tmp_path: Path) -> None:
    assert typographic_set(f"scam:{small_scam(tmp_path)}").name == "scam"
    for wrong in ("imagenet:here", "scam", "scam:"):
        with pytest.raises(OptionError, match="write NAME:PATH with one of: scam, rta100"):
            typographic_set(wrong)


@pytest.mark.parametrize(
    ("name", "path", "n_images"),
    [
        ("scam", "scam", 450),
        ("rta100", "rta100", 100),
        ("paint", "paint", 20),
        ("labelled", "labelled-photos", 27),
    ],
)
def test_the_published_layouts_open(name: str, path: str, n_images: int) -> None:
    opened = typographic_set(f"{name}:{shared(f'data/typographic/{path}')}")
    assert len(opened.images) == n_images
    assert {trial.index for trial in opened.trials} == set(range(n_images))
    assert all(trial.true != trial.written for trial in opened.trials)
