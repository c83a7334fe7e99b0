"""Batches have one shape, keep their order, and bad images leave a black place."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from PIL import Image

from neurons import Clip, ImageSet, images
from neurons.data.loading import Clock, ahead, batches_of, lanes_for, load_batch, pools
from neurons.errors import BadImageError


@pytest.fixture
def mixed(tmp_path: Path) -> ImageSet:
    """A white picture, a broken one, and a grey one."""
    Image.new("RGB", (96, 96), (255, 255, 255)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    Image.new("RGB", (96, 96), (9, 9, 9)).save(tmp_path / "c.png")
    return images(tmp_path)


def test_batches_cover_every_row_once() -> None:
    assert batches_of(range(3, 10), 3) == [range(3, 6), range(6, 9), range(9, 10)]
    assert batches_of(range(0), 3) == []


def test_a_short_batch_is_padded_with_black_and_a_bad_image_too(
    planted: Clip, mixed: ImageSet
) -> None:
    batch = load_batch(planted.preprocess, mixed, [2, 1, 0], batch_size=5)
    assert batch.pixels.shape == (5, 3, 96, 96)
    assert [int(image.max()) for image in batch.pixels] == [9, 0, 255, 0, 0]
    assert list(batch.bad) == [1] and batch.sha256 is None


def test_hashes_are_those_of_the_files(planted: Clip, mixed: ImageSet) -> None:
    batch = load_batch(planted.preprocess, mixed, [0, 1], batch_size=2, content_hash=True)
    assert batch.sha256 is not None
    files = [data for data in mixed.read([0, 1]) if isinstance(data, bytes)]
    assert [row.tobytes() for row in batch.sha256] == [hashlib.sha256(f).digest() for f in files]


def test_strict_names_the_image_and_no_flag(planted: Clip, mixed: ImageSet) -> None:
    with pytest.raises(BadImageError, match=r"b\.png: .*skipped if `strict` is left off") as told:
        load_batch(planted.preprocess, mixed, [0, 1], batch_size=2, strict=True)
    assert "--" not in str(told.value)


def test_the_clock_counts_each_stage(planted: Clip, mixed: ImageSet) -> None:
    clock = Clock()
    load_batch(planted.preprocess, mixed, [0, 2], batch_size=2, clock=clock)
    assert clock.seconds["read"] > 0 and clock.seconds["decode"] > 0
    assert clock.seconds["embed"] == clock.seconds["write"] == 0


def test_work_comes_back_in_order_and_only_so_far_ahead() -> None:
    asked: list[int] = []

    def items() -> object:
        for item in range(6):
            asked.append(item)
            yield item

    def work(item: int) -> int:
        # later items are done sooner
        time.sleep(0.002 * (5 - item))
        return item * item

    with ThreadPoolExecutor(4) as pool:
        done = ahead(work, items(), pool, depth=3)
        assert next(done) == 0
        assert asked == [0, 1, 2]
        assert list(done) == [1, 4, 9, 16, 25]


def test_lanes_share_out_the_cores_and_give_them_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(6)
    try:
        with lanes_for(torch.device("cpu")) as lanes:
            assert (lanes, torch.get_num_threads()) == (6, 1)
        with lanes_for(torch.device("cuda")) as lanes:
            assert (lanes, torch.get_num_threads()) == (1, 6)
        assert torch.get_num_threads() == 6
    finally:
        torch.set_num_threads(before)


def test_after_an_error_nothing_more_is_begun() -> None:
    begun: list[int] = []
    first, gate = threading.Event(), threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        first.set()
        gate.wait(30)

    with pytest.raises(RuntimeError, match="stop"), pools(1, 1) as (loaders, _, _):
        for item in range(5):
            loaders.submit(work, item)
        assert first.wait(30)
        # lets the one that runs end, after the error has been seen
        threading.Timer(0.1, gate.set).start()
        raise RuntimeError("stop")
    assert begun == [0]
