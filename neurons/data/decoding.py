"""How do an image file's bytes become RGB pixels, whatever they are and however hostile?"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from neurons.errors import BadImageError

Pixels = NDArray[np.uint8]

# Pillow's own bomb limit; checked here from the header, before a single row is decoded
MAX_PIXELS = 89_478_485

# what a picture may be, as far as this Pillow was built with it. Left out on purpose: EPS (starts
# Ghostscript), WMF (Windows' own renderer), and the stub formats that only name a plug-in. The
# common ones stand first, since Pillow asks each in turn
_WANTED = (
    "JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BLP", "BMP", "CUR", "DDS", "DIB", "FLI",
    "ICNS", "ICO", "IM", "JPEG2000", "MPO", "MSP", "PCX", "PPM", "PSD", "QOI", "SGI", "SPIDER",
    "SUN", "TGA", "XBM", "XPM",
)  # fmt: skip
Image.init()
FORMATS = tuple(name for name in _WANTED if name in Image.OPEN)

# measured: broken files make the decoders raise all of these, not only OSError
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    NotImplementedError,
    EOFError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    Image.DecompressionBombError,
)


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Silence Pillow's remarks on odd files, so that no result depends on the warning filters.

    Enter it once, before the threads that decode start: the filters are the process's own.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        yield


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode one image to an array: uint8 (height, width, 3). See `decode_image`."""
    # a copy: an array over the decoder's own memory is read-only, and torch warns of those
    return np.array(decode_image(data, max_pixels=max_pixels))


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode one image as a viewer would show it, as 8-bit RGB.

    EXIF orientation is applied; grey and palette are expanded; transparency is laid on white;
    CMYK is converted; 16-bit grey is scaled to 8 bit; of an animation the first frame is taken.

    Parameters
    ----------
    data : bytes
        The file's content.
    max_pixels : int
        Larger images are refused from their header, before decoding.

    Returns
    -------
    PIL.Image.Image
        Mode RGB, wholly decoded.

    Raises
    ------
    BadImageError
        With the reason, whatever the decoder raised.
    """
    try:
        return _decode(data, max_pixels)
    except BadImageError:
        raise
    except _DECODER_ERRORS as error:
        raise BadImageError(_reason(error)) from None


def _decode(data: bytes, max_pixels: int) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        raise BadImageError(f"{width}x{height} px is over the limit of {max_pixels} px")
    image.load()
    return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F":
        raise BadImageError("floating-point pixels have no fixed range; convert the file to 8 bit")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _scaled_to_8_bit(image)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _scaled_to_8_bit(image: Image.Image) -> Image.Image:
    # a plain convert() clips everything over 255 to white
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise BadImageError("32-bit integer pixels have no fixed range; convert the file to 8 bit")
    return Image.fromarray((values // 257).astype(np.uint8)).convert("RGB")


def _reason(error: BaseException) -> str:
    # decoders print addresses of objects; a run's list of bad images must not differ by them
    text = str(error).split("<_io.BytesIO", 1)[0].strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
