"""What does one module's lesion do, image by image, class by class, unit by unit?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.interventions.lesion_blocks import done, with_its
from neurons.interventions.lesion_effects import NO_ANSWER
from neurons.interventions.lesion_losses import ClassLoss, Loss, class_losses
from neurons.interventions.lesion_modules import LesionModule
from neurons.interventions.lesion_records import LesionRecord
from neurons.interventions.lesion_result import Lesions
from neurons.interventions.lesion_series import at_chance
from neurons.results.blocks import Block, Dots, Gallery, Note, Panel, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

# images, classes and units that are shown
_LOST, _KEPT, _CLASSES, _UNITS = 12, 6, 15, 8


@dataclass(frozen=True)
class ShownImage:
    """An image of a module's page.

    Parameters
    ----------
    thumbnail : bytes
    own, answer : str
        Its class, and the one that it is given to under the lesion.
    margin : float
        By how much its own class leads, in the readout's logits; below 0 it does not.
    lost : bool
        Whether the intact network is right, and the changed one is not.
    id : str
    """

    thumbnail: bytes
    own: str
    answer: str
    margin: float
    lost: bool
    id: str

    def tile(self) -> Tile:
        """Draw it: what it is, and what it is taken for."""
        caption = f"{self.own} → {self.answer}" if self.lost else self.own
        margin = "no answer" if np.isnan(self.margin) else f"{self.margin:+.1f}"
        return Tile(self.thumbnail, margin, caption, self.id)


@dataclass(frozen=True)
class ModuleLesions(Result):
    """One module's page; made by `module_lesions`.

    Parameters
    ----------
    module : LesionModule
    intact : LesionRecord
    records : tuple of LesionRecord
        One per way in which it was changed.
    losses : tuple of Loss
        One per record.
    classes : tuple of ClassLoss
        Of the first record, the hardest hit first.
    images : tuple of ShownImage
        Of the first record: those that are lost first.
    watched : str
    top_k : int
    chance : float
    """

    module: LesionModule
    intact: LesionRecord
    records: tuple[LesionRecord, ...]
    losses: tuple[Loss, ...]
    classes: tuple[ClassLoss, ...]
    images: tuple[ShownImage, ...]
    watched: str
    top_k: int
    chance: float

    @property
    def title(self) -> str:
        """The module's path."""
        return self.module.path

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give what the first lesion leaves, beside the intact network and chance."""
        first, again = self.records[0], self.records[0].recalibrated_accuracy
        return (
            ("kind", self.module.kind),
            ("accuracy", f"{first.accuracy.value:.3f}"),
            *((("recalibrated", f"{again.value:.3f}"),) if again else ()),
            ("cosine", "-" if np.isnan(first.cosine) else f"{first.cosine:.3f}"),
            *((("overlap", f"{first.overlap:.2f}"),) if first.overlaps else ()),
            ("lost", f"{self.losses[0].lost:,}"),
            ("weights", f"{self.module.n_weights:,}"),
            ("depth", f"{self.module.depth:,}"),
        )

    def verdict(self) -> str:
        """Say what the lesion leaves; what must be known of the module follows."""
        told = [self._told(*each) for each in zip(self.records, self.losses, strict=True)]
        return " ".join((*told, *((f"To know: {self.module.note}.",) if self.module.note else ())))

    def short(self) -> str:
        """Say in a few words what the first lesion costs, for a list of modules."""
        record, loss = self.records[0], self.losses[0]
        if at_chance(record.accuracy, self.chance):
            return "nothing is left"
        return f"{loss.lost:,} images are lost" if loss.sure else "no sure loss"

    def _told(self, record: LesionRecord, loss: Loss) -> str:
        of, n = self.intact.accuracy, record.accuracy.n
        if at_chance(record.accuracy, self.chance):
            found = f"no more than chance is left ({self.chance:.3f})"
        elif loss.sure:
            found = f"accuracy falls for sure (adjusted p = {loss.adjusted:.2g})"
        else:
            found = f"no loss can be told from none at {n:,} images"
        again = record.recalibrated_accuracy
        back = f"; {again.value:.3f} with BatchNorm recalibrated" if again else ""
        empty = (
            f" {record.n_unanswered:,} images have no answer at all: their embedding is not finite "
            f"or has no length."
            if record.n_unanswered
            else ""
        )
        return (
            f"W{with_its(record)[1:]}, {found}: {record.accuracy.value:.3f} beside "
            f"{of.value:.3f} of the intact network{back}.{empty}"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the images, those that are lost first; accuracy; classes; units."""
        return (
            *self._galleries(),
            self._dots(),
            self._class_table(),
            *self._units(),
            Note(
                "The intact network is the same one a moment before: all of a lesion is undone "
                "after it is measured. The map of all modules is the index."
            ),
        )

    def rows(self) -> Sequence[Row]:
        """Give one row per class."""
        return self.classes

    def _galleries(self) -> tuple[Gallery, ...]:
        lost = tuple(each.tile() for each in self.images if each.lost)
        kept = tuple(each.tile() for each in self.images if not each.lost)
        n = self.losses[0].lost
        note = (
            "Under each: by how much its own class leads in the readout's logits, its class, and "
            "what it is taken for. The largest fall comes first."
        )
        first = Gallery(f"Images that are lost {with_its(self.records[0])}: {n:,}", lost, note)
        second = Gallery("Images that are kept", kept, "The smallest fall comes first.")
        return tuple(each for each in (first, second) if each.tiles)

    def _dots(self) -> Dots:
        names: list[str] = []
        shares: list[Share] = []
        for record in (self.intact, *self.records):
            told = done(record) if record.lesions else "intact"
            again = record.recalibrated_accuracy
            names += [told, *([f"{told}, recalibrated"] if again else [])]
            shares += [record.accuracy, *([again] if again else [])]
        panel = Panel(
            "",
            "accuracy",
            tuple(each.value for each in shares),
            tuple(each.interval.low for each in shares),
            tuple(each.interval.high for each in shares),
            reference=self.chance,
        )
        note = f"The line is chance. n = {shares[0].n:,} images."
        return Dots("Accuracy", tuple(names), (panel,), note=note)

    def _class_table(self) -> Table:
        rows = tuple(
            (
                each.name,
                str(Share(each.before, each.n)),
                str(Share(each.after, each.n)),
                each.instead,
            )
            for each in self.classes[:_CLASSES]
        )
        more = len(self.classes) - len(rows)
        return Table(
            "Classes that lose most",
            ("class", "right intact", "right now", "mostly taken for"),
            rows,
            f"{f'{more:,} more classes lose as much or less. ' if more else ''}Of few images of a "
            "class nothing sure can be said of it.",
        )

    def _units(self) -> tuple[Table, ...]:
        overlaps = np.array(self.records[0].overlaps)
        known = np.flatnonzero(~np.isnan(overlaps))
        if not len(known):
            return ()
        order = known[np.argsort(overlaps[known], kind="stable")]
        rows = tuple(
            (f"{self.watched}:{unit}", f"{overlaps[unit]:.2f}") for unit in order[:_UNITS].tolist()
        )
        chance = self.top_k / len(self.intact.answers)
        return (
            Table(
                f"Units of {self.watched} that change most",
                ("unit", f"of its top {self.top_k} images, the share that still are"),
                rows,
                f"Over {len(known):,} units the mean is {overlaps[known].mean():.2f}; by chance it "
                f"is {chance:.2f}. A unit without a top (equal on all images) is left out.",
            ),
        )


