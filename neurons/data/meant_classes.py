"""Which classes are meant by a word?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from neurons.errors import OptionError


def classes_of(class_names: Sequence[str], concept: str | Sequence[str]) -> tuple[str, ...]:
    """Find the classes that are meant, without regard to case.

    Parameters
    ----------
    class_names : sequence of str
    concept : str or sequence of str
        One name: the class so called, else every class whose name holds it as a whole word.
        Several names: all of these classes.

    Raises
    ------
    OptionError
        If there is no such class; the message gives those that look alike.
    """
    wanted = [concept] if isinstance(concept, str) else list(concept)
    found: list[str] = []
    for name in wanted:
        exact = [each for each in class_names if each.casefold() == name.strip().casefold()]
        word = re.compile(rf"\b{re.escape(name.strip())}\b", re.IGNORECASE)
        part = [each for each in class_names if name.strip() and word.search(each)]
        if not exact and not part:
            raise OptionError(_no_class(class_names, name))
        found += exact or part
    return tuple(dict.fromkeys(found))


def _no_class(class_names: Sequence[str], name: str) -> str:
    # a name is near if it is, or if one of its words is
    known = {word: each for each in class_names for word in each.casefold().split()}
    known |= {each.casefold(): each for each in class_names}
    near = list(dict.fromkeys(known[w] for w in get_close_matches(name.casefold(), known, 3)))
    few = ", ".join(near or list(class_names)[:5])
    which = "those that look alike" if near else f"the first of {len(class_names):,}"
    return (
        f"no class of the images is called {name!r} ({which}: {few}); for what has no images, ask "
        f"by a written word which strings excite a unit"
    )
