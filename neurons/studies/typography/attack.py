"""Does a written word take an image's class over? The attack of Goh et al. 2021, with controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.address import Neuron
from neurons.attacks.conditions import (
    BLANK,
    CONDITIONS,
    NO_CLASS,
    WORD,
    AttackTarget,
    check_targets,
)
from neurons.attacks.outcome_tables import (
    accuracy_table,
    class_table,
    gallery_of,
    moved_table,
    pooled,
    success_bars,
    success_table,
    texts_of,
)
from neurons.attacks.outcomes import (
    ClassOutcome,
    MovedUnit,
    Outcome,
    ShownImage,
    by_class,
    moved_units,
    outcomes_of,
    shown_images,
    summed,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import NO_EDITS, Edits, Responses, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import last_block
from neurons.readouts.readout import Readout
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.stats import Share

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
        How the words are written.
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
    edits = {Neuron.of(neuron): value for neuron, value in edits.items()}
    check_targets(targets, list(readouts.values()))
    if n_shown < 0:
        raise OptionError(f"{n_shown} images to show: 0 or more")
    for target in targets:
        # what cannot be written is said before anything is read
        writable([target.text], lettering, clip.preprocess.size)
    where = layer or last_block(clip)
    ready = sample.of(images, clip)
    step = stepper(progress, len(ready) * (1 + len(targets) * (len(CONDITIONS) - 1)))
    found: list[_Found] = []
    paths = [where, *(neuron.layer for neuron in edits)]
    with open_editable(
        clip, paths, readouts=list(readouts.values()), precision=precision
    ) as network:
        repeatable = RepeatableAttack(network, ready, lettering, readouts, sample.seed)
        clean = repeatable.clean(edits)
        step(len(ready))
        for target in targets:
            found.append(_attacked(repeatable, target, clean, foreign, edits, where, n_shown))
            step(len(ready) * (len(CONDITIONS) - 1))
        provenance = repeatable.provenance(precision, edits)
    return Attack(
        provenance=provenance,
        n=len(ready),
        n_skipped=ready.n_skipped,
        layer=where,
        readouts=tuple(readouts),
        outcomes=tuple(outcome for each in found for outcome in each.outcomes),
        classes=tuple(summed([part for each in found for part in each.classes])),
        moved=tuple(unit for each in found for unit in each.moved),
        shown=tuple(image for each in found for image in each.shown),
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
    classes : tuple of ClassOutcome
    moved : tuple of MovedUnit
    shown : tuple of ShownImage
    """

    n: int
    n_skipped: int
    layer: str
    readouts: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    classes: tuple[ClassOutcome, ...]
    moved: tuple[MovedUnit, ...]
    shown: tuple[ShownImage, ...]

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
        return pooled(self.outcomes, readout or self.readouts[0], condition)

    @property
    def title(self) -> str:
        """Name the texts that were written."""
        return f"Attack: {', '.join(text for text, _ in texts_of(self.outcomes))}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the number of images, and the success of the words."""
        return (("images", f"{self.n:,}"), ("success", f"{self.pooled().value:.3f}"))

    def verdict(self) -> str:
        """Tell the success beside that of the controls, by each readout."""
        told = "; ".join(
            f"{name}: {self.pooled(readout=name)}, controls "
            + ", ".join(
                f"{condition} {self.pooled(condition, readout=name).value:.3f}"
                for condition in CONDITIONS[2:]
                if self.pooled(condition, readout=name).n
            )
            for name in self.readouts
        )
        return (
            f"{self._doubt()}Success over all texts, on {self.n:,} images. {told}. Success: the "
            f"top class became the text's class and was not before. It does not say that the "
            f"model believes the image to be that thing: it is asked to choose."
        )

    def _doubt(self) -> str:
        """Say where words are not told from something that is no word of a class."""
        for name in self.readouts:
            word = self.pooled(readout=name)
            for condition in (BLANK, NO_CLASS):
                control = self.pooled(condition, readout=name)
                if word.n and control.n and word.interval.low <= control.interval.high:
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
            *(success_table(self.outcomes, name) for name in self.readouts),
            *(success_bars(self.outcomes, name) for name in self.readouts),
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


@dataclass(frozen=True)
class _Found:
    """What one text did."""

    outcomes: list[Outcome]
    classes: list[ClassOutcome]
    moved: list[MovedUnit]
    shown: list[ShownImage]


def _attacked(
    repeatable: RepeatableAttack,
    target: AttackTarget,
    clean: Responses,
    foreign: str | None,
    edits: Edits,
    layer: str,
    n_shown: int,
) -> _Found:
    """Attack with one text and its controls, and count for every readout."""
    attacked = repeatable.with_controls(target.text, foreign=foreign, edits=edits)
    word, ready = attacked[WORD].responses, repeatable.ready
    outcomes: list[Outcome] = []
    classes: list[ClassOutcome] = []
    for name, readout in repeatable.readouts.items():
        outcomes += outcomes_of(name, readout, target, ready, clean, attacked)
        classes += by_class(name, readout, target, ready, clean, attacked)
    return _Found(
        outcomes,
        classes,
        moved_units(layer, target, clean, word),
        shown_images(repeatable, target, n_shown, clean, word),
    )
