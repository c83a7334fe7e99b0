"""Does a written word take an image's class over? The attack of Goh et al. 2021, with controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.address import Neuron
from neurons.attacks.conditions import (
    BLANK,
    CLEAN,
    CONDITIONS,
    NO_CLASS,
    WORD,
    AttackTarget,
    check_targets,
)
from neurons.attacks.doubts import doubts_of_names, first_of_all
from neurons.attacks.one_text import AttackOfText, attack_with, pools_of
from neurons.attacks.outcome_tables import (
    accuracy_table,
    class_table,
    gallery_of,
    moved_table,
    success_bars,
    success_table,
    texts_of,
)
from neurons.attacks.outcomes import ClassOutcome, MovedUnit, Outcome, ShownImage, summed
from neurons.attacks.pooled import PooledSuccess
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import NO_EDITS, open_editable
from neurons.lettering.default import Writing, chosen_writing, legibility
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import last_block
from neurons.readouts.readout import Readout
from neurons.results.blocks import Block
from neurons.results.result import Result

_ALL = Sample()


def attack(
    clip: Clip,
    images: ImageSet,
    targets: Sequence[AttackTarget],
    *,
    readouts: Mapping[str, Readout],
    lettering: Lettering | None = None,
    sample: Sample = _ALL,
    foreign: str | None = None,
    edits: Mapping[Neuron, float] | Mapping[str, float] = NO_EDITS,
    layer: str | None = None,
    n_shown: int = 4,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
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
        How the words are written; default: chosen by the input's size, see `default_lettering`.
    sample : Sample, optional
        Which of the images, and the seed of places; default: all.
    foreign : str, optional
        The word of no class; default: an English word of about the text's length.
    edits : mapping of Neuron or str to float
        What units are set to throughout, such as a defence: ``{"visual.layer4:144": 0.0}``.
    layer : str, optional
        Whose units are asked what moved; default: the deepest block with maps.
    n_shown : int >= 0
        Images in the gallery: evenly over the set, not the best ones.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    Attack

    Warns
    -----
    MeaninglessWarning
        If class names are no words, or a readout is near chance on the clean images.

    Raises
    ------
    OptionError
        If a target is no class of a readout, a number makes no sense, or every image is of the
        class already.
    LayerNotFoundError, NeuronNotFoundError
        If the model has no such layer or unit.
    ImagesNotFoundError
        If no image can be decoded.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021.
    """
    edits = {Neuron.of(neuron): value for neuron, value in edits.items()}
    size = clip.preprocess.size
    writing = _checked(targets, readouts, n_shown, lettering, size)
    if foreign is not None:
        writable([foreign], writing.lettering, size)
    where = layer or last_block(clip)
    doubts = [*doubts_of_names(readouts), _legible(targets, writing, size)]
    paths = [where, *(neuron.layer for neuron in edits)]
    with open_editable(
        clip, paths, readouts=list(readouts.values()), precision=precision
    ) as network:
        # what the network does not have is said before the first image is read
        network.check(edits)
        ready = sample.of(images, clip)
        step = stepper(progress, len(ready) * (1 + len(targets) * (len(CONDITIONS) - 1)))
        repeatable = RepeatableAttack(network, ready, writing.lettering, readouts, sample.seed)
        clean = repeatable.clean(edits)
        step(len(ready))
        unsure = repeatable.doubts(clean)
        repeatable.check_any_possible(targets, clean)
        found: list[AttackOfText] = []
        for target in targets:
            found.append(attack_with(repeatable, target, clean, foreign, edits, where, n_shown))
            step(len(ready) * (len(CONDITIONS) - 1))
        provenance = repeatable.provenance(precision, edits)
    return Attack(
        provenance=provenance,
        n=len(ready),
        n_skipped=ready.n_skipped,
        layer=where,
        readouts=tuple(readouts),
        outcomes=tuple(outcome for each in found for outcome in each.outcomes),
        pools=pools_of(found, readouts, sample.seed),
        classes=tuple(summed([part for each in found for part in each.classes])),
        moved=tuple(unit for each in found for unit in each.moved),
        shown=tuple(image for each in found for image in each.shown),
        written=writing.told,
        chosen=writing.why,
        doubts=tuple(filter(None, [*unsure, *doubts])),
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
        One per readout, text and condition.
    pools : tuple of PooledSuccess
        Over all texts: one per readout and condition but the clean one.
    classes : tuple of ClassOutcome
    moved : tuple of MovedUnit
    shown : tuple of ShownImage
    written, chosen : str
        How the words were written; and why so, where nobody said how.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    n: int
    n_skipped: int
    layer: str
    readouts: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    pools: tuple[PooledSuccess, ...]
    classes: tuple[ClassOutcome, ...]
    moved: tuple[MovedUnit, ...]
    shown: tuple[ShownImage, ...]
    written: str
    chosen: str
    doubts: tuple[str, ...]

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

    def pooled(self, condition: str = WORD, *, readout: str | None = None) -> PooledSuccess:
        """Give the success over all texts under one condition.

        Raises
        ------
        OptionError
            If there is no such condition or readout.
        """
        name = readout or self.readouts[0]
        for each in self.pools:
            if (each.condition, each.readout) == (condition, name):
                return each
        raise OptionError(f"no {condition!r} over all texts read by {name!r} in this attack")

    @property
    def title(self) -> str:
        """Name the texts that were written."""
        return f"Attack: {', '.join(text for text, _ in texts_of(self.outcomes))}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the number of images, the success of the words, and how they were written."""
        return (
            ("images", f"{self.n:,}"),
            ("success", f"{self.pooled().value:.3f}"),
            ("written", self.written),
        )

    def verdict(self) -> str:
        """Tell the success beside that of the controls, by each readout; doubts come first."""
        told = ". ".join(self._told(name) for name in self.readouts)
        chosen = f" {self.chosen}" if self.chosen else ""
        return (
            f"{first_of_all(self.doubts)}{self._unclear()}{told}.{self._already()} Written: "
            f"{self.written}.{chosen} Success says that the answer became the text's class, not "
            f"that the model believes the image to be that thing: it is asked to choose."
        )

    def _told(self, name: str) -> str:
        texts = texts_of(self.outcomes)
        who = (
            f"“{texts[0][0]}” makes {texts[0][1]}" if len(texts) == 1 else "Words make their class"
        )
        controls = [self.pooled(condition, readout=name) for condition in CONDITIONS[2:]]
        return (
            f"{who} of {self.pooled(readout=name)} of images, read by {name}; controls: "
            + ", ".join(f"{each.condition} {each.value:.3f}" for each in controls if each.n)
        )

    def _already(self) -> str:
        """Say who is not in the denominator."""
        found = [
            each.success
            for each in self.outcomes
            if (each.condition, each.readout) == (CLEAN, self.readouts[0])
        ]
        n = sum(each.successes for each in found)
        if not n:
            return ""
        what = "images" if len(found) == 1 else "pairs of image and text"
        return (
            f" {n:,} of {sum(each.n for each in found):,} {what} are not counted: these images are "
            f"of the class already."
        )

    def _unclear(self) -> str:
        """Say where words are not told from something that is no word of a class."""
        for name in self.readouts:
            word = self.pooled(readout=name)
            for condition in (BLANK, NO_CLASS):
                control = self.pooled(condition, readout=name)
                if word.n and control.n and word.low <= control.high:
                    return (
                        f"Read by {name}, the words do not clearly beat the control “{condition}”. "
                    )
        return ""

    def rows(self) -> tuple[Outcome, ...]:
        """Give one row per readout, text and condition."""
        return self.outcomes

    def blocks(self) -> tuple[Block, ...]:
        """Show successes beside their controls, accuracies, images, what moved, and classes."""
        return (
            *(success_table(self.outcomes, name, self.written) for name in self.readouts),
            *(success_bars(self.pools, name, self.written) for name in self.readouts),
            accuracy_table(self.outcomes, self.readouts),
            *self._galleries(),
            moved_table(self.layer, self.moved),
            *(class_table(self.classes, name) for name in self.readouts),
        )

    def _galleries(self) -> tuple[Block, ...]:
        made: list[Block] = []
        for text, class_name in texts_of(self.outcomes):
            shown = [each for each in self.shown if each.text == text]
            if shown:
                made += gallery_of(shown, f"“{text}” for {class_name}: clean, then attacked")
        return tuple(made)


def _checked(
    targets: Sequence[AttackTarget],
    readouts: Mapping[str, Readout],
    n_shown: int,
    lettering: Lettering | None,
    size: tuple[int, int],
) -> Writing:
    """Say what cannot be attacked or written before anything is read, and how it is written."""
    check_targets(targets, list(readouts.values()))
    if n_shown < 0:
        raise OptionError(f"{n_shown} images to show: 0 or more")
    writing = chosen_writing(lettering, size)
    for target in targets:
        writable([target.text], writing.lettering, size)
    return writing


def _legible(targets: Sequence[AttackTarget], writing: Writing, size: tuple[int, int]) -> str:
    texts = list(dict.fromkeys(target.text for target in targets))
    return legibility(texts, writing.lettering, size)
