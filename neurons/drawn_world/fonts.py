"""In which typefaces is the miniature's world written?

They come with Python packages (SIL Open Font License; Source Sans and Serif, Manrope, Amatic SC,
Intuitive for training, Fredoka One, Hanken Grotesk and Caladea held out), never from the system,
so that the same word has the same pixels on every machine.
"""

from __future__ import annotations

import functools
from pathlib import Path

from PIL import ImageFont

from neurons.errors import OptionError
from neurons.lettering.typefaces import BUNDLED, find_typeface, open_typeface

TRAINING = tuple(
    BUNDLED[name]
    for name in (
        "SourceSansPro-Regular",
        "SourceSansPro-Bold",
        "SourceSansPro-Black",
        "SourceSansPro-SemiboldIt",
        "SourceSerifPro-Regular",
        "SourceSerifPro-Bold",
        "SourceSerifPro-Black",
        "SourceSerifPro-SemiboldIt",
        "Manrope-Medium",
        "Manrope-ExtraBold",
        "AmaticSC-Bold",
        "Intuitive",
    )
)
HELD_OUT = tuple(
    BUNDLED[name] for name in ("FredokaOne-Regular", "HankenGrotesk-SemiBold", "Caladea-Bold")
)


@functools.cache
def open_font(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a typeface of `TRAINING` or `HELD_OUT` at a size.

    Raises
    ------
    OptionError
        If the world has no such typeface.
    """
    if name not in TRAINING + HELD_OUT:
        known = ", ".join(Path(font).stem for font in TRAINING + HELD_OUT)
        raise OptionError(f"no typeface {name!r} in the miniature's world; it has: {known}")
    # basic layout does not depend on whether this Pillow was built with Raqm
    return open_typeface(find_typeface(Path(name).stem), size_px)
