"""Which texts may a unit ask for? Captions of a file, or words in sentences."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np

from neurons.drawn_world.scenes import training_scene
from neurons.errors import OptionError
from neurons.readouts.prompts import PLAIN
from neurons.readouts.vocabulary import read_vocabulary, shipped_vocabulary

MINIATURE = "miniature"
# what columns of captions are called in tables of the field
_COLUMNS = ("caption", "text", "title", "raw")
_TOLD_COLUMNS = f"{', '.join(_COLUMNS[:-1])} or {_COLUMNS[-1]}"
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
# about 950 of them are different
_DRAWN = 2000


@dataclass(frozen=True)
class Captions:
    """Texts, and where they come from.

    Parameters
    ----------
    texts : tuple of str
        In the order of the source; what stands there twice is there twice.
    source : str
        Such as ``captions of captions.txt``.
    written : bool
        Whether people wrote them as captions: then they say how natural a text is. Words put into
        templates do not.
    """

    texts: tuple[str, ...] = field(repr=False)
    source: str
    written: bool

    @property
    def different(self) -> tuple[str, ...]:
        """Each text once."""
        return tuple(dict.fromkeys(self.texts))

    def parted(self, *, seed: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Part them into four fifths, and a fifth of which no text is among the others.

        Parameters
        ----------
        seed : int

        Returns
        -------
        tuple of str, tuple of str
            The four fifths with repetitions, and each other text once.
        """
        different = self.different
        random = np.random.default_rng((seed, 5))
        held = random.permutation(len(different))[: len(different) // 5]
        kept_out = {different[i] for i in held.tolist()}
        fitted = tuple(text for text in self.texts if text not in kept_out)
        return fitted, tuple(text for text in different if text in kept_out)


def read_captions(path: str | Path) -> Captions:
    """Read captions.

    Parameters
    ----------
    path : str or Path
        A file of a caption a line; a ``.csv`` or ``.tsv`` file with a column ``caption``,
        ``text``, ``title`` or ``raw``; or ``miniature``: captions of the drawn world's pictures.

    Raises
    ------
    OptionError
        If there is no such file, it is no text, has no such column, or fewer than two different
        captions.
    """
    if str(path) == MINIATURE:
        return drawn_captions()
    path = Path(path)
    if not path.is_file():
        raise OptionError(
            f"there is no file of captions {str(path)!r}: name one with a caption a line, or a "
            f".csv or .tsv file with a column {_TOLD_COLUMNS}, or 'miniature'"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"cannot read the captions {str(path)!r}: {error}") from None
    delimiter = _DELIMITERS.get(path.suffix.lower())
    lines = text.splitlines() if delimiter is None else _column(path, text, delimiter)
    texts = tuple(line.strip() for line in lines if line.strip())
    if len(set(texts)) < 2:
        raise OptionError(
            f"captions {str(path)!r} hold {len(set(texts))} different texts; write a caption a "
            f"line, two or more"
        )
    return Captions(texts, f"captions of {path.name}", written=True)


def drawn_captions(n: int = _DRAWN, *, seed: int = 0) -> Captions:
    """Give captions of the drawn world's pictures, as the miniature was trained with them.

    Parameters
    ----------
    n : int >= 2
        Pictures; many have the same caption.
    seed : int
    """
    random = Random(f"captions {seed}")
    texts = tuple(training_scene(random).caption for _ in range(n))
    return Captions(texts, "captions of the drawn world", written=True)


def usual_captions(model_name: str) -> Captions:
    """Give the texts that are asked where nobody names any.

    Parameters
    ----------
    model_name : str
        The miniature knows the language of its world only, and gets captions of it; other models
        get the shipped vocabulary in two templates.
    """
    return drawn_captions() if model_name == MINIATURE else words_in_templates()


def words_in_templates(
    words: str | Path | Sequence[str] | Mapping[str, str] | None = None,
    *,
    templates: Sequence[str] = PLAIN,
) -> Captions:
    """Put words into sentences.

    Parameters
    ----------
    words : str, Path, sequence or mapping of str, optional
        A file as `read_vocabulary` takes it, or words; default: the shipped vocabulary.
    templates : sequence of str
        With one ``{}`` each, where the word goes.

    Raises
    ------
    OptionError
        If a template has no ``{}``, there are fewer than two texts, or the file cannot be read.
    """
    without = [each for each in templates if "{}" not in each]
    if without:
        raise OptionError(f"template {without[0]!r} has no {{}} where the word goes")
    if words is None:
        known, source = tuple(shipped_vocabulary()), "words of the shipped vocabulary"
    elif isinstance(words, (str, Path)):
        known, source = tuple(read_vocabulary(words)), f"words of {Path(words).name}"
    else:
        known, source = tuple(words), "words"
    texts = tuple(dict.fromkeys(each.format(word) for each in templates for word in known))
    if len(texts) < 2:
        raise OptionError(
            f"{len(known)} words in {len(templates)} templates make {len(texts)} texts; give two "
            f"or more"
        )
    return Captions(texts, f"{source} in {len(templates)} templates", written=False)


def _column(path: Path, text: str, delimiter: str) -> list[str]:
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter)
    names = {name.strip().lower(): name for name in rows.fieldnames or ()}
    column = next((names[each] for each in _COLUMNS if each in names), None)
    if column is None:
        there = ", ".join(rows.fieldnames or ()) or "none"
        raise OptionError(
            f"captions {str(path)!r} have no column {_TOLD_COLUMNS}; their columns: {there}"
        )
    return [row[column] or "" for row in rows]
