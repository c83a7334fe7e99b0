"""Which typeface can write this text? Bundled ones first, a user's file, then the system's.

The bundled typefaces come with Python packages (SIL Open Font License), so that the same word has
the same pixels on every machine; the system's only help out where a letter is missing.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import unicodedata
import warnings
from pathlib import Path

from PIL import ImageFont, features

from neurons.errors import OptionError

DEFAULT = "SourceSansPro-Bold"

_FILES = (
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
    "font_fredoka_one/FredokaOne-Regular.ttf",
    "font_hanken_grotesk/HankenGrotesk-SemiBold.otf",
    "font_caladea/Caladea-Bold.ttf",
)
BUNDLED = {Path(file).stem: file for file in _FILES}

# large coverage and often installed: asked before the rest of the system's typefaces
_WIDE = ("DejaVuSans-Bold", "DejaVuSans", "NotoSans-Bold", "NotoSans-Regular", "NotoEmoji-Regular")
_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (r"%WINDIR%\Fonts", r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"),
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
}
_ENDINGS = {".ttf", ".otf", ".ttc"}
# noncharacters: no typeface maps them, so they show what a missing letter looks like
_NEVER_MAPPED = "\uffff"


class TypefaceWarning(UserWarning):
    """A text is not written as asked: another typeface stands in, or letters stay unjoined."""


def find_typeface(name: str | Path) -> Path:
    """Find a typeface's file.

    Parameters
    ----------
    name : str or Path
        A key of `BUNDLED`, or a font file (TrueType, OpenType and what else FreeType reads).

    Raises
    ------
    OptionError
        If there is no such typeface or file, or the file is no font.
    """
    if str(name) in BUNDLED:
        return _bundled(str(name))
    path = Path(name).expanduser()
    if not path.is_file():
        raise OptionError(
            f"no typeface or font file {str(name)!r}; give a .ttf or .otf file, or one of: "
            f"{', '.join(BUNDLED)}"
        )
    open_typeface(path, 16)
    return path.resolve()


@functools.cache
def _bundled(name: str) -> Path:
    package, _, file = BUNDLED[name].partition("/")
    # found, not imported: the packages import pkg_resources, which Python no longer brings
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} is a dependency"
    return Path(spec.submodule_search_locations[0]) / "files" / file


@functools.lru_cache(maxsize=256)
def open_typeface(path: Path, size_px: float, *, joined: bool = False) -> ImageFont.FreeTypeFont:
    """Open a font file at a size.

    Parameters
    ----------
    path : Path
    size_px : float
        Height of the em square.
    joined : bool
        Let Raqm order and join the letters, as right-to-left and Indic scripts need; else each
        letter follows the last, the same on every machine.

    Raises
    ------
    OptionError
        If FreeType cannot read the file, or it has no scalable letters.
    """
    engine = ImageFont.Layout.RAQM if joined else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(str(path), size_px, layout_engine=engine)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"{str(path)!r} is no font file with scalable letters ({error}); give a .ttf or .otf "
            f"file, or one of: {', '.join(BUNDLED)}"
        ) from None


def visible(text: str) -> str:
    """Give what is drawn of a text: every kind of space as a space, nothing for invisible marks.

    Typefaces have boxes in the place of joiners, direction marks and narrow spaces that they do
    not know. A text that Raqm joins keeps its joiners, since they change the letters beside them.

    Raises
    ------
    OptionError
        If nothing is left, or the text has line breaks or other controls.
    """
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise OptionError(f"{text!r} has line breaks or control characters; write one line")
    joined = needs_joining(text)
    shown = "".join(" " if c.isspace() else c for c in text if joined or not _is_invisible(c))
    if not shown.strip():
        raise OptionError(f"{text!r} has no letters to write")
    return shown


def missing_letters(path: Path, text: str) -> str:
    """Give the letters of a text that a typeface has no glyph for, each once, in order.

    A letter is missing if it is drawn as a code point is that no typeface maps; spaces and
    invisible marks are never missing.
    """
    seen = (c for c in dict.fromkeys(text) if not c.isspace() and not _is_invisible(c))
    return "".join(c for c in seen if not _has(path, c))


def _is_invisible(letter: str) -> bool:
    # joiners and direction marks; variation selectors, which choose an emoji's style
    return unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


@functools.lru_cache(maxsize=1 << 16)
def _has(path: Path, letter: str) -> bool:
    font = open_typeface(path, 32)
    return _drawn(font, letter) != _drawn(font, _NEVER_MAPPED)


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[object, ...]:
    mask, offset = font.getmask2(letter, "L")
    return bytes(mask), mask.size, offset, font.getlength(letter)


def typeface_for(name: str | Path, text: str, size_px: float) -> ImageFont.FreeTypeFont:
    """Open the asked typeface at a size, or the first that has every letter of the text.

    The whole text is written in the one that stands in. A right-to-left or joined script is laid
    out by Raqm.

    Parameters
    ----------
    name : str or Path
        As `find_typeface` takes it, which says also what is raised.
    text : str
    size_px : float

    Raises
    ------
    OptionError
        If no typeface on this machine has every letter.

    Warns
    -----
    TypefaceWarning
        If another typeface stands in, or this Pillow has no Raqm and the text needs it.
    """
    asked = find_typeface(name)
    path, remark = _with_letters(asked, text)
    if remark:
        warnings.warn(remark, TypefaceWarning, stacklevel=2)
    joined = needs_joining(text)
    if joined and not features.check("raqm"):
        joined = False
        warnings.warn(
            f"{text!r} needs Raqm to be ordered and joined, and this Pillow was built without it: "
            f"its letters stand unjoined from left to right",
            TypefaceWarning,
            stacklevel=2,
        )
    return open_typeface(path, size_px, joined=joined)


def needs_joining(text: str) -> bool:
    """Tell whether letters of a text change with their neighbours, or run from right to left."""
    return any(
        unicodedata.bidirectional(c) in ("R", "AL", "AN")
        or (unicodedata.category(c) in ("Mn", "Mc") and not _is_invisible(c))
        for c in text
    )


@functools.lru_cache(maxsize=4096)
def _with_letters(asked: Path, text: str) -> tuple[Path, str]:
    missing = missing_letters(asked, text)
    if not missing:
        return asked, ""
    for path in (*(find_typeface(name) for name in BUNDLED), *_system_typefaces()):
        try:
            complete = not missing_letters(path, text)
        except OptionError:
            # a bitmap font, or a broken file that the user never asked for
            continue
        if complete:
            return path, f"{asked.stem} has no {_listed(missing)}: {text!r} is in {path.stem}"
    raise OptionError(
        f"no typeface on this machine has every letter of {text!r} ({asked.stem} has no "
        f"{_listed(missing)}); give a font file that has them"
    )


@functools.cache
def _system_typefaces() -> tuple[Path, ...]:
    found = []
    for folder in _FOLDERS.get(sys.platform, _FOLDERS["linux"]):
        root = Path(os.path.expandvars(folder)).expanduser()
        found += [path for path in root.rglob("*") if path.suffix.lower() in _ENDINGS]
    order = {stem: place for place, stem in enumerate(_WIDE)}
    return tuple(sorted(found, key=lambda path: (order.get(path.stem, len(order)), str(path))))


def _listed(letters: str) -> str:
    return ", ".join(f"{letter!r} (U+{ord(letter):04X})" for letter in letters)
