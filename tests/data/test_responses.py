"""Arrays of responses are read with an id for each row, and what cannot be joined is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

import neurons
from neurons.errors import LayerNotFoundError, MismatchError, OptionError

IDS = ("c.png", "a.png", "b.png")
ALL = np.arange(3)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def written(folder: Path, kind: str, values: np.ndarray) -> Path:
    path = folder / f"v1.{kind}"
    if kind == "npy":
        np.save(path, values)
    elif kind == "npz":
        np.savez(path, v1=values, ids=np.array(IDS))
    elif kind == "parquet":
        pq.write_table(pa.table({"id": IDS, "v1": list(values)}), path)
    elif kind == "columns.parquet":
        columns = {f"voxel {i}": values[:, i] for i in range(5)}
        pq.write_table(pa.table({"id": IDS, **columns}), path)
    else:
        group = zarr.open_group(path, mode="w")
        group["v1"] = values
        group.attrs["ids"] = list(IDS)
    return path


@pytest.mark.parametrize("kind", ["npy", "npz", "parquet", "columns.parquet", "zarr"])
def test_every_format_gives_the_same_numbers_with_their_ids(
    tmp_path: Path, values: np.ndarray, kind: str
) -> None:
    ids = IDS if kind == "npy" else None
    found = neurons.responses(written(tmp_path, kind, values), ids=ids)
    (layer,) = found.layers
    assert found.ids == IDS and layer.startswith("v1")
    np.testing.assert_array_equal(found.read(layer, np.array([2, 0])), values[[2, 0]])
    assert found.repeats(layer) is None and "repeats none" in repr(found)


def test_ids_come_from_a_text_file_one_a_line(tmp_path: Path, values: np.ndarray) -> None:
    (tmp_path / "ids.txt").write_text("\n".join(IDS) + "\n")
    assert neurons.responses(values, ids=tmp_path / "ids.txt").ids == IDS
    (tmp_path / "ids.txt").write_text("c.png\n\nb.png\n")
    with pytest.raises(MismatchError, match=r"1 rows .* empty id, the first is row 1"):
        neurons.responses(values, ids=tmp_path / "ids.txt")


def test_rows_without_ids_too_few_or_doubled_are_refused(values: np.ndarray) -> None:
    with pytest.raises(MismatchError, match="hold no ids"):
        neurons.responses(values)
    with pytest.raises(MismatchError, match="3 rows, and 2 ids"):
        neurons.responses(values, ids=IDS[:2])
    with pytest.raises(MismatchError, match=r"'a', on 2; give each row an id of its own"):
        neurons.responses(values, ids=("a", "b", "a"))
    with pytest.raises(MismatchError, match="nothing is repeated"):
        neurons.responses(values, ids=IDS, repeats=True)


def test_rows_of_one_id_are_trials_whose_mean_is_read() -> None:
    trials = np.array([[1.0, 2], [5, 6], [3, 8], [7, 7], [2, 5]])
    found = neurons.responses(trials, ids=("x", "y", "x", "z", "x"), repeats=True)
    assert found.ids == ("x", "y", "z") and found.n_repeats == 3
    np.testing.assert_allclose(found.read("responses", ALL), [[2, 5], [5, 6], [7, 7]])
    single = found.repeats("responses")
    assert single.shape == (3, 3, 2)
    np.testing.assert_array_equal(single[0], trials[[0, 2, 4]])
    # shown once: the other trials are no numbers, not zeros
    assert np.isnan(single[1, 1:]).all() and found.known.all()


def test_the_middle_axis_is_that_of_repeats(values: np.ndarray) -> None:
    trials = np.stack([values, values + 2], axis=1)
    trials[1, 1] = np.nan
    found = neurons.responses(trials, ids=IDS)
    expected = values + np.array([[1], [0], [1]])
    np.testing.assert_allclose(found.read("responses", ALL), expected, rtol=1e-6)
    assert found.n_repeats == 2 and not found.unsound("responses").any()


def test_nan_rows_are_unknown_and_units_with_single_nans_unsound(values: np.ndarray) -> None:
    values[1] = np.nan
    values[2, 3] = np.inf
    found = neurons.responses(values, ids=IDS)
    assert found.known.tolist() == [True, False, True]
    assert found.unsound("responses").tolist() == [False] * 3 + [True, False]


def test_what_is_no_layer_is_named(tmp_path: Path, values: np.ndarray) -> None:
    np.savez(tmp_path / "x.npz", v1=values, row=ALL, label=np.array([1, 2, 3]))
    found = neurons.responses(tmp_path / "x.npz")
    assert found.ids == ("#0", "#1", "#2") and found.note.startswith("label of responses 'x'")
    with pytest.raises(LayerNotFoundError, match="they hold: v1"):
        found.units("v2")


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, values: np.ndarray) -> None:
    (tmp_path / "x.txt").write_text("1 2 3")
    (tmp_path / "x.npy").write_text("1 2 3")
    with pytest.raises(OptionError, match=r"none of \.npy"):
        neurons.responses(tmp_path / "x.txt")
    with pytest.raises(OptionError, match="cannot be read as an array"):
        neurons.responses(tmp_path / "x.npy")
    with pytest.raises(OptionError, match="no responses at"):
        neurons.responses(tmp_path / "none.npy")
    with pytest.raises(OptionError, match=r"holds: label \(3,\)"):
        neurons.responses({"label": ALL}, ids=IDS)
    with pytest.raises(MismatchError, match=r"v1 \(3, 5\), v2 \(2, 5\)"):
        neurons.responses({"v1": values, "v2": values[:2]}, ids=IDS)
    np.savez(tmp_path / "two.npz", v1=values, ids=np.array(IDS))
    with pytest.raises(MismatchError, match="holds the id of each row itself"):
        neurons.responses(tmp_path / "two.npz", ids=IDS)
