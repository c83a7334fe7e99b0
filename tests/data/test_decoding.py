"""Every kind of image file becomes what a person sees of it, or one clear reason."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurons.data.decoding import decode, quiet_decoders
from neurons.errors import BadImageError
from tests.conftest import shared

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_lossless_colours_come_back_to_the_bit() -> None:
    for kind in ("PNG", "BMP", "TIFF", "PPM"):
        assert (decode(encoded(Image.fromarray(COLOURS), kind)) == COLOURS).all(), kind


def test_a_jpeg_is_what_open_clips_loader_sees() -> None:
    data = encoded(Image.fromarray(COLOURS), "JPEG", quality=80)
    assert (decode(data) == np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))).all()


def test_grey_becomes_three_equal_channels() -> None:
    grey = COLOURS[:, :, 0]
    for kind in ("PNG", "JPEG"):
        found = decode(encoded(Image.fromarray(grey), kind, quality=100))
        assert (found[:, :, 0] == found[:, :, 2]).all()
        assert np.abs(found[:, :, 0].astype(int) - grey).max() <= (0 if kind == "PNG" else 6)


def test_a_palette_gives_its_colours() -> None:
    two = Image.fromarray(np.where(COLOURS[:, :, :1] > 127, [[[200, 10, 60]]], [[[0, 90, 255]]])
                          .astype(np.uint8))  # fmt: skip
    assert (decode(encoded(two.quantize(2), "PNG")) == np.asarray(two)).all()


def test_what_is_transparent_is_white() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = [255, 0, 0, 255]
    pixels[2] = [0, 0, 0, 0]
    pixels[3] = [0, 0, 0, 128]
    found = decode(encoded(Image.fromarray(pixels), "PNG"))
    assert (found[:2] == [255, 0, 0]).all()
    assert (found[2] == 255).all()
    assert (np.abs(found[3].astype(int) - 127) <= 1).all()


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    found = decode(encoded(image, "PNG", transparency=1))
    assert found.tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_cmyk_is_converted() -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    found = decode(encoded(red, "JPEG", quality=100)).astype(int)
    assert (found[..., 0] > 240).all()
    assert (found[..., 1:] < 15).all()


def test_16_bit_grey_is_scaled_and_not_clipped_to_white() -> None:
    # 65,535 is white: the 256 levels are 257 apart, and 256 and 65,279 do not reach the next one
    values = np.array([[0, 256, 257, 25_700, 65_279, 65_535]], np.uint16)
    for kind in ("PNG", "TIFF"):
        found = decode(encoded(Image.fromarray(values), kind))
        assert found[0, :, 0].tolist() == [0, 0, 1, 100, 254, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_ends_upright(kind: str, orientation: int) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = 255  # a white corner, top left
    back = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = Image.fromarray(upright)
    stored = stored if back is None else stored.transpose(back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(encoded(stored, kind, exif=exif.tobytes()))
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 2


def test_the_first_frame_of_an_animation_is_taken() -> None:
    first, second = (Image.new("RGB", (6, 6), colour) for colour in ("red", "blue"))
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        data = encoded(first, kind, save_all=True, append_images=[second], lossless=True)
        assert (decode(data) == [255, 0, 0]).all(), kind


def test_a_cut_file_is_bad() -> None:
    for kind in ("JPEG", "PNG"):
        data = encoded(Image.fromarray(COLOURS.repeat(10, 0).repeat(10, 1)), kind)
        with pytest.raises(BadImageError, match="truncated"):
            decode(data[: len(data) // 2])


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


def test_a_bomb_is_refused_from_its_header() -> None:
    # there are no pixels in this file: decoding would fail otherwise
    with quiet_decoders(), pytest.raises(BadImageError, match="10000x10000 px is over the limit"):
        decode(png_header(10_000, 10_000))
    with pytest.raises(BadImageError, match="Bomb"):
        decode(png_header(60_000, 60_000))
    with pytest.raises(BadImageError, match="20x30|30x20"):
        decode(encoded(Image.fromarray(COLOURS), "PNG"), max_pixels=100)


def test_floats_and_no_image_at_all_are_refused() -> None:
    floats = Image.fromarray(np.ones((3, 3), np.float32))
    with pytest.raises(BadImageError, match="floating-point"):
        decode(encoded(floats, "TIFF"))
    for data in (b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"):
        with pytest.raises(BadImageError):
            decode(data)


def hostile() -> list[Path]:
    return sorted(shared("data/hostile-images").iterdir())


def test_hostile_files_give_pixels_or_a_reason_whatever_the_warning_filters() -> None:
    def outcome(data: bytes) -> str:
        try:
            pixels = decode(data)
        except BadImageError as error:
            assert str(error)
            return str(error)
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        return f"{pixels.shape} {zlib.crc32(pixels.tobytes())}"

    for path in hostile():
        data = path.read_bytes()
        found = []
        for action in ("error", "ignore"):
            with warnings.catch_warnings():
                warnings.simplefilter(action)  # type: ignore[arg-type]
                with quiet_decoders():
                    found.append(outcome(data))
        assert found[0] == found[1], path.name
