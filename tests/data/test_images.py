"""Images come in a fixed order with stable ids, and labels come along where there are any."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path

import datasets
import pytest
from PIL import Image

from neurons import images
from neurons.errors import BadImageError, ImagesNotFoundError, LabelsMissingError, OptionError


@pytest.fixture(autouse=True)
def own_datasets_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)


def png(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def write(root: Path, **files: bytes) -> Path:
    for name, data in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".png").write_bytes(data)
    return root


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    write(tmp_path, b=png(2), a__z=png(1), c__x__y=png(3), a__b=png(0))
    (tmp_path / "notes.md").write_text("no image")
    (tmp_path / ".hidden.png").write_bytes(png(9))
    found = images(tmp_path)
    assert list(found.ids) == ["a/b.png", "a/z.png", "b.png", "c/x/y.png"]
    assert [int(found.pixels(i)[0, 0, 0]) for i in range(4)] == [0, 1, 2, 3]
    assert found.labels is None
    with pytest.raises(LabelsMissingError, match=r"metadata\.csv"):
        found.require_labels()


def test_a_folder_a_class_gives_labels(tmp_path: Path) -> None:
    found = images(write(tmp_path, dog__1=png(1), cat__1=png(2), dog__2=png(3)))
    assert found.class_names == ("cat", "dog")
    assert found.require_labels().tolist() == [0, 1, 1]


def test_an_imagefolder_takes_order_labels_and_names_from_its_metadata(tmp_path: Path) -> None:
    write(tmp_path, x=png(1), y=png(2), z=png(3))
    table = "file_name,label,name\nz.png,2,zebra\nx.png,0,xerus\n"
    (tmp_path / "metadata.csv").write_text(table)
    found = images(tmp_path)
    assert list(found.ids) == ["z.png", "x.png"]
    assert found.require_labels().tolist() == [2, 0]
    assert found.class_names == ("xerus", "1", "zebra")
    (tmp_path / "metadata.csv").write_text("file_name,kind\nz.png,zebra\nx.png,ant\n")
    by_kind = images(tmp_path, label_column="kind")
    assert by_kind.class_names == ("ant", "zebra")
    assert by_kind.require_labels().tolist() == [1, 0]
    with pytest.raises(OptionError, match="no column 'sort'; it has: file_name, kind"):
        images(tmp_path, label_column="sort")


def test_metadata_cannot_name_files_outside_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "in", x=png(1))
    (tmp_path / "secret.png").write_bytes(png(7))
    (tmp_path / "in" / "metadata.csv").write_text("file_name\n../secret.png\n")
    with pytest.raises(ImagesNotFoundError, match="outside"):
        images(tmp_path / "in")


def test_a_listed_file_that_vanishes_is_one_bad_image(tmp_path: Path) -> None:
    write(tmp_path, x=png(1))
    (tmp_path / "metadata.csv").write_text("file_name\nx.png\ngone.png\n")
    found = images(tmp_path)
    assert found.pixels(0).shape == (4, 5, 3)
    with pytest.raises(BadImageError, match=r"gone\.png"):
        found.pixels(1)


def test_lists_and_text_files_keep_their_order(tmp_path: Path) -> None:
    write(tmp_path, a=png(1), b=png(2))
    paths = [tmp_path / "b.png", tmp_path / "a.png"]
    (tmp_path / "list.txt").write_text("\n".join(map(str, paths)) + "\n\n")
    for found in (images(paths), images(tmp_path / "list.txt")):
        assert list(found.ids) == [path.as_posix() for path in paths]
        assert int(found.pixels(0)[0, 0, 0]) == 2
    with pytest.raises(ImagesNotFoundError, match=r"1 of 2 listed files do not exist.*nope"):
        images([tmp_path / "a.png", tmp_path / "nope.png"])


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


class Harmful:
    """Unpickling one of these would leave a mark."""

    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


def shard(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def test_tar_shards_are_read_in_place_and_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").mkdir()
    bad = pickle.dumps(Harmful())
    members = {"000.png": png(1), "000.cls": b"3", "000.pyd": bad, "sub/001.png": png(2)}
    shard(tmp_path / "shards" / "a.tar", members)
    shard(tmp_path / "shards" / "b.tar", {"../up.png": png(3), "../up.cls": b"0\n"})
    before = sorted(tmp_path.rglob("*"))
    found = images(tmp_path / "shards")
    assert list(found.ids) == ["a.tar/000.png", "a.tar/sub/001.png", "b.tar/../up.png"]
    assert [int(found.pixels(i)[0, 0, 0]) for i in range(3)] == [1, 2, 3]
    assert found.require_labels().tolist() == [3, -1, 0]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_compressed_tar_is_refused_with_the_way_out(tmp_path: Path) -> None:
    squeezed = shard(tmp_path / "a.tar", {"x.png": png(1)}, "w:gz")
    with pytest.raises(ImagesNotFoundError, match="gunzip"):
        images(squeezed)


def test_the_fingerprint_follows_the_images_and_not_their_place(tmp_path: Path) -> None:
    one = images(write(tmp_path / "one", a=png(1), b=png(2))).provenance()
    moved = images(write(tmp_path / "two", a=png(1), b=png(2))).provenance()
    assert one == moved
    renamed = images(write(tmp_path / "three", a=png(1), c=png(2))).provenance()
    longer = images(write(tmp_path / "four", a=png(1), b=png(2) + b"\0")).provenance()
    assert len({str(p["fingerprint"]) for p in (one, renamed, longer)}) == 3
    left = images(write(tmp_path / "five", x__a=png(1), y__b=png(2))).provenance()
    (tmp_path / "five" / "metadata.csv").write_text("file_name,label\nx/a.png,1\ny/b.png,0\n")
    right = images(tmp_path / "five").provenance()
    assert left["fingerprint"] == right["fingerprint"]
    assert left["labels"] != right["labels"]


def test_nothing_there_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "nowhere", []):
        with pytest.raises(ImagesNotFoundError) as caught:
            images(source)
        assert "\n" not in str(caught.value)


def test_large_images_are_refused_where_asked(tmp_path: Path) -> None:
    found = images(write(tmp_path, a=png(1)), max_pixels=10)
    with pytest.raises(BadImageError, match="5x4 px is over the limit of 10 px"):
        found.pixels(0)


def test_names_of_a_hundred_thousand_files_take_little_memory() -> None:
    from neurons.data.sources import Names

    names = Names(f"train/n01440764/n01440764_{i}.JPEG" for i in range(100_000))
    assert names[99_999] == "train/n01440764/n01440764_99999.JPEG"
    assert names[5:7] == [f"train/n01440764/n01440764_{i}.JPEG" for i in (5, 6)]
    assert names._names.nbytes / len(names) < 60


def test_further_columns_of_a_folder_and_of_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(folder / name)
    (folder / "metadata.csv").write_text("file_name,label,way\na.png,x,drawn\nb.png,y,written\n")
    found = images(folder)
    assert found.columns == ("file_name", "label", "way")
    assert found.column("way") == ["drawn", "written"]
    rows = {
        "image": [(folder / name).read_bytes() for name in ("a.png", "b.png")],
        "score": [3, 4],
    }
    features = datasets.Features({"image": datasets.Image(), "score": datasets.Value("int64")})
    cells = [{"bytes": data, "path": None} for data in rows["image"]]
    table = datasets.Dataset.from_dict({"image": cells, "score": rows["score"]}, features)
    table.to_parquet(tmp_path / "t.parquet")
    opened = images(tmp_path / "t.parquet")
    assert opened.columns == ("score",) and opened.column("score") == [3, 4]
    with pytest.raises(LabelsMissingError, match=r"no column 'way'; it has: score"):
        opened.column("way")
    with pytest.raises(LabelsMissingError, match="it has: none"):
        images(folder / "a.png").column("way")
