"""In which typefaces is the miniature's world written?

They come with Python packages (SIL Open Font License; Source Sans and Serif, Manrope, Amatic SC,
Intuitive for training, Fredoka One, Hanken Grotesk and Caladea held out), never from the system,
so that the same word has the same pixels on every machine.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from PIL import ImageFont

from neurons.errors import OptionError

TRAINING = (
    "font_source_sans_pro/SourceSansPro-Regular.ttf",
    "font_source_sans_pro/SourceSansPro-Bold.ttf",
    "font_source_sans_pro/SourceSansPro-Black.ttf",
    "font_source_sans_pro/SourceSansPro-SemiboldIt.ttf",
    "font_source_serif_pro/SourceSerifPro-Regular.ttf",
    "font_source_serif_pro/SourceSerifPro-Bold.ttf",
    "font_source_serif_pro/SourceSerifPro-Black.ttf",
    "font_source_serif_pro/SourceSerifPro-SemiboldIt.ttf",
    "font_manrope/Manrope-Medium.ttf",
    "font_manrope/Manrope-ExtraBold.ttf",
    "font_amatic_sc/AmaticSC-Bold.ttf",
    "font_intuitive/Intuitive.ttf",
)
HELD_OUT = (
    "font_fredoka_one/FredokaOne-Regular.ttf",
    "font_hanken_grotesk/HankenGrotesk-SemiBold.otf",
    "font_caladea/Caladea-Bold.ttf",
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
    package, _, file = name.partition("/")
    # found, not imported: the packages import pkg_resources, which Python no longer brings
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} is a dependency"
    path = Path(spec.submodule_search_locations[0]) / "files" / file
    # basic layout does not depend on whether this Pillow was built with Raqm
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)
