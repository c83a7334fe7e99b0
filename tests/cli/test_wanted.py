"""A person who comes with a text finds its units, in general and in a picture of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import LAYER, picture


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("words") / "words.txt"
    file.write_text("\n".join(f"word {i}" for i in range(30)))
    return file


def test_a_text_finds_units_and_the_next_command(
    command, scanned: Path, words: Path, tmp_path: Path
) -> None:
    done = command("wanted", scanned, "a dog", "--vocabulary", words, "--fit", 40, "--count", 3,
                   "--out", tmp_path / "pages")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("readout: ") and "cosine" in done.out
    assert len([line for line in done.out.splitlines() if line.startswith(f"{LAYER}:")]) == 3
    assert f"look at them: neurons report {scanned} {LAYER}:" in done.out
    assert "units set to zero" in next((tmp_path / "pages").glob("U*.html")).read_text()


def test_a_picture_of_ones_own_is_parted_and_the_sum_is_printed(
    command, scanned: Path, words: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    Image.fromarray(picture(red=0.7)).save(mine)
    done = command("wanted", scanned, "a dog", "--image", mine, "--against", "a red cat",
                   "--vocabulary", words, "--count", 3, "--out", tmp_path / "pages")  # fmt: skip
    assert done.code == 0, done.err
    assert "mine.png scores " in done.out and "'a dog' against 'a red cat'" in done.out
    (check,) = (line for line in done.out.splitlines() if line.startswith("sum check: "))
    assert float(check.rpartition(" ")[2]) < 1e-5
    (page,) = (tmp_path / "pages").glob("*mine*.html")
    assert "all other units" in page.read_text()


def test_what_cannot_be_asked_is_one_line(refused, scanned: Path, tmp_path: Path) -> None:
    assert "the text is empty" in refused("wanted", scanned, " ")
    assert "did you mean" in refused("wanted", scanned, "a dog", "--image", "red/99.png")
    assert "holds no layer" in refused("wanted", scanned, "a dog", "-l", "visual.layer1")
    assert "cannot read the vocabulary" in refused("wanted", scanned, "a dog", "--vocabulary", "no")
    long = "one two three four five six seven"
    assert "too long for" in refused("wanted", scanned, long)
    assert "against itself" in refused("wanted", scanned, "a dog", "--against", "a dog")
