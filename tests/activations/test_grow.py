"""A run that grew has the bytes of one scan of everything, and makes nothing again."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import neurons
from neurons import Activations, Clip
from neurons.activations import grow, run_writer
from neurons.errors import MismatchError, OutputExistsError, RunNotFoundError
from neurons.network.dictionary_files import write_dictionary
from tests.activations.test_dictionary_run import FEATURES, hashes, mixed
from tests.conftest import LAYER

OTHER = "visual.layer3"


class Killed(BaseException):
    """What stops a scan as kill -9 does: nobody tidies up."""


def scan(clip: Clip, pictures: Path, n: int, layers: list[str], out: Path, **more):
    shown = neurons.images(pictures).first(n)
    return neurons.scan(clip, shown, layers, out, shard_size=8, batch_size=8, **more)


@pytest.fixture(scope="module")
def small(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("grow") / "small"
    scan(planted, pictures, 12, [LAYER], out, content_hash=True)
    return out


@pytest.fixture(scope="module")
def whole(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("grow") / "whole"
    scan(planted, pictures, 28, [LAYER, OTHER], out, content_hash=True)
    return out


def test_a_run_grows_by_images_and_layers_to_the_same_bytes(
    small, whole, planted, pictures, tmp_path
) -> None:
    out = shutil.copytree(small, tmp_path / "run")
    first = out / "layers" / LAYER / "peak" / "c" / "0" / "0"
    made = first.stat().st_mtime_ns
    scan(planted, pictures, 28, [OTHER], out, content_hash=True, append=True)
    assert hashes(out) == hashes(whole)
    # the first shard was left alone
    assert first.stat().st_mtime_ns == made


def test_only_what_is_missing_is_scanned(small, planted, pictures, tmp_path) -> None:
    out = shutil.copytree(small, tmp_path / "run")
    summary = scan(planted, pictures, 28, [LAYER], out, content_hash=True, append=True)
    # sixteen new images, and four of a shard that was not full
    assert summary.n_scanned == 20
    assert len(Activations.open(out).ids()) == 28


@pytest.mark.parametrize("at", range(6))
def test_a_run_killed_while_it_grows_ends_with_the_same_bytes(
    small, whole, planted, pictures, tmp_path, monkeypatch, at
) -> None:
    out = shutil.copytree(small, tmp_path / "run")
    places = [
        (grow, "write_ids"),
        (grow, "write_root"),
        (grow, "_forget_unfull_shard"),
        (grow, "_merge_lost"),
        (run_writer.Writer, "_sync"),
        (grow, "_done"),
    ]
    where, name = places[at]

    def stop(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(where, name, stop)
        with pytest.raises(Killed):
            scan(planted, pictures, 28, [OTHER], out, content_hash=True, append=True)
    if (out / "growing.json").exists():
        with pytest.raises(RunNotFoundError, match="was stopped while something was added"):
            Activations.open(out)
    scan(planted, pictures, 28, [OTHER], out, content_hash=True, append=True)
    assert hashes(out) == hashes(whole)


def test_a_dictionary_is_added_to_a_run(small, planted, pictures, tmp_path) -> None:
    out = shutil.copytree(small, tmp_path / "run")
    file = tmp_path / "mixed.safetensors"
    write_dictionary(mixed(), file)
    more = {"content_hash": True, "dictionaries": {LAYER: file}}
    scan(planted, pictures, 12, [LAYER], out, append=True, **more)
    scan(planted, pictures, 12, [LAYER], tmp_path / "at once", **more)
    assert hashes(out) == hashes(tmp_path / "at once")
    assert Activations.open(out).layer(FEATURES).units == 5
    neurons.clip_of(Activations.open(out))


def test_images_that_do_not_come_after_its_own_are_refused(
    small, planted, pictures, tmp_path
) -> None:
    before = hashes(small)
    with pytest.raises(MismatchError, match="cannot grow to 5"):
        scan(planted, pictures, 5, [LAYER], small, content_hash=True, append=True)
    images = neurons.images(pictures)[::-1]
    with pytest.raises(MismatchError, match="new images must come after its own"):
        neurons.scan(
            planted, images, [LAYER], small,
            shard_size=8, batch_size=8, content_hash=True, append=True,
        )  # fmt: skip
    with pytest.raises(OutputExistsError, match="cannot grow: it was made with other settings"):
        scan(planted, pictures, 28, [LAYER], small, append=True)
    assert hashes(small) == before


def test_an_image_that_holds_something_else_now_is_noticed(
    small, planted, pictures, tmp_path
) -> None:
    copied = shutil.copytree(pictures, tmp_path / "pictures")
    first = copied / neurons.images(copied).ids[0]
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(bytes(content))
    assert hashlib.sha256(bytes(content)).digest()
    out = shutil.copytree(small, tmp_path / "run")
    with pytest.raises(MismatchError, match="holds something else than when it was scanned"):
        scan(planted, copied, 28, [LAYER], out, content_hash=True, append=True)


@pytest.mark.parametrize("killed", [False, True])
def test_a_skipped_image_is_tried_again_and_no_other_shard(
    planted, pictures, tmp_path, monkeypatch, killed
) -> None:
    copied = shutil.copytree(pictures, tmp_path / "pictures")
    out = tmp_path / "run"
    bad = copied / neurons.images(copied).ids[3]
    content = bad.read_bytes()
    bad.write_bytes(b"no picture")
    broken = scan(planted, copied, 12, [LAYER], out, content_hash=True)
    assert broken.n_skipped == 1
    bad.write_bytes(content)
    again = {"content_hash": True, "retry_skipped": True}
    if killed:

        def stop(*_: object) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(grow, "write_root", stop)
            with pytest.raises(Killed):
                scan(planted, copied, 12, [LAYER], out, **again)
    summary = scan(planted, copied, 12, [LAYER], out, **again)
    assert summary.n_scanned == 8
    scan(planted, copied, 12, [LAYER], tmp_path / "whole", content_hash=True)
    assert hashes(out) == hashes(tmp_path / "whole")
    assert not Activations.open(out).skipped()
