"""How is a word written where nobody says how, and can it be read there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp

# height of the em square in the network's input. On the miniature one copy of a class's name makes
# its class of 98 % of images at 12 px, 91 % at 10, 54 % at 8 and 2 % at 6: the rows "by height" of
# `python -m experiments.typography_truth`
LEGIBLE_PX = 12.0
# beyond this share of the image, a word's box hides what is shown
_TOO_LARGE = 0.5
# a name of a usual length; it stands for all where a lettering is chosen
_USUAL, _NAMED = "guitar", 3


@dataclass(frozen=True)
class Writing:
    """A lettering, and why it is this one.

    Parameters
    ----------
    lettering : Lettering
    told : str
        What a heading says of it: ``one copy at a random place, 7 % of the pixels``.
    why : str
        A sentence; empty where the lettering was asked for.
    """

    lettering: Lettering
    told: str
    why: str


def default_lettering(size: tuple[int, int]) -> Lettering:
    """Give the lettering of every study that is not told another one.

    Parameters
    ----------
    size : (height, width)
        Of the network's input, in pixels.

    Returns
    -------
    Lettering
        The article's eight copies where a word of six letters is then legible, else one copy at a
        random place, on the same share of the pixels; on an input so small that this is not
        legible either, one copy of the smallest legible height.
    """
    tried = (Lettering(), Lettering(places="random"))
    legible = (each for each in tried if _usual_px(each, size) >= LEGIBLE_PX)
    return next(legible, Lettering(places="random", size_px=LEGIBLE_PX))


def chosen_writing(asked: Lettering | None, size: tuple[int, int]) -> Writing:
    """Take the lettering that was asked for, or the default, and say so.

    Parameters
    ----------
    asked : Lettering or None
    size : (height, width)
        Of the network's input, in pixels.
    """
    if asked is not None:
        return Writing(asked, asked.told(), "")
    lettering, article = default_lettering(size), Lettering()
    small, network = _usual_px(article, size), f"{size[1]} x {size[0]} px"
    if lettering == article:
        why = f"eight copies as in Goh et al. 2021, of letters that can be read on {network}"
    else:
        height = f"would be {small:g} px high" if small else "would not fit"
        why = (
            f"eight copies as in Goh et al. 2021 {height} on {network}, where {LEGIBLE_PX:g} px "
            f"or more can be read"
        )
    return Writing(lettering, lettering.told(), f"Chosen by the input's size: {why}.")


def on_plain_ground(lettering: Lettering) -> Lettering:
    """Give the same lettering for a plain ground, which has no places to choose among.

    What is written at a random or at the least salient place stands in the middle there.
    """
    if lettering.places in ("random", "least-salient"):
        return replace(lettering, places=(0.5, 0.5))
    return lettering


def legibility(texts: Sequence[str], lettering: Lettering, size: tuple[int, int]) -> str:
    """Say which texts are too small to be read in the network's input, or hide the picture.

    Parameters
    ----------
    texts : sequence of str
        That can be written so.
    lettering : Lettering
    size : (height, width)
        Of the network's input, in pixels.

    Returns
    -------
    str
        One or two sentences; empty where every text is neither.
    """
    stamps = {text: fitted_stamp(text, lettering, (size[1], size[0])) for text in texts}
    small = {text: stamp.size_px for text, stamp in stamps.items() if stamp.size_px < LEGIBLE_PX}
    shares = {
        text: lettering.copies * stamp.width * stamp.height / (size[0] * size[1])
        for text, stamp in stamps.items()
    }
    large = {text: share for text, share in shares.items() if share > _TOO_LARGE}
    told, network = [], f"{size[1]} x {size[0]} px"
    if small:
        shown = ", ".join(f"“{text}” {px:g} px" for text, px in list(small.items())[:_NAMED])
        told.append(
            f"Letters below {LEGIBLE_PX:g} px are hardly read in a network's input (here of "
            f"{network}), and {len(small):,} of {len(stamps):,} texts have such ones ({shown}); "
            f"write fewer copies, or larger ones."
        )
    if large:
        shown = ", ".join(f"“{text}” {share:.0%}" for text, share in list(large.items())[:_NAMED])
        told.append(
            f"The boxes of {len(large):,} of {len(stamps):,} texts cover more than half of the "
            f"picture ({shown}): little is left to be seen of what it shows; write smaller."
        )
    return " ".join(told)


def _usual_px(lettering: Lettering, size: tuple[int, int]) -> float:
    """Give how high a usual name is then; 0 where it does not fit."""
    try:
        return fitted_stamp(_USUAL, lettering, (size[1], size[0])).size_px
    except OptionError:
        return 0.0
