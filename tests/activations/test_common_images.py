"""Rows of two systems are joined by what they are of; what cannot be joined says what differs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.activations.common_images import common_images
from neurons.activations.run_system import RunSystem
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from tests.activations.stores import run_of
from tests.conftest import LAYER


@pytest.fixture(scope="module")
def shown(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


@pytest.fixture(scope="module")
def peaks() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def run(shown: ImageSet, peaks: np.ndarray, tmp_path_factory: pytest.TempPathFactory):
    return run_of(tmp_path_factory.mktemp("common") / "run", shown, peaks)


def test_rows_are_joined_by_id_whatever_their_order(
    run: Activations, shown: ImageSet, peaks: np.ndarray
) -> None:
    order = np.random.default_rng(1).permutation(40)
    other = neurons.responses(peaks[order], ids=[shown.ids[i] for i in order])
    common = common_images(run, other)
    first, second = (side.whole(side.system.layers[0]) for side in common.sides)
    np.testing.assert_array_equal(first, second)
    assert common.ids == tuple(shown.ids) and common.by == "id" and common.told == ""
    blocks = list(common.sides[1].blocks("responses", size=16))
    assert [len(block) for block in blocks] == [16, 16, 8]
    np.testing.assert_array_equal(np.concatenate(blocks), peaks)


def test_images_of_one_system_only_and_nan_rows_are_left_out_and_counted(
    run: Activations, shown: ImageSet, peaks: np.ndarray
) -> None:
    values = peaks[5:].copy()
    values[:2] = np.nan
    other = neurons.responses(values, ids=[*shown.ids[5:39], "elsewhere.png"])
    common = common_images(run, other)
    assert common.ids == tuple(shown.ids[7:39])
    np.testing.assert_array_equal(common.sides[0].whole("layer"), peaks[7:39])
    assert common.told.startswith("32 images are compared; left out: 8 that not every other has")
    assert "1 that not every other has and 2 of which it knows nothing" in common.told


def test_rows_of_a_table_are_joined_by_their_number_and_a_folder_has_none(
    run: Activations, peaks: np.ndarray
) -> None:
    rows = np.arange(40)[::-1].copy()
    by_row = neurons.responses({"v1": peaks[rows], "row": rows})
    table = neurons.responses(peaks, ids=[f"photos.parquet#{i}" for i in range(40)])
    common = common_images(by_row, table)
    np.testing.assert_array_equal(common.sides[0].whole("v1"), common.sides[1].whole("responses"))
    assert common.by == "row" and common.ids[0] == "photos.parquet#39"
    with pytest.raises(MismatchError, match="are no rows of a table"):
        common_images(run, by_row)
    two = neurons.responses(peaks, ids=[f"{i // 20}.parquet#{i % 20}" for i in range(40)])
    with pytest.raises(MismatchError, match="in several files"):
        common_images(two, by_row)


def test_units_that_are_not_finite_are_left_out_and_named(
    run: Activations, shown: ImageSet, peaks: np.ndarray
) -> None:
    values = peaks.copy()
    values[3, 2] = np.nan
    _, side = common_images(run, neurons.responses(values, ids=shown.ids)).sides
    assert side.units("responses").tolist() == [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(side.whole("responses"), peaks[:, [0, 1, 3, 4, 5]])
    assert side.told_left_out(["responses"]).startswith("1 of 6 units of 'responses'")
    values[4] = np.where(np.arange(6) == 0, values[4], np.nan)
    values[5, 0] = np.nan
    _, side = common_images(run, neurons.responses(values, ids=shown.ids)).sides
    with pytest.raises(LayerNotFoundError, match="no unit of 'responses'"):
        side.units("responses")


def test_too_few_common_images_name_both_kinds_of_ids(run: Activations, peaks: np.ndarray) -> None:
    other = neurons.responses(peaks, ids=[f"nsd-{i:05}" for i in range(40)])
    with pytest.raises(MismatchError) as refused:
        common_images(run, other)
    told = str(refused.value)
    assert "0 images are in common by id, and 4 are needed" in told
    assert "noisy/00.png" in told and "nsd-00000" in told and "\n" not in told


def test_files_of_the_same_names_but_other_contents_are_refused(
    planted: Clip, pictures: Path, run: Activations, peaks: np.ndarray, tmp_path: Path
) -> None:
    shutil.copytree(pictures, tmp_path / "changed")
    shutil.copyfile(pictures / "plain/00.png", tmp_path / "changed/noisy/00.png")
    changed = run_of(tmp_path / "run", neurons.images(tmp_path / "changed"), peaks)
    with pytest.raises(MismatchError, match="other files of the same names"):
        common_images(run, changed)
    runs = []
    for name, folder in (("a", pictures), ("b", tmp_path / "changed")):
        some = neurons.images(folder).first(5)
        neurons.scan(planted, some, [LAYER], tmp_path / name, content_hash=True)
        runs.append(Activations.open(tmp_path / name))
    with pytest.raises(MismatchError, match=r"1 of 5 images of the same id .* are other files"):
        common_images(*runs)


def test_the_same_files_under_other_names_are_joined_by_their_content(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "moved").mkdir()
    for i, file in enumerate(sorted(pictures.rglob("*.png"))[:6]):
        shutil.copyfile(file, tmp_path / "moved" / f"{9 - i}.png")
    runs = []
    for name, source in (("a", neurons.images(pictures).first(6)), ("b", tmp_path / "moved")):
        some = source if isinstance(source, ImageSet) else neurons.images(source)
        neurons.scan(planted, some, [LAYER], tmp_path / name, content_hash=True)
        runs.append(Activations.open(tmp_path / name))
    common = common_images(*runs)
    assert common.by == "content" and len(common) == 6
    first, second = (side.whole(LAYER) for side in common.sides)
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)


def test_embeddings_are_a_layer_of_length_one(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    neurons.scan(planted, neurons.images(pictures).first(8), [LAYER], tmp_path / "run")
    system = RunSystem(Activations.open(tmp_path / "run"), "mean")
    assert system.layers == (LAYER, "embedding")
    found = system.read("embedding", np.array([6, 1]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(
        system.read(LAYER, np.array([6, 1]))[:, 3], system.run.mean(f"{LAYER}:3")[[6, 1]]
    )
    with pytest.raises(OptionError, match="no pooling 'max'"):
        RunSystem(system.run, "max")


def test_systems_of_one_name_are_all_numbered_and_no_two_are_named_alike(
    peaks: np.ndarray,
) -> None:
    ids = [f"{i}.png" for i in range(40)]
    titles = ("a", "b", "a", "a (1)")
    systems = [neurons.responses(peaks, ids=ids, name=each) for each in titles]
    common = common_images(*systems)
    assert common.names == ("a (2)", "b", "a (3)", "a (1)")
    assert common_images(*systems[:3]).names == ("a (1)", "b", "a (2)")
