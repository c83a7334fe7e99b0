"""Which association tests have a name, who proposed them, and what do they compare?"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.readouts.item_sets import AssociationTest, Pictures, Words


@dataclass(frozen=True)
class NamedTest:
    """A published test, or one put together from published lists.

    Parameters
    ----------
    name : str
    sides : tuple of str
        What the targets and the attributes are called: X, Y, A, B.
    source : str
        Who proposed it.
    words : mapping of str to tuple of str
        Of each side; empty for tests of pictures, which do not come with this.
    """

    name: str
    sides: tuple[str, str, str, str]
    source: str
    words: Mapping[str, tuple[str, ...]]

    @property
    def needs_pictures(self) -> bool:
        """Whether its sides are pictures, which whoever asks must have."""
        return not self.words


@functools.cache
def named_tests() -> dict[str, NamedTest]:
    """Give every named test by its name."""
    text = (files("neurons.readouts") / "association_tests.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    return {
        name: NamedTest(
            name,
            tuple(entry["sides"]),
            entry["source"],
            {}
            if entry.get("pictures")
            else {side: tuple(known["words"][side]) for side in entry["sides"]},
        )
        for name, entry in known["tests"].items()
    }


def find_named_test(name: str) -> NamedTest:
    """Find a test by its name.

    Raises
    ------
    OptionError
        If there is none; the message names those that there are.
    """
    known = named_tests()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        told = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise OptionError(f"no association test {name!r}; {told}")
    return known[name]


def association_test(name: str, pictures: ImageSet | None = None) -> AssociationTest:
    """Give a named test with its items.

    Parameters
    ----------
    name : str
        Such as ``flowers-insects``; `named_tests` lists them.
    pictures : ImageSet, optional
        For a test of pictures: labelled, with a class of the name of each side.

    Returns
    -------
    AssociationTest

    Raises
    ------
    OptionError
        If there is no such test, it needs pictures, or a side has none.
    LabelsMissingError
        If the pictures carry no labels.
    """
    test = find_named_test(name)
    if not test.needs_pictures:
        x, y, a, b = (Words(side, test.words[side]) for side in test.sides)
        return AssociationTest(name, x, y, a, b, test.source)
    if pictures is None:
        raise OptionError(
            f"{name!r} compares pictures, which do not come with it: give a folder with the "
            f"folders {', '.join(test.sides)}"
        )
    first, second, third, fourth = (pictures_of_class(pictures, side) for side in test.sides)
    return AssociationTest(name, first, second, third, fourth, test.source)


def pictures_of_class(images: ImageSet, name: str) -> Pictures:
    """Give the pictures of a class.

    Raises
    ------
    OptionError
        If there is no such class, or it has no picture.
    LabelsMissingError
        If the images carry no labels.
    """
    labels, names = images.require_labels(), images.class_names
    rows = np.flatnonzero([names[label] == name if label >= 0 else False for label in labels])
    if not len(rows):
        near = difflib.get_close_matches(name, names, n=3)
        told = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names[:8])}"
        raise OptionError(f"no picture of {name!r} in {images.name!r}; {told}")
    return Pictures(name, images, tuple(int(row) for row in rows))
