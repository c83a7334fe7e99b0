"""What do the colours and places of a lettering mean?"""

from __future__ import annotations

import re

from neurons.errors import OptionError
from neurons.lettering.lettering import PLACES, Colour

_NAMED_COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (212, 36, 36),
    "green": (36, 160, 60),
    "blue": (36, 84, 214),
    "yellow": (235, 205, 20),
}


def parse_colour(text: str) -> Colour:
    """Read a colour: a name, or ``#rrggbb``.

    Raises
    ------
    OptionError
        If it is neither.
    """
    if text in _NAMED_COLOURS:
        return _NAMED_COLOURS[text]
    match = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if match is None:
        raise OptionError(f"no colour {text!r}; write #rrggbb or {', '.join(_NAMED_COLOURS)}")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def parse_place(text: str) -> str | tuple[float, float]:
    """Read where words stand: a rule's name, or ``X,Y`` in shares of width and height.

    Raises
    ------
    OptionError
        If it is neither.
    """
    if text in PLACES:
        return text
    match = re.fullmatch(r"\s*([\d.]+)\s*,\s*([\d.]+)\s*", text)
    if match is None:
        raise OptionError(f"no place {text!r}; write {', '.join(PLACES)}, or X,Y such as 0.5,0.8")
    return float(match[1]), float(match[2])
