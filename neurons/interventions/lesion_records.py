"""What is kept of each set of lesions, so that a study that was stopped goes on where it was?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.files import write_file
from neurons.interventions.lesion_effects import NO_ANSWER, Asked, answers, cosines, overlap
from neurons.interventions.lesioned_images import LesionAnswer, LesionedImages
from neurons.interventions.lesions import Lesion
from neurons.results.saved import converter, plain
from neurons.stats import Share


@dataclass(frozen=True)
class LesionRecord:
    """What became of each image under some lesions.

    Parameters
    ----------
    lesions : tuple of Lesion
        None: the intact network.
    truth : tuple of int
        Each image's class, by its place among the classes.
    answers : tuple of int
        The class that each image is given to; -1 where its embedding holds nan or infinity, or has
        no length: that is no answer, and wrong.
    margins : tuple of float
        By how much the score of each image's own class lies above the best other, in the readout's
        logits; nan without an answer.
    cosines : tuple of float
        Of each image's embedding with the intact one; nan without an answer.
    overlaps : tuple of float
        Of each unit of the watched layer: the share of its top images that still are; nan of a
        unit without a top. Empty where no layer is watched.
    recalibrated : tuple of int
        The answers after BatchNorm's statistics were estimated anew under these lesions; empty
        where that was not asked for.
    recalibrated_cosines : tuple of float
    """

    lesions: tuple[Lesion, ...]
    truth: tuple[int, ...] = field(repr=False)
    answers: tuple[int, ...] = field(repr=False)
    margins: tuple[float, ...] = field(repr=False)
    cosines: tuple[float, ...] = field(repr=False)
    overlaps: tuple[float, ...] = field(default=(), repr=False)
    recalibrated: tuple[int, ...] = field(default=(), repr=False)
    recalibrated_cosines: tuple[float, ...] = field(default=(), repr=False)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images are given to their own class, (images,)."""
        return np.asarray(np.array(self.answers) == np.array(self.truth))

    @property
    def accuracy(self) -> Share:
        """Right answers."""
        return self.accuracy_of(np.arange(len(self.answers)))

    def accuracy_of(self, rows: NDArray[np.intp]) -> Share:
        """Right answers among some of the images."""
        return Share(int(self.right[rows].sum()), len(rows))

    @property
    def recalibrated_accuracy(self) -> Share | None:
        """Right answers after recalibration; None where it was not asked for."""
        if not self.recalibrated:
            return None
        right = np.array(self.recalibrated) == np.array(self.truth)
        return Share(int(right.sum()), len(right))

    @property
    def n_unanswered(self) -> int:
        """Images without an answer."""
        return self.answers.count(NO_ANSWER)

    @property
    def cosine(self) -> float:
        """Mean over the images that have an answer; nan of none."""
        return mean_of_known(self.cosines)

    @property
    def overlap(self) -> float:
        """Mean over the units that have a top; nan of none."""
        return mean_of_known(self.overlaps)


def mean_of_known(values: Sequence[float]) -> float:
    """Average without nan; nan of none."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


class KeptLesions:
    """Measure sets of lesions, each once, and keep what is found in files.

    Parameters
    ----------
    images : LesionedImages
    asked : Asked
    watched : str
        The layer whose units' top images are compared; empty: none.
    top_k : int
    folder : Path, optional
        Where records are kept; what lies there is not measured again. Default: in memory alone.
        Who calls has made sure that it belongs to the same model, images and questions.
    """

    def __init__(
        self,
        images: LesionedImages,
        asked: Asked,
        *,
        watched: str = "",
        top_k: int = 10,
        folder: Path | None = None,
    ) -> None:
        self._images, self._asked, self._folder = images, asked, folder
        self._watched, self._top_k = watched, top_k
        self._known: dict[tuple[Lesion, ...], LesionRecord] = {}
        self.n_measured = 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def record(self, lesions: Sequence[Lesion] = ()) -> LesionRecord:
        """Give what some lesions do, measured now or read from where it was kept.

        Raises
        ------
        LayerNotFoundError, OptionError
            As `LesionedImages.answer`.
        """
        # the same modules in another order are the same network
        key = tuple(sorted(lesions, key=lambda each: (each.module, each.how, each.amount)))
        if key not in self._known:
            self._known[key] = self._read(key) or self._measured(key)
        return self._known[key]

    def _measured(self, key: tuple[Lesion, ...]) -> LesionRecord:
        answer = self._images.answer(key) if key else self._images.intact
        found = record_of(self._images.intact, answer, self._asked, self._watched, self._top_k)
        self.n_measured += 1
        if self._folder is not None:
            content = json.dumps(plain(found, {}), allow_nan=False)
            write_file(self._file(self._folder, key), content.encode())
        return found

    def _read(self, key: tuple[Lesion, ...]) -> LesionRecord | None:
        if self._folder is None:
            return None
        file = self._file(self._folder, key)
        if not file.is_file():
            return None
        return converter({}).structure(json.loads(file.read_text("utf-8")), LesionRecord)

    @staticmethod
    def _file(folder: Path, key: tuple[Lesion, ...]) -> Path:
        told = json.dumps(plain(key, {}), sort_keys=True)
        return folder / f"{hashlib.sha256(told.encode()).hexdigest()[:20]}.json"


def record_of(
    intact: LesionAnswer, answer: LesionAnswer, asked: Asked, watched: str, top_k: int
) -> LesionRecord:
    """Compare what images became with the intact network, image by image.

    Parameters
    ----------
    intact, answer : LesionAnswer
        Of the same images, in the same order.
    asked : Asked
    watched : str
        A layer; empty: none.
    top_k : int >= 1
        Images that count as a unit's top, where a layer is watched; at most half of all.

    Raises
    ------
    OptionError
        If there is not one truth per image, or ``top_k`` is out of range.
    """
    n = len(intact.embeddings)
    if not len(answer.embeddings) == len(asked.truth) == n:
        raise OptionError(
            f"{n} images intact, {len(answer.embeddings)} under lesions and {len(asked.truth)} "
            f"truths; give one of each per image"
        )
    if watched and not 1 <= top_k <= n // 2:
        raise OptionError(f"the top of {n} images may be 1 to {n // 2} of them, not {top_k}")
    classes, ahead = answers(answer.embeddings, asked)
    again = answer.recalibrated
    return LesionRecord(
        answer.lesions,
        tuple(asked.truth.tolist()),
        tuple(classes.tolist()),
        tuple(ahead.tolist()),
        tuple(cosines(intact.embeddings, answer.embeddings).tolist()),
        tuple(overlap(intact.peaks[watched], answer.peaks[watched], top_k).tolist())
        if watched
        else (),
        () if again is None else tuple(answers(again, asked)[0].tolist()),
        () if again is None else tuple(cosines(intact.embeddings, again).tolist()),
    )
