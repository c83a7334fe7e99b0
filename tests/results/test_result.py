"""A result reloads as it was, with the same bytes, and shows itself without trusting its text."""

from __future__ import annotations

import importlib
import io
import json
import math
import pkgutil
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError, OutputExistsError, ResultNotFoundError
from neurons.geometry import Box
from neurons.results.blocks import Bars, Block, Curve, Gallery, Note, Strip, Table, Tile
from neurons.results.drawn import as_html
from neurons.results.result import Result

HOSTILE = '<script>alert("x")</script>[bold]'
ROOT = Path(__file__).resolve().parents[2]
PICTURE = thumbnail(np.full((8, 12, 3), 120, np.uint8))


@dataclass(frozen=True)
class Inner:
    """A part of a result."""

    name: str
    box: Box | None
    picture: bytes


@dataclass(frozen=True)
class Study(Result):
    """A result with every kind of field."""

    number: float
    count: int
    words: tuple[str, ...]
    parts: tuple[Inner, ...]
    vector: np.ndarray

    @property
    def title(self) -> str:
        """Hostile, and of two lines."""
        return f"study\nof {HOSTILE}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Two numbers."""
        return ("n", "3"), ("words", ", ".join(self.words))

    def verdict(self) -> str:
        """One sentence."""
        return f"Nothing was found of {HOSTILE}."

    def rows(self) -> Sequence[Inner]:
        """One part each."""
        return self.parts

    def blocks(self) -> tuple[Block, ...]:
        """Show every kind of block, with hostile text."""
        tile = Tile(PICTURE, "1.5", HOSTILE, HOSTILE, Box(0, 0, 1, 1))
        return (
            Note(HOSTILE),
            Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, "3"),), HOSTILE),
            Bars(HOSTILE, (HOSTILE,), (2.0,), "lift", (1.0,), (3.0,), 1.0),
            Curve(HOSTILE, (0.0, 1.0), (0.0, 2.0), "x", "y", log=True),
            Gallery(HOSTILE, (tile,)),
            Strip(HOSTILE, (Gallery(HOSTILE, (tile,)),)),
        )


def study() -> Study:
    parts = (Inner("a", Box(0, 0.25, 0.5, 1), b"\x00\xff"), Inner("b", None, b""))
    provenance = {"model": {"name": "m"}, "n": 3, "list": [1, 2]}
    return Study(provenance, math.nan, 3, ("x", HOSTILE), parts, np.arange(6).reshape(2, 3))


def test_a_result_reloads_as_it_was(tmp_path: Path) -> None:
    study().save(tmp_path / "r")
    found = Study.load(tmp_path / "r")
    assert math.isnan(found.number)
    assert (found.vector == study().vector).all()
    assert (found.parts, found.words, found.count) == (study().parts, study().words, 3)
    assert found.provenance == study().provenance


def test_equal_results_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        study().save(tmp_path / name)
    kept = [{f.name: f.read_bytes() for f in (tmp_path / n).iterdir()} for n in ("a", "b")]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 2


def test_a_result_is_never_put_over_another_one_silently(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    first = study()
    first.save(folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    others = {
        r"provenance\.n: the one there has 3, this one has 4": replace(
            first, provenance={**first.provenance, "n": 4}
        ),
        "count: the one there has 3, this one has 5": replace(first, count=5),
        "it holds a Study, not a Pair": Pair({}, 3, np.zeros(1)),
    }
    for told, other in others.items():
        with pytest.raises(OutputExistsError, match=told):
            other.save(folder)
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    # an update of a library, and numbers that another machine measured, are no other question
    again = {**first.provenance, "versions": {"torch": "9"}}
    replace(first, number=1.0, provenance=again).save(folder)
    assert Study.load(folder).number == 1.0
    for other in others.values():
        other.save(folder, replace=True)
    assert Pair.load(folder).number == 3


def test_a_result_is_never_saved_among_a_users_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OptionError, match="is not empty and holds no result: 'thesis.txt'"):
        study().save(tmp_path)
    for path in (tmp_path / "thesis.txt", tmp_path / "thesis.txt" / "r"):
        with pytest.raises(OptionError, match="no folder can be made"):
            study().save(path, replace=True)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_table_is_never_put_over_another_one_silently(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for _ in range(2):
        study().to_table(path)
    other = replace(study(), parts=(Inner("c", None, b""),))
    with pytest.raises(OutputExistsError, match="with other content"):
        other.to_table(path)
    assert other.to_table(path, replace=True).read_text().count("c") > 0


def test_a_result_of_another_kind_is_refused(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Other(Result):
        """Another kind."""

    study().save(tmp_path / "r")
    with pytest.raises(ResultNotFoundError, match="holds a Study, not a Other"):
        Other.load(tmp_path / "r")
    with pytest.raises(ResultNotFoundError, match="no result"):
        Study.load(tmp_path)


def test_a_file_that_is_no_result_or_of_a_later_version_says_so(tmp_path: Path) -> None:
    study().save(tmp_path)
    file = tmp_path / "result.json"
    content = json.loads(file.read_text())
    for changed, said in (
        ({**content, "format": 99}, r"written by a later version \(format 99"),
        ({**content, "fields": {**content["fields"], "colour": 3}}, "had other fields; make it"),
        ({"kind": "Study"}, "is no result that `save` wrote"),
    ):
        file.write_text(json.dumps(changed))
        with pytest.raises(ResultNotFoundError, match=said) as raised:
            Study.load(tmp_path)
        assert "\n" not in str(raised.value)


def test_a_notebook_never_sees_hostile_text_as_html() -> None:
    html = study()._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert html == "".join(as_html(block) for block in study().described())
    # what was found, or that it means nothing, comes first
    assert html.startswith("<p><em>Nothing was found of &lt;script&gt;")


def test_a_terminal_prints_brackets_as_they_are() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(study())
    text = out.getvalue()
    assert text.count(HOSTILE) >= 8
    assert "1.5" in text


def test_a_thumbnail_keeps_pixels_and_nothing_else() -> None:
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, :300] = 255
    with Image.open(io.BytesIO(thumbnail(pixels))) as found:
        assert found.size == (224, 112)
        assert not found.getexif()
        left = np.asarray(found.convert("RGB"))[:, :100]
    assert left.min() > 240
    small = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(thumbnail(small))) as found:
        assert (np.asarray(found.convert("RGB")) == small).all()


def test_a_repr_is_one_line_with_title_and_facts() -> None:
    assert repr(study()).startswith(f"<Study study of {HOSTILE}: n 3, words x, ")
    long = Study({}, 1.0, 1, (10_000 * "word\n",), (), np.arange(3))
    assert len(repr(long)) < 200
    assert "\n" not in repr(long)


def test_every_kind_of_result_prints_itself_in_one_line() -> None:
    for package in ("studies", "readouts", "visualization"):
        root = importlib.import_module(f"neurons.{package}")
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            importlib.import_module(module.name)
    kinds = [kind for kind in _below(Result) if kind.__module__.startswith("neurons.")]
    assert len(kinds) >= 18
    for kind in kinds:
        assert kind.__repr__ is Result.__repr__, kind
        assert kind.__doc__


def _below(kind: type[Result]) -> list[type[Result]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *_below(sub))]


