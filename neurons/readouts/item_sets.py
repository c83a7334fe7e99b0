"""Which words or pictures does an association test compare, and may they be compared?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.readouts.partitions import FEWEST, FEWEST_PAIRS, smallest_p

# "hers" is no plural, nor are these
_NO_SINGULARS = frozenset({"her", "hi", "it", "our", "their", "thi", "your"})
_NAMED = 3


@dataclass(frozen=True)
class Words:
    """Words or sentences, as a model's text tower reads them.

    Parameters
    ----------
    name : str
        What the set is called, such as ``flowers``.
    words : tuple of str
    """

    name: str
    words: tuple[str, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """What each item is called."""
        return self.words

    @property
    def kind(self) -> str:
        """What they are, for tables."""
        return "text"


@dataclass(frozen=True)
class WrittenWords(Words):
    """Words as a model's image tower sees them: written on plain grounds."""

    @property
    def kind(self) -> str:
        """What they are, for tables."""
        return "written"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures.

    Parameters
    ----------
    name : str
    images : ImageSet
    rows : tuple of int
        Which of them.
    """

    name: str
    images: ImageSet
    rows: tuple[int, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """What each item is called."""
        ids = self.images.ids
        return tuple(ids[row] for row in self.rows)

    @property
    def kind(self) -> str:
        """What they are, for tables."""
        return "pictures"


ItemSet = Words | Pictures


@dataclass(frozen=True, eq=False)
class AssociationTest:
    """Two sets of targets, and two sets of attributes that they may lie nearer to.

    Parameters
    ----------
    name : str
    x : Words, WrittenWords or Pictures
        Targets.
    y : the same, or None
        The targets that they are compared with; None: X alone is asked about.
    a, b : the same
        Attributes.
    source : str
        Who proposed it; empty for one's own.
    """

    name: str
    x: ItemSet
    y: ItemSet | None
    a: ItemSet
    b: ItemSet
    source: str = ""

    @property
    def sides(self) -> tuple[ItemSet, ...]:
        """All sets, targets first."""
        return tuple(each for each in (self.x, self.y, self.a, self.b) if each is not None)

    @property
    def exchanged(self) -> tuple[ItemSet, ItemSet]:
        """The two sets whose items chance exchanges: the targets, or of X alone the attributes."""
        return (self.a, self.b) if self.y is None else (self.x, self.y)

    def written(self) -> AssociationTest:
        """Give the same test with words as pictures of themselves."""

        def side(found: ItemSet) -> ItemSet:
            return WrittenWords(found.name, found.words) if isinstance(found, Words) else found

        y = None if self.y is None else side(self.y)
        return replace(self, x=side(self.x), y=y, a=side(self.a), b=side(self.b))

    def check(self) -> None:
        """Refuse sets that cannot be compared, before anything is embedded.

        Raises
        ------
        OptionError
            If a set is empty or has fewer than four items, those that are exchanged differ in
            number, or an item stands there twice: also in another case, in the plural, or on
            another side.
        """
        for side in self.sides:
            if not side.items:
                raise OptionError(f"{side.name!r} has no items: give {FEWEST} or more")
        first, second = self.exchanged
        for side in self.sides if self.y is not None else (self.a, self.b):
            n = len(side.items)
            if n < FEWEST:
                possible = (
                    f" (the smallest p that is possible with {n} on each side is "
                    f"{smallest_p(n):.2g})"
                    if side in (first, second)
                    else ""
                )
                raise OptionError(
                    f"{side.name!r} has {n} items: give {FEWEST} or more of each set{possible}"
                )
        if len(first.items) != len(second.items):
            raise OptionError(
                f"{first.name!r} has {len(first.items)} items and {second.name!r} has "
                f"{len(second.items)}: chance exchanges them in equal parts; give as many of each"
            )
        _check_once(self.sides)


@dataclass(frozen=True, eq=False)
class PairedTest(AssociationTest):
    """A test whose targets are pairs: item ``i`` of X goes with item ``i`` of Y.

    Such as one scene in two versions; chance exchanges the two items of a pair.
    """

    def check(self) -> None:
        """Refuse what `AssociationTest.check` refuses, and fewer than six pairs.

        Raises
        ------
        OptionError
            Also if there is no Y.
        """
        super().check()
        n = len(self.x.items)
        if self.y is None or n < FEWEST_PAIRS:
            raise OptionError(
                f"{self.name!r} has {n if self.y is not None else 'no'} pairs of targets: give "
                f"{FEWEST_PAIRS} or more (the smallest p that is possible is then "
                f"{2 / 2**FEWEST_PAIRS:.2g})"
            )


def _check_once(sides: Sequence[ItemSet]) -> None:
    """Refuse an item that stands there twice, in whatever form."""
    seen: dict[object, tuple[str, str]] = {}
    for side in sides:
        for item in side.items:
            for form in _forms(side, item):
                if form in seen:
                    other, where = seen[form]
                    told = f"{item!r} of {side.name!r}"
                    again = "twice" if other == item else f"also as {other!r}"
                    place = "" if where == side.name else f" in {where!r}"
                    raise OptionError(f"{told} is there {again}{place}: leave one of them out")
            seen.setdefault(_key(side, item), (item, side.name))


def _key(side: ItemSet, item: str) -> object:
    if isinstance(side, Pictures):
        return (str(side.images.provenance()["fingerprint"]), item)
    return " ".join(item.casefold().split())


def _forms(side: ItemSet, item: str) -> Iterator[object]:
    """Give what counts as the same item: itself, its singular and its plural."""
    key = _key(side, item)
    yield key
    if not isinstance(key, str):
        return
    for singular, plural in (("", "s"), ("", "es"), ("y", "ies")):
        if key.endswith(singular):
            stem = key[: len(key) - len(singular)]
            if key not in _NO_SINGULARS:
                yield stem + plural
        if key.endswith(plural):
            one = key[: len(key) - len(plural)] + singular
            if one not in _NO_SINGULARS:
                yield one
