"""Does a written word take an image's class over? The attack of Goh et al. 2021, with controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from neurons.attacks.conditions import (
    CLEAN,
    CONDITIONS,
    WORD,
    AttackTarget,
    attack_with_controls,
    check_targets,
    foreign_word,
    provenance,
)
from neurons.attacks.outcomes import (
    ClassOutcome,
    Moved,
    Outcome,
    Shown,
    by_class,
    gallery_of,
    moved_units,
    outcomes_of,
    shown_images,
    summed,
)
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import OptionError
from neurons.interventions.editable import NO_EDITS, Edits, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import last_block
from neurons.readouts.readout import Readout
from neurons.results.blocks import Bars, Block, Note, Table
from neurons.results.result import Result
from neurons.stats import Share


def attack(
    clip: Clip,
    images: ImageSet,
    targets: Sequence[AttackTarget],
    *,
    readouts: Mapping[str, Readout],
    lettering: Lettering | None = None,
    n: int | None = None,
    rows: Sequence[int] | None = None,
    foreign: str | None = None,
    edits: Edits = NO_EDITS,
    layer: str | None = None,
    n_shown: int = 4,
    seed: int = 0,
    precision: Precision = exact,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Attack:
    """Write words on images and count how often the answer becomes the target's class.

    Every image is also read clean, with a blank patch of the same area, with the same letters
    in another order, and with a word of no class: in the same place each.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
        Labels are needed for accuracies only.
    targets : sequence of AttackTarget
    readouts : mapping of str to Readout
        By the name under which each is reported, such as zero-shot and a probe.
    lettering : Lettering, optional
        How the words are written.
    n : int, optional
        Images, drawn without replacement; default: all.
    rows : sequence of int, optional
        Images to draw from.
    foreign : str, optional
        The word of no class; default: an English word of about the text's length.
    edits : mapping of Neuron to float
        What units are set to throughout, such as a defence.
    layer : str, optional
        Whose units are asked what moved; default: the deepest block with maps.
    n_shown : int >= 0
        Images in the gallery: evenly over the set, not the best ones.
    seed : int
        Of the images and the places.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    Attack

    Raises
    ------
    OptionError
        If a target is no class of a readout, or a number makes no sense.
    LayerNotFoundError, NeuronNotFoundError
        If the model has no such layer or unit.
    ImagesNotFoundError
        If no image can be decoded.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021.
    """
    lettering = lettering or Lettering()
    asked = list(readouts.values())
    check_targets(targets, asked)
    if n_shown < 0:
        raise OptionError(f"{n_shown} images to show: 0 or more")
    for target in targets:
        # what cannot be written is said before anything is read
        writable([target.text], lettering, clip.preprocess.size)
    where = layer or last_block(clip)
    ready = prepare(clip.preprocess, images, n=n, rows=rows, seed=seed)
    edited = [neuron.layer for neuron in edits]
    passes = 1 + len(targets) * (len(CONDITIONS) - 1)
    done = [0]

    def tell() -> None:
        done[0] += len(ready)
        progress(done[0], passes * len(ready))

    outcomes, classes, moved, shown = [], [], [], []
    with open_editable(clip, [where, *edited], readouts=asked, precision=precision) as eye:
        clean = eye.respond(ready.pixels, edits=edits)
        tell()
        for target in targets:
            word = foreign or foreign_word(target.text, asked)
            looks = attack_with_controls(
                eye, ready.pixels, target.text, lettering, foreign=word, seed=seed, edits=edits
            )
            for name, readout in readouts.items():
                outcomes += outcomes_of(name, readout, target, ready, clean, looks)
                classes += by_class(name, readout, target, ready, clean, looks)
            moved += moved_units(where, target, clean, looks[WORD].seen)
            shown += shown_images(
                eye, readouts, target, ready, n_shown, lettering, seed, clean, looks[WORD].seen
            )
            for _ in range(len(CONDITIONS) - 1):
                tell()
    return Attack(
        provenance=provenance(
            clip, ready, lettering, precision=precision, seed=seed, readouts=readouts, edits=edits
        ),
        n=len(ready),
        n_skipped=ready.n_skipped,
        layer=where,
        readouts=tuple(readouts),
        outcomes=tuple(outcomes),
        classes=tuple(summed(classes)),
        moved=tuple(moved),
        shown=tuple(shown),
    )


@dataclass(frozen=True)
class Attack(Result):
    """What words did to answers, beside four controls.

    Parameters
    ----------
    n, n_skipped : int
        Images attacked, and images that could not be decoded.
    layer : str
        Of the units that moved.
    readouts : tuple of str
    outcomes : tuple of Outcome
    classes : tuple of ClassOutcome
    moved : tuple of Moved
    shown : tuple of Shown
    """

    n: int
    n_skipped: int
    layer: str
    readouts: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    classes: tuple[ClassOutcome, ...]
    moved: tuple[Moved, ...]
    shown: tuple[Shown, ...]

    def outcome(self, text: str, condition: str = WORD, *, readout: str | None = None) -> Outcome:
        """Find one number.

        Parameters
        ----------
        text : str
            As it was to be written.
        condition : str
        readout : str, optional
            Default: the first.

        Raises
        ------
        OptionError
            If it was not measured: "$$$" has no other order of its letters.
        """
        name = readout or self.readouts[0]
        for each in self.outcomes:
            if (each.text, each.condition, each.readout) == (text, condition, name):
                return each
        raise OptionError(f"no {condition!r} of {text!r} read by {name!r} in this attack")

    def pooled(self, condition: str = WORD, *, readout: str | None = None) -> Share:
        """Give the success over all texts under one condition."""
        name = readout or self.readouts[0]
        found = [o.success for o in self.outcomes if o.condition == condition and o.readout == name]
        return Share(sum(s.successes for s in found), sum(s.n for s in found))

    def blocks(self) -> tuple[Block, ...]:
        """Successes beside their controls, accuracies, classes, what moved, and images."""
        return (
            self._verdict(),
            *(self._success_table(name) for name in self.readouts),
            *(self._bars(name) for name in self.readouts),
            self._accuracy_table(),
            *self._galleries(),
            self._moved_table(),
            *(self._class_table(name) for name in self.readouts),
        )

    def _verdict(self) -> Note:
        told = "; ".join(
            f"{name}: {self.pooled(readout=name)}, controls "
            + ", ".join(
                f"{condition} {self.pooled(condition, readout=name).value:.3f}"
                for condition in CONDITIONS[2:]
                if self.pooled(condition, readout=name).n
            )
            for name in self.readouts
        )
        return Note(
            f"Success over all texts, on {self.n:,} images. {told}. Success: the top class "
            f"became the text's class and was not before. It does not say that the model "
            f"believes the image to be that thing: it is asked to choose."
        )

    def _texts(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys((o.text, o.class_name) for o in self.outcomes))

    def _success_table(self, readout: str) -> Table:
        rows = []
        for text, class_name in self._texts():
            found = {
                o.condition: o
                for o in self.outcomes
                if (o.text, o.class_name, o.readout) == (text, class_name, readout)
            }
            cells = [str(found[c].success) if c in found else "-" for c in CONDITIONS[1:]]
            rows.append(
                (text, class_name, f"{found[WORD].coverage:.1%}", *cells, str(found[CLEAN].success))
            )
        return Table(
            f"Success, read by {readout}",
            ("text", "class", "coverage", *CONDITIONS[1:], "clean, the class already"),
            tuple(rows),
            "95 % intervals by Wilson. Blank: the same area without letters. Shuffled: the same "
            "letters in another order; - where there is none. No class: a word that names no "
            "class. All stand in the same place.",
        )

    def _bars(self, readout: str) -> Bars:
        found = [(c, self.pooled(c, readout=readout)) for c in CONDITIONS[1:]]
        told = [(condition, share) for condition, share in found if share.n]
        return Bars(
            f"Success over all texts, read by {readout}",
            tuple(condition for condition, _ in told),
            tuple(share.value for _, share in told),
            "share of images",
            tuple(share.interval.low for _, share in told),
            tuple(share.interval.high for _, share in told),
        )

    def _accuracy_table(self) -> Table:
        rows = []
        for name in self.readouts:
            for text, class_name in self._texts():
                found = {
                    o.condition: o.accuracy
                    for o in self.outcomes
                    if (o.text, o.class_name, o.readout) == (text, class_name, name)
                }
                rows.append((name, text, *(str(found.get(c, Share(0, 0))) for c in CONDITIONS)))
        return Table(
            "Accuracy",
            ("readout", "text", *CONDITIONS),
            tuple(rows),
            "Right answers, of the images whose class the readout has; - where none has one.",
        )

    def _galleries(self) -> tuple[Block, ...]:
        made: list[Block] = []
        for text, class_name in self._texts():
            shown = [each for each in self.shown if each.text == text]
            if shown:
                made += gallery_of(shown, f"“{text}” for {class_name}: clean, then attacked")
        return tuple(made)

    def _moved_table(self) -> Table:
        return Table(
            f"Units of {self.layer} that the words moved most",
            ("text", "neuron", "clean", "attacked", "moved, in sd of clean images"),
            tuple(
                (m.text, m.neuron, f"{m.before:.3g}", f"{m.after:.3g}", f"{m.z:+.2f}")
                for m in self.moved
            ),
            "Mean peaks. A unit that moves need not be why the answer changes: knock it out to "
            "see: neurons attack hijack.",
        )

    def _class_table(self, readout: str) -> Table:
        found = [each for each in self.classes if each.readout == readout]
        return Table(
            f"By the image's class, read by {readout}",
            ("class", "word", "word of no class"),
            tuple((c.class_name, str(c.word), str(c.no_class)) for c in found),
            "Over all texts, those first that fall most often.",
        )
