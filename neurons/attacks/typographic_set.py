"""What is a set of pictures with misleading words: which trials, and by which protocol?"""

from __future__ import annotations

from dataclasses import dataclass

from neurons.data.images import ImageSet
from neurons.lettering.lettering import Lettering

# Defense-Prefix's evaluation of RTA-100 and PAINT (github.com/azuma164/Defense-Prefix)
ONE_PROMPT = ("a photo of a {}.",)

# what is on the picture: no word, a word of a wrong class, or the right class's own word
CLEAN, ATTACKED, NAMED = "clean", "attacked", "named"


@dataclass(frozen=True)
class Trial:
    """One question: does the image show this, or what is written?

    Parameters
    ----------
    index : int
        Of the image in its set.
    true, written : str
        Names of the classes. Of a clean image ``written`` is only the wrong answer on offer.
    kind : str
        A part of the set, such as ``SCAM`` or ``NoSCAM``.
    word : str
        `CLEAN`, `ATTACKED` or `NAMED`.
    text : str
        What is to be written first; empty where the picture is taken as it is.
    """

    index: int
    true: str
    written: str
    kind: str
    word: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class TypographicSet:
    """Pictures with words, and the protocol that the set was published with.

    Parameters
    ----------
    name : str
        Such as ``scam``: what published figures are kept under.
    images : ImageSet
    trials : tuple of Trial
    templates : tuple of str
        The published prompt ensemble.
    citation : str
    lettering : Lettering, optional
        How the trials' texts are written; None where the pictures have their words already.
    """

    name: str
    images: ImageSet
    trials: tuple[Trial, ...]
    templates: tuple[str, ...]
    citation: str
    lettering: Lettering | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Every class that a picture shows or that is written on one, in alphabetical order.

        Azuma and Matsui 2023 choose among the same.
        """
        return tuple(sorted({n for trial in self.trials for n in (trial.true, trial.written)}))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The parts of the set, in the order of their first trial."""
        return tuple(dict.fromkeys(trial.kind for trial in self.trials))
