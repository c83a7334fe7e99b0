"""What did people, or networks, answer to published cue conflicts? Trial by trial, from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from neurons.data.cue_images import SHAPE, TEXTURE, read_name
from neurons.errors import OptionError

# as the raw data of Geirhos et al. 2019 name them
_OBSERVER, _ANSWER, _IMAGE = "subj", "object_response", "imagename"


@dataclass(frozen=True)
class CueTrials:
    """Answers to cue conflicts.

    Parameters
    ----------
    observers : tuple of str
        Who answered, per trial.
    answers : tuple of str
        The class that was named; anything else, such as ``na``, is an answer that names neither.
    cues, sources : mapping of str to tuple of str
        As `CueImages` has them, per trial.
    """

    observers: tuple[str, ...]
    answers: tuple[str, ...]
    cues: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, tuple[str, ...]]


def read_trials(paths: Sequence[str | Path]) -> CueTrials:
    """Read tables of trials, one after the other.

    Parameters
    ----------
    paths : sequence of str or Path
        .csv files with the columns ``imagename`` (``..._dog10-bird2.png``), ``object_response``
        and perhaps ``subj``, as Geirhos et al. 2019 published their raw data.

    Raises
    ------
    OptionError
        If there is no file, a column is missing, or an image's name tells no shape and texture.
    """
    if not paths:
        raise OptionError("no tables of answers were named")
    tables = [_read(Path(path)) for path in paths]
    trials = pd.concat(tables, ignore_index=True)
    told = [read_name(name) for name in trials[_IMAGE]]
    for name, each in zip(trials[_IMAGE], told, strict=True):
        if each is None:
            raise OptionError(
                f"image {name!r} in a table of answers tells no shape and texture; it is to end "
                f"as dog10-bird2.png does"
            )
    known = [each for each in told if each is not None]
    return CueTrials(
        tuple(trials[_OBSERVER]),
        tuple(trials[_ANSWER]),
        {
            SHAPE: tuple(each.shape for each in known),
            TEXTURE: tuple(each.texture for each in known),
        },
        {
            SHAPE: tuple(each.shape_source for each in known),
            TEXTURE: tuple(each.texture_source for each in known),
        },
    )


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise OptionError(f"no table of answers at {str(path)!r}")
    # "na" is an answer: that nothing was recognised
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in (_ANSWER, _IMAGE):
        if column not in table:
            raise OptionError(
                f"{str(path)!r} has no column {column!r}; its columns: {', '.join(table.columns)}"
            )
    if _OBSERVER not in table:
        table[_OBSERVER] = path.stem
    return table[[_OBSERVER, _ANSWER, _IMAGE]]
