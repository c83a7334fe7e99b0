"""The command counts which cue answers follow, and says first when that means nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import CueConflict
from tests.conftest import LAYER, picture


@pytest.fixture(scope="module")
def conflicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes in conflict, and the same two in a folder of their own without one."""
    root = tmp_path_factory.mktemp("shape") / "pictures"
    for i in range(4):
        for a, b in (("dog", "cat"), ("cat", "dog")):
            save(root / "conflict" / a / f"{a}{i + 1}-{b}{i + 1}.png", i)
            save(root / "edges" / a / f"{a}{i + 1}.png", 20 + i)
    return root


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed=seed)).save(path)


def test_a_model_at_chance_is_told_before_its_bias(
    command, planted_name: str, conflicts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    neurons.scan(
        neurons.load(planted_name, device="cpu"), neurons.images(conflicts / "edges"), [LAYER],
        tmp_path / "run",
    )  # fmt: skip
    done = command("audit", "shape", planted_name, "-i", conflicts, "--prompts", "plain",
                   "--plain", conflicts / "edges", "--n", 4, "--run", tmp_path / "run",
                   "--out", out, "--device", "cpu")  # fmt: skip
    assert done.code == 0, done.err
    first = done.out.splitlines()[0]
    assert first.startswith("On “conflict” cue accuracy cannot be told from chance")
    assert "none of them" in done.out and "as they are" in done.out
    assert done.out.splitlines()[-1] == f"pages: {out / 'index.html'}"
    page = next(path for path in out.glob("*.html") if path.name != "index.html").read_text()
    for title in ("What answers follow", "Accuracy under distortions", "Units that follow a cue"):
        assert title in page
    assert CueConflict.load(out / "result").counts.n == 8
    assert (out / "cue_layers" / "table.csv").is_file()


def test_answers_that_were_given_are_counted_without_a_model(command, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    rng = np.random.default_rng(0)
    lines = ["subj,object_response,imagename"]
    for i in range(60):
        shape, texture = rng.permutation(["dog", "cat", "car"])[:2]
        answer = shape if i % 6 else texture
        lines.append(f"s{i % 2},{answer},{i:04}_x_{shape}{i % 5 + 1}-{texture}{i % 3 + 1}.png")
    table.write_text("\n".join(lines))
    done = command("audit", "shape", "--answers", table, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "shape bias is 0.833 (0.720 to 0.907, n = 60) (" in done.out
    assert "s0" in done.out and "no independent trials" in done.out


def test_mistakes_are_one_line(refused, planted_name: str, conflicts: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    assert "name a model and cue conflicts" in refused("audit", "shape", planted_name, *out)
    told = refused("audit", "shape", planted_name, "--answers", "x.csv", *out)
    assert "counted by themselves" in told
    assert "no table of answers" in refused("audit", "shape", "--answers", "x.csv", *out)
    told = refused("audit", "shape", planted_name, "-i", conflicts, "--classes", "dog,horse", *out)
    assert "no class 'cat'" in told
    assert not (tmp_path / "out").exists()


def test_classes_are_asked_for_by_what_they_are_called(
    command, refused, planted_name: str, conflicts: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dog: poodle, terrier\n")
    given = ("audit", "shape", planted_name, "-i", conflicts / "conflict", "--words", words,
             "--prompts", "plain", "--device", "cpu", "--out", tmp_path / "out")  # fmt: skip
    assert "no line for 'cat'" in refused(*given)
    words.write_text("dog: poodle, terrier\ncat: tabby\nhorse: pony\n")
    done = command(*given)
    assert done.code == 0, done.err
    assert CueConflict.load(tmp_path / "out" / "result").counts.classes == ("dog", "cat", "horse")
