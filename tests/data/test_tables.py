"""Tables bring their images, labels and columns, and rows are read as stored."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from neurons import images
from neurons.data.tables import parquet
from neurons.errors import ImagesNotFoundError, LabelsMissingError, OptionError
from tests.data.picture_files import png


@pytest.fixture(autouse=True)
def own_datasets_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)


def table(root: Path, name: str, greys: list[int], label: datasets.features.Features) -> Path:
    rows = {"image": [{"bytes": png(grey), "path": None} for grey in greys]}
    features = {"image": datasets.Image()}
    if label is not None:
        rows["label"] = [grey % 2 for grey in greys]
        features["label"] = label
        if label.dtype == "string":
            rows["label"] = [["even", "odd"][grey % 2] for grey in greys]
    found = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    path = root / name
    found.to_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["names", "numbers", "words"])
def test_parquet_brings_its_labels(tmp_path: Path, kind: str) -> None:
    label = {
        "names": datasets.ClassLabel(names=["even", "odd"]),
        "numbers": datasets.Value("int64"),
        "words": datasets.Value("string"),
    }[kind]
    found = images(table(tmp_path, "x.parquet", [4, 7, 9], label))
    assert list(found.ids) == ["x.parquet#0", "x.parquet#1", "x.parquet#2"]
    assert found.require_labels().tolist() == [0, 1, 1]
    assert found.class_names == (("0", "1") if kind == "numbers" else ("even", "odd"))
    assert [int(found.pixels(i)[0, 0, 0]) for i in (2, 0)] == [9, 4]
    assert [len(data) for data in found.read([2, 0])] == [len(png(9)), len(png(4))]


def test_several_parquet_files_are_one_set(tmp_path: Path) -> None:
    table(tmp_path, "a.parquet", [1, 2], None)
    table(tmp_path, "b.parquet", [3], None)
    found = images(tmp_path)
    assert list(found.ids) == ["a.parquet#0", "a.parquet#1", "b.parquet#0"]
    assert found.ids[1:] == ["a.parquet#1", "b.parquet#0"]
    assert [int(found.pixels(i)[0, 0, 0]) for i in range(3)] == [1, 2, 3]
    assert found.labels is None


def test_a_data_set_is_loaded_by_its_name_and_split(tmp_path: Path) -> None:
    # a folder goes the same way through load_dataset as a name on the hub
    (tmp_path / "set" / "data").mkdir(parents=True)
    label = datasets.ClassLabel(names=["even", "odd"])
    table(tmp_path / "set" / "data", "test-00000-of-00001.parquet", [5, 6], label)
    found = images(f"hf:{tmp_path / 'set'}:test")
    assert len(found) == 2
    assert found.class_names == ("even", "odd")
    assert found.ids[1].endswith("/test#1")
    assert found.location == f"hf:{tmp_path / 'set'}:test"
    with pytest.raises(ImagesNotFoundError, match="no data set .* with split 'dev'"):
        images(f"hf:{tmp_path / 'set'}:dev")


def test_further_columns_are_those_without_images(tmp_path: Path) -> None:
    features = datasets.Features({"image": datasets.Image(), "score": datasets.Value("int64")})
    cells = [{"bytes": png(grey), "path": None} for grey in (1, 2)]
    rows = datasets.Dataset.from_dict({"image": cells, "score": [3, 4]}, features)
    rows.to_parquet(tmp_path / "t.parquet")
    opened = images(tmp_path / "t.parquet")
    assert opened.columns == ("score",) and opened.column("score") == [3, 4]
    with pytest.raises(LabelsMissingError, match=r"no column 'way'; it has: score"):
        opened.column("way")


def test_a_label_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "x.parquet", [4, 7], datasets.Value("string"))
    with pytest.raises(OptionError, match="no column 'kind'; the columns are: image, label"):
        parquet([path], label_column="kind")


def test_a_table_without_images_or_rows_is_refused(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ImagesNotFoundError, match="no image column; its columns are: a"):
        parquet([tmp_path / "a.parquet"], label_column="label")
    with pytest.raises(ImagesNotFoundError, match="no rows"):
        parquet([table(tmp_path, "b.parquet", [], None)], label_column="label")


def test_a_row_without_an_image_is_one_bad_image(tmp_path: Path) -> None:
    cells = [{"bytes": png(1), "path": None}, None]
    rows = datasets.Dataset.from_dict(
        {"image": cells}, features=datasets.Features({"image": datasets.Image()})
    )
    rows.to_parquet(tmp_path / "t.parquet")
    good, bad = parquet([tmp_path / "t.parquet"], label_column="label").read([0, 1])
    assert good == png(1) and isinstance(bad, OSError)


def test_the_fingerprint_of_a_table_follows_its_files(tmp_path: Path) -> None:
    found = []
    for name, greys in (("a", [1, 2]), ("b", [1, 2]), ("c", [1, 2, 3])):
        (tmp_path / name).mkdir()
        path = table(tmp_path / name, "x.parquet", greys, None)
        found.append(parquet([path], label_column="label").fingerprint)
    assert found[0] == found[1] != found[2]
