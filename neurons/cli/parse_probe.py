"""Which strength of a probe's path is asked for? A rule's name becomes a rule."""

from __future__ import annotations

from neurons.errors import OptionError
from neurons.sparse.path import Choose, UnitsPerClass, best, one_standard_error


def parse_choose(text: str) -> Choose:
    """Read a rule: ``one-se``, ``best`` or ``units:NUMBER``.

    Raises
    ------
    OptionError
        If it is none of these.
    """
    known: dict[str, Choose] = {"one-se": one_standard_error, "best": best}
    name, _, number = text.partition(":")
    if name == "units" and number.replace(".", "", 1).isdigit():
        return UnitsPerClass(float(number))
    if text not in known:
        raise OptionError(f"no rule {text!r}; there are: {', '.join(known)}, units:3")
    return known[text]
