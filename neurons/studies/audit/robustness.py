"""What does a model still recognise without detail, colours, phases or arrangement?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.data.distortions import Distortion, standard_distortions
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.interventions.image_answers import Progress, answers_to, decoded
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.chance import near_chance
from neurons.readouts.class_names import ids_for_names
from neurons.readouts.readout import Readout, readout_provenance
from neurons.results.blocks import Bars, Block, Gallery, Note, Table, Tile
from neurons.results.result import Result
from neurons.stats import Share


def robustness(
    clip: Clip,
    images: ImageSet,
    *,
    readout: Readout,
    distortions: Sequence[Distortion] = (),
    n: int | None = 500,
    seed: int = 0,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
) -> Robustness:
    """Measure accuracy on images as they are and distorted in several ways.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
        With labels; images whose class the readout lacks are left out.
    readout : Readout
    distortions : sequence of Distortion, optional
        The first one is what the others are compared with; default: `standard_distortions`.
    n : int >= 1, optional
        So many images, drawn without replacement; None for all.
    seed : int
        Of the draw, of phases and of orders.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes how many of how many images have been read, each distortion counted.

    Returns
    -------
    Robustness

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If no image is of a class that the readout has, or a number makes no sense.
    ImagesNotFoundError
        If no image can be decoded.
    """
    asked = tuple(distortions) or standard_distortions(clip.preprocess.size, seed=seed)
    truth, rows = _drawn(images, readout, n, seed)
    with open_editable(clip, readouts=[readout], precision=precision) as network:
        found = answers_to(
            network,
            images,
            readout,
            rows=rows,
            changes=[each.change for each in asked],
            progress=progress,
        )
    known = np.array([truth[row] for row in found.rows.tolist()])
    right = found.answers == known
    outcomes = tuple(
        Distorted(
            each.name,
            each.keeps,
            Share(int(mine.sum()), len(known)),
            Share(int((mine & right[0]).sum()), int(right[0].sum())),
        )
        for each, mine in zip(asked, right, strict=True)
    )
    counts = np.bincount(known, minlength=len(readout.class_names)).tolist()
    doubts = (
        near_chance(outcomes[0].right, counts, readout.class_names),
        ids_for_names(readout.class_names),
    )
    return Robustness(
        provenance={
            "model": clip.provenance(),
            "images": images.provenance(),
            "readout": readout_provenance(readout),
            "precision": precision.name,
            "seed": seed,
        },
        n_skipped=found.n_skipped,
        n_classes=len(readout.class_names),
        outcomes=outcomes,
        shown=_shown(clip, images, asked, int(found.rows[0])),
        doubts=tuple(filter(None, doubts)),
    )


@dataclass(frozen=True)
class Distorted:
    """Accuracy under one distortion.

    Parameters
    ----------
    name : str
    keeps : str
        What is left of the image.
    right : Share
        Of all images.
    kept : Share
        Of the images that are right as they are, those that still are.
    """

    name: str
    keeps: str
    right: Share
    kept: Share


@dataclass(frozen=True)
class Robustness(Result):
    """Accuracies under distortions.

    Parameters
    ----------
    n_skipped, n_classes : int
        Images that could not be decoded; classes that could be answered.
    outcomes : tuple of Distorted
        The images as they are come first.
    shown : tuple of bytes
        One image under each, encoded.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    n_skipped: int
    n_classes: int
    outcomes: tuple[Distorted, ...]
    shown: tuple[bytes, ...]
    doubts: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name the question."""
        return "Robustness"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the number of images and the accuracy on them as they are."""
        first = self.outcomes[0].right
        return (("images", f"{first.n:,}"), ("accuracy", f"{first.value:.3f}"))

    def verdict(self) -> str:
        """Tell the accuracy, and which distortions take most and least of it."""
        first, *others = self.outcomes
        told = f"Accuracy on the images as they are: {first.right}."
        if others:
            ranked = sorted(others, key=lambda each: each.right.value)
            told += (
                f" Least is left under “{ranked[0].name}” ({ranked[0].right.value:.3f}), most "
                f"under “{ranked[-1].name}” ({ranked[-1].right.value:.3f}); guessing gives "
                f"{1 / self.n_classes:.3f}."
            )
        return " ".join((*self.doubts, told))

    def blocks(self) -> tuple[Block, ...]:
        """Show the accuracies, one image under each distortion, and what they do not mean."""
        chance = 1 / self.n_classes
        rows = tuple((e.name, e.keeps, str(e.right), str(e.kept)) for e in self.outcomes)
        tiles = tuple(
            Tile(image, f"{each.right.value:.3f}", each.name)
            for each, image in zip(self.outcomes, self.shown, strict=True)
        )
        return (
            Table(
                "Accuracy under distortions",
                ("distortion", "what is left", "accuracy", "still right, of those that were"),
                rows,
                f"At the network's input size. Guessing among {self.n_classes:,} classes gives "
                f"{chance:.3f}. 95 % intervals by Wilson.",
            ),
            Bars(
                "Accuracy under distortions",
                tuple(each.name for each in self.outcomes),
                tuple(each.right.value for each in self.outcomes),
                "accuracy",
                tuple(each.right.interval.low for each in self.outcomes),
                tuple(each.right.interval.high for each in self.outcomes),
                reference=chance,
                note="The line is what guessing gives.",
            ),
            Gallery("One image under each distortion", tiles, "With the accuracy on all images."),
            Note(
                "A distortion also makes images that no network was trained on: an accuracy that "
                "falls need not mean that what was taken away is what the model looks at."
            ),
        )

    def rows(self) -> tuple[Distorted, ...]:
        """Give one row per distortion."""
        return self.outcomes


def _drawn(
    images: ImageSet, readout: Readout, n: int | None, seed: int
) -> tuple[dict[int, int], list[int]]:
    """Give the readout's class of each image that has one, and the images to read."""
    if n is not None and n < 1:
        raise OptionError(f"{n} images to distort: at least 1")
    places = {name: i for i, name in enumerate(readout.class_names)}
    names = images.class_names
    truth = {
        row: places[names[label]]
        for row, label in enumerate(images.require_labels().tolist())
        if label != UNLABELLED and names[label] in places
    }
    if not truth:
        raise OptionError(
            f"no image of {images.name!r} is of a class that could be answered; its classes: "
            f"{', '.join(names[:8])}"
        )
    rows = np.array(sorted(truth))
    if n is not None and n < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, n, replace=False))
    return truth, rows.tolist()


def _shown(
    clip: Clip, images: ImageSet, asked: Sequence[Distortion], row: int
) -> tuple[bytes, ...]:
    """Draw one image under each distortion, at the network's input size."""
    good, pixels = next(decoded(clip.preprocess, images, [row]))
    changed = [each.change(pixels, good)[0].permute(1, 2, 0).numpy() for each in asked]
    return tuple(thumbnail(np.ascontiguousarray(each)) for each in changed)
