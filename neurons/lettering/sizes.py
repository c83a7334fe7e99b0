"""How large must a word be written to fit on an image and to cover the share that is asked for?"""

from __future__ import annotations

from collections.abc import Callable

from neurons.errors import OptionError
from neurons.lettering.stamps import Stamp

# sizes are tried in quarters of a pixel; below four pixels nothing can be read
_STEPS_PER_PX = 4
_SMALLEST = 4 * _STEPS_PER_PX
# beyond the largest or smallest size that fits, the area may be off by this share of itself
_TOLERANCE = 0.1
# hinting makes the ink grow by fits and starts: the nearest size may lie aside of the first that is
# near, but not beyond one that is off by this share of the area
_ASIDE = 0.1

Draw = Callable[[float], Stamp]
Fits = Callable[[Stamp], bool]


def of_size(text: str, size_px: float, draw: Draw, fits: Fits, *, room: str) -> Stamp:
    """Draw a word at a size.

    Parameters
    ----------
    text : str
    size_px : float
    draw : callable
        Takes a size in pixels and gives the stamp.
    fits : callable
        Takes a stamp and tells whether there is room for it.
    room : str
        What it must fit on, for messages: ``8 copies on 96 x 96 px``.

    Raises
    ------
    OptionError
        If it does not fit.
    """
    stamp = draw(size_px)
    if not fits(stamp):
        raise OptionError(
            f"{text!r} at {size_px:g} px is {stamp.width} x {stamp.height} px: no room for {room}; "
            f"ask for a smaller size"
        )
    return stamp


def size_for_area(
    text: str, area: float, draw: Draw, fits: Fits, share: Callable[[Stamp], float], *, room: str
) -> float:
    """Find the size, in pixels, at which a word's ink comes nearest to an area.

    Parameters
    ----------
    text, fits, room
        As `of_size` takes them.
    draw : callable
        Takes a size in pixels and gives a stamp of the same outline as the one that is wanted.
    area : float in (0, 1)
    share : callable
        Takes a stamp and gives the share of the image that its ink touches, all copies together.

    Raises
    ------
    OptionError
        If no size fits, or even the largest covers less than nine tenths of the area, or even the
        smallest more than eleven tenths.
    """
    drawn: dict[int, Stamp] = {}

    def at(step: int) -> Stamp:
        if step not in drawn:
            drawn[step] = draw(step / _STEPS_PER_PX)
        return drawn[step]

    if not fits(at(_SMALLEST)):
        raise OptionError(
            f"{text!r} is too long: even at {_SMALLEST / _STEPS_PER_PX:g} px there is no room for "
            f"{room}; write a shorter text, or on larger images"
        )
    # never far beyond what fits: a very large word is slow to draw
    high = 2 * _SMALLEST
    while fits(at(high)) and share(at(high)) <= area:
        high *= 2
    largest = _last(lambda step: fits(at(step)), _SMALLEST, high)
    below = _last(lambda step: share(at(step)) <= area, _SMALLEST, largest)
    shares = {below: share(at(below))}
    for end, way in ((_SMALLEST - 1, -1), (largest + 1, 1)):
        for step in range(below + way, end, way):
            shares[step] = share(at(step))
            if abs(shares[step] - area) > _ASIDE * area:
                break
    best = min(sorted(shares), key=lambda step: abs(shares[step] - area))
    reached = shares[best]
    # between two sizes any gap is as near as the typeface comes; beyond the last it is not
    beyond = max(shares.values()) < area or min(shares.values()) > area
    if beyond and abs(reached - area) > _TOLERANCE * area:
        last, ask = ("largest", "less") if reached < area else ("smallest", "more")
        raise OptionError(
            f"{text!r} cannot cover {area:.3g} of the image: {room} near the {last} size, "
            f"{best / _STEPS_PER_PX:g} px, cover {reached:.3g}; ask for {ask}, or write another "
            f"text"
        )
    return best / _STEPS_PER_PX


def _last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Give the last step that holds; those that do come first, and ``low`` counts as one."""
    if holds(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
