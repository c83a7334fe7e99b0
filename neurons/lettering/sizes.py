"""How large must a word be written to fit on an image and to cover the share that is asked for?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering
from neurons.lettering.places import has_room
from neurons.lettering.stamps import Stamp, word_stamp
from neurons.lettering.typefaces import typeface_for, visible

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


@functools.lru_cache(maxsize=256)
def fitted_stamp(text: str, lettering: Lettering, image: tuple[int, int]) -> Stamp:
    """Give a text's masks at the size that the lettering asks for.

    Parameters
    ----------
    text : str
    lettering : Lettering
    image : (width, height)
        In pixels.

    Raises
    ------
    OptionError
        If it does not fit.
    """
    shown = visible(text)
    copies = "one copy" if lettering.copies == 1 else f"{lettering.copies} copies"
    room = f"{copies} on {image[0]} x {image[1]} px"

    def draw(size_px: float, lettering: Lettering) -> Stamp:
        return word_stamp(shown, typeface_for(lettering.font, shown, size_px), lettering)

    def fits(stamp: Stamp) -> bool:
        return has_room(lettering, (stamp.width, stamp.height), image)

    size_px = lettering.size_px
    if size_px is None:
        assert lettering.area is not None
        n_pixels = image[0] * image[1]
        # the letters lie within their stroke: one mask has all of the ink
        outline = replace(lettering, stroke_colour=None)
        size_px = size_for_area(
            text,
            lettering.area,
            lambda tried: draw(tried, outline),
            fits,
            lambda stamp: stamp.ink * lettering.copies / n_pixels,
            room=room,
        )
    return of_size(text, size_px, lambda size: draw(size, lettering), fits, room=room)


def writable(
    texts: Sequence[str], lettering: Lettering, size: tuple[int, int]
) -> tuple[list[str], list[str]]:
    """Split strings into those that can be written so, each once, and those that cannot.

    Parameters
    ----------
    texts : sequence of str
    lettering : Lettering
    size : (height, width)
        Of the network's input.

    Raises
    ------
    OptionError
        If none can; it is the first one's error.
    """
    good: list[str] = []
    bad: dict[str, OptionError] = {}
    for text in dict.fromkeys(texts):
        try:
            fitted_stamp(text, lettering, (size[1], size[0]))
            good.append(text)
        except OptionError as error:
            bad[text] = error
    if bad and not good:
        raise next(iter(bad.values()))
    return good, list(bad)


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
