from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from neurons.lettering import blending
from neurons.lettering.lettering import Lettering
from neurons.lettering.stamps import ColouredMask, Stamp
from neurons.lettering.words import write_on
from tests.lettering.pixels import WORD, noise


def test_blending_is_pillows_for_every_mask_ink_and_ground() -> None:
    # one stamp of all masks (256) on all grounds (256), for every ink
    mask = np.arange(256, dtype=np.uint8)[None].repeat(256, 0)
    ground = torch.arange(256, dtype=torch.uint8)[:, None].expand(256, 256)
    pixels = ground.expand(1, 3, 256, 256).contiguous()
    m, below = mask.astype(np.int64), ground.numpy().astype(np.int64)
    for ink in range(0, 256, 3):
        shades = (ink, min(ink + 1, 255), min(ink + 2, 255))
        stamp = Stamp((ColouredMask(mask, shades),), None, (0, 0), "", 16)
        laid, _ = blending.lay(pixels, [stamp], [[(0, 0)]])
        for plane, shade in zip(laid[0].numpy(), shades, strict=True):
            t = m * shade + (255 - m) * below + 128
            assert (plane == ((t >> 8) + t) >> 8).all()


def test_half_opacity_is_half_way() -> None:
    pixels = noise(1)
    whole = write_on(pixels, ["iPod"], WORD, seeds=[0])
    half = write_on(pixels, ["iPod"], dataclasses.replace(WORD, opacity=128 / 255), seeds=[0])
    expected = (pixels.double() * 127 + whole.pixels.double() * 128) / 255
    assert (half.pixels.double() - expected).abs().max() <= 0.5 + 1e-9
    assert torch.equal(half.boxes, whole.boxes)


def test_portions_do_not_change_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(7)
    texts = ["iPod", "$$$", "iPod", "iPod", "$$$", "iPod", "iPod"]
    whole = write_on(pixels, texts, Lettering(), seeds=range(7))
    for size in (1, 2000, 3000):
        monkeypatch.setattr(blending, "_PORTION_PIXELS", size)
        part = write_on(pixels, texts, Lettering(), seeds=range(7))
        assert torch.equal(part.pixels, whole.pixels)
        assert torch.equal(part.coverage, whole.coverage)


def test_a_stamp_too_large_to_keep_is_laid_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = write_on(noise(1), ["iPod"], WORD, seeds=[0])
    monkeypatch.setattr(blending, "_KEPT_PIXELS", 0)
    assert torch.equal(write_on(noise(1), ["iPod"], WORD, seeds=[0]).pixels, kept.pixels)


def test_copies_are_laid_in_their_places_and_each_image_counts_its_own() -> None:
    mask = np.array([[255, 0], [0, 255]], np.uint8)
    stamp = Stamp((ColouredMask(mask, (9, 9, 9)),), None, (0, 0), "", 16)
    pixels = torch.zeros(3, 3, 6, 8, dtype=torch.uint8)
    corners = [[(0, 0)], [(0, 0), (5, 3)], []]
    laid, changed = blending.lay(pixels, [stamp] * 3, corners)
    assert changed.tolist() == [2, 4, 0]
    expected = torch.zeros_like(pixels)
    for image, (x, y) in ((0, (0, 0)), (1, (0, 0)), (1, (5, 3))):
        expected[image, :, y, x] = expected[image, :, y + 1, x + 1] = 9
    assert torch.equal(laid, expected) and not pixels.any()
