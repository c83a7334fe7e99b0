"""Which words are told from each other, and in which sentences does each of them stand?"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from neurons.errors import OptionError

EMOTIONS = "emotions"
# three sentences a word, as Goh et al. 2021 took for feelings, and for words of any kind
FEELING = (
    "I am feeling {}.",
    "Me feeling {} on my face.",
    "a photo of me with a {} expression on my face.",
)
ANY = ("{}", "a photo of a {}", "a drawing of a {}")
# a half of the other words is held out, and both halves need words
FEWEST_WORDS, _FEWEST_PROMPTS = 5, 2


@dataclass(frozen=True)
class WordList:
    """Words that are compared with each other, each in the same sentences.

    Parameters
    ----------
    words : tuple of str
        Five or more, no two alike but for capitals.
    families : tuple of str
        Of each word; the word itself where it is not known.
    prompts : tuple of str
        Two or more sentences with one ``{}`` where the word goes.

    Raises
    ------
    OptionError
        If there are too few words or prompts, one is there twice, or a prompt has no ``{}``.
    """

    words: tuple[str, ...]
    families: tuple[str, ...]
    prompts: tuple[str, ...] = ANY

    def __post_init__(self) -> None:
        twice = _twice(self.words)
        if twice:
            raise OptionError(f"the list has {twice[0]!r} twice; keep one of each word")
        if len(self.words) < FEWEST_WORDS:
            raise OptionError(
                f"{len(self.words)} word(s) in the list: a word is told from others, so give "
                f"{FEWEST_WORDS} or more"
            )
        for prompt in self.prompts:
            if prompt.count("{}") != 1:
                raise OptionError(
                    f"prompt {prompt!r} has {prompt.count('{}')} places for the word; write one "
                    f"{{}}"
                )
        if len(self.prompts) < _FEWEST_PROMPTS or _twice(self.prompts):
            raise OptionError(
                f"{len(set(self.prompts))} different prompt(s) of {len(self.prompts)}: one is held "
                f"out, so give {_FEWEST_PROMPTS} or more different ones"
            )

    def index(self, word: str) -> int:
        """Find a word's place, without regard to capitals.

        Raises
        ------
        OptionError
            If the list has no such word; the message gives those that look alike.
        """
        known = {each.casefold(): i for i, each in enumerate(self.words)}
        found = known.get(word.strip().casefold())
        if found is None:
            near = get_close_matches(word.casefold(), known, 3)
            told = ", ".join(self.words[known[each]] for each in near)
            looks = f" (alike: {told})" if told else ""
            raise OptionError(
                f"{word!r} is not among the {len(self.words)} words of the list{looks}; take one "
                f"of them, or add it to a list of your own"
            )
        return found

    def sentences(self) -> list[str]:
        """Give every word in every prompt, word by word."""
        return [prompt.replace("{}", word) for word in self.words for prompt in self.prompts]

    @property
    def has_families(self) -> bool:
        """Whether any family has two words."""
        return len(set(self.families)) < len(self.families)


def read_word_list(source: str | Path, *, prompts: Sequence[str] = ()) -> WordList:
    """Read a list of words.

    Parameters
    ----------
    source : str or Path
        ``emotions``: the 126 different words of the feeling wheel, in families. Or a file of a
        word a line, or a ``.csv`` file with a column ``word`` and, if known, ``family``.
    prompts : sequence of str
        Default: `FEELING` for ``emotions``, `ANY` for a file.

    Raises
    ------
    OptionError
        If there is no such file, it is no text, or it holds too few words, or one twice.

    References
    ----------
    Willcox, "The feeling wheel", Transactional Analysis Journal 1982, which Goh et al. 2021 name.
    The words are those of its later form by Roberts (2015): 130 places, of which 4 hold a word
    that stands elsewhere, which leaves the article's 126.
    """
    if str(source) == EMOTIONS:
        text = (files("neurons.readouts") / "emotions.csv").read_text(encoding="utf-8")
        return _made(_table("emotions", text), prompts or FEELING)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(
            f"cannot read the words {str(source)!r}: {error}; give {EMOTIONS!r}, or a file of a "
            f"word a line"
        ) from None
    if path.suffix.lower() == ".csv":
        return _made(_table(path.name, text), prompts or ANY)
    lines = [line.strip() for line in text.splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    return _made([(word, word) for word in words], prompts or ANY)


def _made(rows: Sequence[tuple[str, str]], prompts: Sequence[str]) -> WordList:
    words, families = tuple(word for word, _ in rows), tuple(family for _, family in rows)
    return WordList(words, families, tuple(prompts))


def _table(name: str, text: str) -> list[tuple[str, str]]:
    rows = csv.DictReader(text.splitlines())
    if "word" not in (rows.fieldnames or ()):
        there = ", ".join(rows.fieldnames or ()) or "none"
        raise OptionError(f"{name!r} has no column 'word'; its columns: {there}")
    read = [((row["word"] or "").strip(), (row.get("family") or "").strip()) for row in rows]
    return [(word, family or word) for word, family in read if word]


def _twice(words: Sequence[str]) -> list[str]:
    counts = Counter(word.casefold() for word in words)
    return [word for word in words if counts[word.casefold()] > 1]
