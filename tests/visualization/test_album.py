"""Pictures land one by one, and a kill at any moment loses none that were kept."""

from __future__ import annotations

from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from neurons import Clip, Neuron, Series, Settings, visualize_to
from neurons.errors import AlbumNotFoundError, MismatchError, OptionError, RunLockedError
from neurons.visualization.album import album_for_writing, folder_name, open_album
from tests.conftest import DEAD, LAYER, RED
from tests.processes import command, finish, kill_when, start

UNITS = [Neuron(LAYER, unit) for unit in (RED, DEAD, 7, 9, 11)]
SHORT = Settings(steps=6, batch=2)
ONE = Series(n_seeds=1)


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(planted: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("album") / "whole"
    visualize_to(planted, UNITS, out, settings=SHORT, series=ONE)
    return contents(out)


def test_an_album_has_a_folder_a_target_and_a_page(whole: dict[str, bytes]) -> None:
    for unit in UNITS:
        name = folder_name(str(unit))
        kept = {file.split("/")[-1][:7] for file in whole if file.startswith(f"{name}/")}
        assert kept == {"result.", "arrays-", "seed-0."}
        assert f"{name}.html" in whole
    assert b"nothing in an image excites" in whole[f"{LAYER}-{DEAD}.html"]


def test_a_stop_after_any_target_ends_with_the_same_bytes(
    planted: Clip, whole: dict[str, bytes], tmp_path: Path
) -> None:
    for after in (1, 2, 4):
        out = tmp_path / str(after)
        seen = []

        def stop(made, n, total, seen=seen, after=after):
            seen.append((n, total))
            if n == after:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            visualize_to(planted, UNITS, out, settings=SHORT, series=ONE, done=stop)
        torn = out / f"{folder_name(str(UNITS[-1]))}.partial"
        torn.mkdir()
        (torn / "result.json").write_text("{")
        visualize_to(
            planted, UNITS, out, settings=SHORT, series=ONE,
            done=lambda made, n, total, seen=seen: seen.append((n, total)),
        )  # fmt: skip
        # nothing was made twice
        assert seen == [(n, 5) for n in range(1, 6)]
        assert contents(out) == whole


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(
    planted_name: str, tmp_path: Path
) -> None:
    def begin(out: Path) -> BaseProcess:
        units = [f"{LAYER}:{unit}" for unit in (3, 7, 9, 11)]
        return start(command, "visualize", planted_name, *units, "--out", out, "--steps", 12,
                     "--batch", 1, "--seeds", 1, "--device", "cpu")  # fmt: skip

    finish(begin(tmp_path / "whole"))
    out = tmp_path / "killed"
    for kept in range(3):
        kill_when(begin(out), lambda kept=kept: len(list(out.glob("*[0-9]/result.json"))) > kept)
    finish(begin(out))
    assert contents(out) == contents(tmp_path / "whole")


def test_pictures_made_in_another_way_are_refused(planted: Clip, tmp_path: Path) -> None:
    visualize_to(planted, UNITS[:1], tmp_path / "a", settings=SHORT, series=ONE)
    for settings, series, said in (
        (Settings(steps=7, batch=2), ONE, "settings.steps: the album has 6, asked is 7"),
        (SHORT, Series(n_seeds=2), "series.n_seeds"),
    ):
        with pytest.raises(MismatchError, match=said):
            visualize_to(planted, UNITS[:1], tmp_path / "a", settings=settings, series=series)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/letter.txt").write_text("dear")
    with pytest.raises(OptionError, match="is not empty and is no album"):
        visualize_to(planted, UNITS[:1], tmp_path / "b", settings=SHORT)
    with (
        album_for_writing(tmp_path / "c", {}),
        pytest.raises(RunLockedError),
        album_for_writing(tmp_path / "c", {}),
    ):
        pass
    with pytest.raises(AlbumNotFoundError, match="no album"):
        open_album(tmp_path / "d")
    with pytest.raises(AlbumNotFoundError, match="no pictures of 'visual.layer4:200'"):
        open_album(tmp_path / "a").get("visual.layer4:200")


def test_any_target_has_a_folder_name_of_its_own() -> None:
    targets = ["text:a/b", "text:a b", "text:a:b", "a.b:1", "a.b-1", "text:" + "x" * 300, "../up"]
    names = [folder_name(target) for target in targets]
    assert len(set(names)) == len(targets)
    assert all("/" not in name and len(name) < 100 and not name.startswith(".") for name in names)
