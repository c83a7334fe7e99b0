"""A unit's texts by one command, without a file of captions, and every mistake is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip

LAYER = "visual.layer4"
WORDS = ("spider", "dog", "fish", "red", "house", "tree", "boat", "moon", "car", "book")


@pytest.fixture(scope="module")
def run(miniature: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("texts") / "run"
    neurons.scan(miniature, neurons.images(pictures), [LAYER], out)
    return out


@pytest.fixture(scope="module")
def readout(miniature: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("texts") / "readout"
    measured = neurons.linearize(miniature, neurons.images(pictures), layer=LAYER, texts=WORDS)
    measured.save(out / "result")
    return out


def test_a_unit_is_told_its_texts_without_a_file_of_captions(
    command, run: Path, readout: Path, tmp_path: Path
) -> None:
    done = command(
        *("texts", run, f"{LAYER}:164", "--readout", readout, "--steps", 1, "--longest", 3),
        *("--random", 5, "--count", 3, "--out", tmp_path / "pages"),
    )
    assert done.code == 0, done.err
    assert "readout: mean attention" in done.err + done.out
    assert "captions of the drawn world" in done.out
    lines = done.out.splitlines()
    captions = [line for line in lines if line.startswith("caption ")]
    assert len(captions) == 3 and any(line.startswith("search ") for line in lines)
    assert all("arachnid" in line or "spider" in line for line in captions)
    page = (tmp_path / "pages" / "visual.layer4-164.html").read_text()
    assert "Searched texts, from natural to extreme" in page


def test_captions_of_a_file_are_ranked_alone_if_asked(
    command, run: Path, readout: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("a photo of spider\na photo of dog\nthe word fish\n")
    done = command(
        *("texts", run, f"{LAYER}:164", "--readout", readout, "--captions-only"),
        *("--captions", tmp_path / "mine.txt"),
    )
    assert done.code == 0, done.err
    assert "best of 3 captions of mine.txt" in done.out and "search " not in done.out
    ranked = [line.split() for line in done.out.splitlines() if line.startswith("caption ")]
    assert ranked[0][1:5] == ["a", "photo", "of", "spider"]
    assert np.diff([float(line[-3]) for line in ranked]).max() <= 0


def test_wrong_texts_are_one_line(refused, run: Path, readout: Path, tmp_path: Path) -> None:
    unit, mine = f"{LAYER}:164", tmp_path / "mine.txt"
    mine.write_text("a dog\n" + "spider " * 15)
    assert "15 tokens is too long for 'miniature', which reads 14" in refused(
        "texts", run, unit, "--captions", mine, "--readout", readout
    )
    assert "there is no file of captions 'nofile'" in refused(
        "texts", run, unit, "--captions", "nofile"
    )
    assert "2 random directions: a search is compared with 5 or more" in refused(
        "texts", run, unit, "--random", 2
    )
    both = ("--captions", mine, "--words", mine)
    assert "not both" in refused("texts", run, unit, *both)
    assert "units 0 to 511" in refused("texts", run, f"{LAYER}:900")


def test_a_units_page_in_a_report_says_what_it_asks_for_in_words(
    command, run: Path, readout: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("a photo of spider\na photo of dog\nthe word fish\n")
    asked = ("--texts", tmp_path / "mine.txt", "--readout", readout, "--words", "spider,dog")
    done = command("report", run, f"{LAYER}:164", *asked, "--count", 1, "--out", tmp_path / "r")
    assert done.code == 0, done.err
    page = (tmp_path / "r" / f"{LAYER}-164.html").read_text()
    for title in ("What it asks for in words", "The strongest strings and their controls"):
        assert title in page
    assert page.index("a photo of spider") < page.index("a photo of dog")
