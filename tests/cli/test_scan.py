"""The scan command keeps what images excite, and says what it cannot read."""

from __future__ import annotations

from pathlib import Path

from neurons import Activations
from tests.conftest import LAYER


def test_the_same_command_again_finds_everything_done(scan, pictures: Path, tmp_path: Path) -> None:
    done = scan(pictures, tmp_path / "run")
    assert (done.code, "40 of 40 images" in done.out) == (0, True), done.err
    assert "nothing to do" in scan(pictures, tmp_path / "run").out
    other = scan(pictures, tmp_path / "run", "--precision", "fast")
    assert (other.code, other.err.count("\n")) == (2, 1)
    assert "was made with other settings" in other.err


def test_layers_are_parted_by_commas_or_repeated(
    command, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    asked = ("scan", "-m", planted_name, "-i", pictures, "--device", "cpu")
    first = command(*asked, "-l", "visual.layer3,visual.layer4", "-o", tmp_path / "a")
    again = command(*asked, "-l", "visual.layer3", "-l", "visual.layer4", "-o", tmp_path / "b")
    assert (first.code, again.code) == (0, 0), first.err + again.err
    for name in ("a", "b"):
        held = [layer.path for layer in Activations.open(tmp_path / name).layers]
        assert held == ["visual.layer3", "visual.layer4"]


def test_options_of_storage_reach_the_run(scan, pictures: Path, tmp_path: Path) -> None:
    done = scan(pictures, tmp_path / "run", "--dtype", "float16", "--shard", 16,
                "--no-embeddings", "--content-hash")  # fmt: skip
    assert done.code == 0, done.err
    spec = Activations.open(tmp_path / "run").spec
    assert (spec.dtype, spec.shard_size, spec.embedding_size, spec.content_hash) == (
        "float16", 16, 0, True,
    )  # fmt: skip


def test_bad_options_are_one_line(scan, pictures: Path, tmp_path: Path) -> None:
    for more, told in (
        (("--precision", "quick"), "exact, fast, compiled"),
        (("--batch", "0"), "0"),
        (("--dtype", "float64"), '"float16", "float32"'),
        (("--layers", "visual.layer9"), "visual.layer9"),
    ):
        found = scan(pictures, tmp_path / "run", *more)
        assert (found.code, told in found.err, found.err.count("\n")) == (2, True, 1), found.err
    assert not (tmp_path / "run").exists()


def test_strict_names_the_bad_image(scan, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.jpg").write_bytes(b"\xff\xd8 no jpeg")
    found = scan(tmp_path / "images", tmp_path / "run", "--strict")
    assert found.code == 2
    assert "bad.jpg" in found.err
    lenient = scan(tmp_path / "images", tmp_path / "run")
    assert lenient.code == 0
    assert "1 bad image was skipped" in lenient.out


def test_a_layer_is_named_as_the_run_keeps_it(scanned: Path) -> None:
    assert [layer.path for layer in Activations.open(scanned).layers] == [LAYER]


def test_a_folder_is_counted_at_the_start_and_a_part_is_taken(
    scan, pictures: Path, tmp_path: Path
) -> None:
    done = scan(pictures, tmp_path / "run", "--limit", 6)
    assert "images: the first 6 of 40 images in 4 folders, 1 of 4 classes" in done.out
    assert Activations.open(tmp_path / "run").spec.n_images == 6
    more = scan(pictures, tmp_path / "run", "--limit", 7)
    assert (more.code, "was made with other settings" in more.err) == (2, True)
    both = scan(pictures, tmp_path / "both", "--limit", 6, "--sample", 6)
    assert (both.code, "not both" in both.err) == (2, True)
