"""What is compared with what? Words, files, folders and conditions become sets of items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import neurons
from neurons.cli.parse import lines, listed
from neurons.cli.parse_attack import check_prompts, parse_rows
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.readouts.item_sets import (
    AssociationTest,
    ItemSet,
    PairedTest,
    Pictures,
    Words,
)
from neurons.readouts.named_tests import association_test, find_named_test, pictures_of_class
from neurons.readouts.prompts import ALONE, PLAIN, openai

_WORD_FILES = (".txt", ".csv", ".tsv", ".json")
_CLASS = "class"


def parse_tests(
    names: Sequence[str],
    targets: Sequence[str],
    attributes: Sequence[str],
    *,
    pictures: str | None,
    images: ImageSet | None,
    written: bool,
    pairs: bool,
) -> list[AssociationTest]:
    """Make the tests that are asked for, named ones first, and refuse what cannot be compared.

    Parameters
    ----------
    names : sequence of str
        Of named tests.
    targets, attributes : sequence of str
        Sets of one's own: two targets or one, and two attributes; empty for none.
    pictures : str or None
        Where the folders of named tests of pictures lie.
    images : ImageSet or None
        A run's, whose classes and columns may be named.
    written : bool
        Whether words are written.
    pairs : bool
        Whether the targets of one's own are pairs.

    Raises
    ------
    OptionError
        If nothing is asked for, or sets cannot be compared.
    ImagesNotFoundError
        If there are no pictures where they are said to be.
    LabelsMissingError
        If classes are named of images without labels.
    """
    if not names and not targets and not attributes:
        raise OptionError(
            "nothing to compare: name a test with --test, such as flowers-insects, or give sets "
            "with --targets and --attributes"
        )
    folder = None
    if pictures is not None:
        folder = neurons.images(pictures)
    elif any(find_named_test(name).needs_pictures for name in names):
        folder = images
    found = [association_test(name, folder) for name in names]
    if targets or attributes:
        found.append(_own(targets, attributes, images, pairs=pairs))
    elif pairs:
        raise OptionError("--pairs is about sets of one's own; give --targets and --attributes")
    if written:
        found = [test.written() for test in found]
    for test in found:
        test.check()
    return found


def parse_side(text: str, images: ImageSet | None) -> ItemSet:
    """Read one set: a file of words, words parted by commas, pictures, or a run's images.

    Parameters
    ----------
    text : str
        ``flowers.txt``; ``rose, tulip, lily, iris``; a folder of pictures; or ``class=dog,cat``.
    images : ImageSet or None
        A run's.

    Raises
    ------
    OptionError
        If it cannot be read.
    """
    path = Path(text)
    if path.suffix in _WORD_FILES or (not path.exists() and "=" not in text):
        words = tuple(listed(text))
        return Words(path.stem if path.suffix in _WORD_FILES else _named(words), words)
    if path.exists():
        shown = neurons.images(text)
        return Pictures(path.stem, shown, tuple(range(len(shown))))
    column, _, value = text.partition("=")
    if images is None:
        raise OptionError(
            f"{text!r} names images of a run by a column; give a run instead of a model, or a "
            f"folder of pictures"
        )
    if column.strip() == _CLASS and _CLASS not in images.columns:
        parts = [pictures_of_class(images, name.strip()) for name in value.split(",")]
        rows = tuple(sorted(row for part in parts for row in part.rows))
        return Pictures(value.strip(), images, rows)
    return Pictures(value.strip(), images, tuple(parse_rows(images, text) or ()))


def parse_templates(asked: str) -> tuple[str, ...]:
    """Find the sentences in which text stands: ``word``, ``plain``, ``openai``, or a file.

    Raises
    ------
    OptionError
        If there are none.
    """
    known = {"word": ALONE, "plain": PLAIN}
    if asked in known:
        return known[asked]
    check_prompts(asked)
    return openai() if asked == "openai" else tuple(lines(Path(asked)))


def _own(
    targets: Sequence[str], attributes: Sequence[str], images: ImageSet | None, *, pairs: bool
) -> AssociationTest:
    if len(targets) not in (1, 2) or len(attributes) != 2:
        raise OptionError(
            f"{len(targets)} sets of targets and {len(attributes)} of attributes: give two of each "
            f"(or one of targets)"
        )
    x, *rest = (parse_side(text, images) for text in targets)
    a, b = (parse_side(text, images) for text in attributes)
    y = rest[0] if rest else None
    name = f"{x.name} and {y.name}" if y is not None else x.name
    kind = PairedTest if pairs else AssociationTest
    return kind(name, x, y, a, b)


def _named(words: Sequence[str]) -> str:
    """Name a set of words that were given one by one."""
    return words[0] if len(words) == 1 else f"{words[0]} ..."