def test_a_save_over_one_of_version_0_1_leaves_no_old_arrays(tmp_path: Path) -> None:
    study().save(tmp_path)
    (arrays,) = tmp_path.glob("arrays-*.npz")
    content = json.loads((tmp_path / "result.json").read_text())
    old = {"format": 1, "kind": "Study", "fields": content["fields"]}
    (tmp_path / "result.json").write_text(json.dumps(old))
    arrays.rename(tmp_path / "arrays.npz")
    # as 0.1 laid it out, and as a kill in the middle of a save leaves it
    (tmp_path / "arrays-0123.npz.partial").write_bytes(b"torn")
    assert (Study.load(tmp_path).vector == study().vector).all()
    study().save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"result.json", arrays.name}
    assert (Study.load(tmp_path).vector == study().vector).all()


def test_what_version_0_1_called_otherwise_is_read(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Renamed(Result):
        """What was a Study, with one field renamed."""

        was = "Study"
        fields_were = {"number": "amount"}

        amount: float
        count: int
        words: tuple[str, ...]
        parts: tuple[Inner, ...]
        vector: np.ndarray

    study().save(tmp_path)
    file = tmp_path / "result.json"
    content = json.loads(file.read_text())
    with pytest.raises(ResultNotFoundError, match="had other fields"):
        Renamed.load(tmp_path)
    file.write_text(json.dumps({**content, "format": 1}))
    assert Renamed.load(tmp_path).count == 3
    assert math.isnan(Renamed.load(tmp_path).amount)


@dataclass(frozen=True)
class Pair(Result):
    """A number in JSON, and the same number in an array: torn if they differ."""

    number: int
    filled: np.ndarray


# a child saves one pair after another and is killed; its parent looks at what is left
_KILLED_SAVES = """
import itertools, os, random, signal, sys, time
import numpy as np
from tests.results.test_result import Pair

def save_for_ever(folder):
    for i in itertools.count(os.getpid()):
        Pair({}, i % 7, np.full(2_000 + i % 3, i % 7)).save(folder, replace=True)

started = time.monotonic()
for _ in range(5):
    Pair({}, 0, np.zeros(2_000, int)).save(sys.argv[1])
# a busy machine takes longer for a save
one_save = (time.monotonic() - started) / 5
rng = random.Random(0)
for _ in range(60):
    child = os.fork()
    if not child:
        save_for_ever(sys.argv[1])
    time.sleep(rng.uniform(0.2, 4) * one_save)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = Pair.load(sys.argv[1])
    print(found.number, *sorted(set(found.filled.tolist())))
"""


def test_killed_at_any_moment_a_save_leaves_a_whole_result(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED_SAVES, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = [line.split() for line in done.stdout.splitlines()]
    assert len(found) == 60
    assert len({number for number, _ in found}) > 2
    assert all(number == filled for number, filled in found)
    Pair({}, 3, np.full(5, 3)).save(tmp_path, replace=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_numbers_go_to_pandas_and_pictures_do_not() -> None:
    table = study().to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert table["name"].tolist() == ["a", "b"]
    assert not any(re.search("picture", column) for column in table)