def module_lesions(
    lesions: Lesions,
    path: str,
    *,
    thumbnail: Callable[[int], bytes],
    ids: Sequence[str],
) -> ModuleLesions:
    """Gather what is known of one module's lesions.

    Parameters
    ----------
    lesions : Lesions
    path : str
        A module that was changed by itself.
    thumbnail : callable
        From an image's row in its set to a small copy.
    ids : sequence of str
        Of the set's images.
    """
    records = lesions.at(path)
    found = []
    for record in records:
        how = record.lesions[0].how
        place = [each.lesions[0].module for each in lesions.of(how)].index(path)
        found.append(lesions.losses(how)[place])

    def shown(i: int, *, lost: bool) -> ShownImage:
        row, answer = lesions.rows_of_images[i], records[0].answers[i]
        return ShownImage(
            thumbnail(row),
            lesions.classes[records[0].truth[i]],
            "no answer" if answer == NO_ANSWER else lesions.classes[answer],
            records[0].margins[i],
            lost,
            ids[row],
        )

    lost, kept = _lost_and_kept(lesions.intact, records[0])
    return ModuleLesions(
        provenance=lesions.provenance,
        module=lesions.module(path),
        intact=lesions.intact,
        records=records,
        losses=tuple(found),
        classes=class_losses(lesions.intact, records[0], lesions.classes),
        images=(
            *(shown(i, lost=True) for i in lost[:_LOST]),
            *(shown(i, lost=False) for i in kept[:_KEPT]),
        ),
        watched=lesions.watched,
        top_k=lesions.top_k,
        chance=lesions.chance,
    )


def _lost_and_kept(intact: LesionRecord, record: LesionRecord) -> tuple[list[int], list[int]]:
    """Give the images that are lost, the largest fall first, and the kept, the smallest first."""
    fall = np.array(intact.margins) - np.array(record.margins)
    # without an answer all is lost
    fall = np.where(np.isnan(fall), np.inf, fall)
    lost = np.flatnonzero(intact.right & ~record.right)
    kept = np.flatnonzero(intact.right & record.right)
    by_fall = lost[np.argsort(-fall[lost], kind="stable")]
    return by_fall.tolist(), kept[np.argsort(fall[kept], kind="stable")].tolist()
