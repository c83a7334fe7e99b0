"""Which words excite a neuron, what do they make of images, and does silencing it undo that?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.attacks.among_images import said_of
from neurons.attacks.conditions import AttackTarget, check_targets
from neurons.attacks.confirmation import (
    NO_OTHERS,
    ConfirmedString,
    confirm,
    confirmed_table,
    named_readouts,
)
from neurons.attacks.doubts import doubts_of_names, first_of_all
from neurons.attacks.exciting_strings import (
    ExcitingString,
    MeanPeaks,
    exciting_strings,
    exciting_strings_table,
    mean_peaks,
    mean_peaks_bars,
)
from neurons.attacks.knock_outs import KnockOut, knock_out, knock_out_rows, knock_out_table
from neurons.attacks.mediators import Mediator, mediator_table, mediators
from neurons.attacks.outcome_tables import gallery_of
from neurons.attacks.outcomes import ShownImage, shown_images
from neurons.attacks.plain_grounds import written_alone
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, legibility
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.results.table import Row

_SAMPLE = Sample(n=200)
# a p value of 0.05 needs 19 draws or more
_FEWEST_RANDOM, _N_STRINGS, _N_MEDIATORS, _N_IMAGES = 20, 12, 12, 4


def hijack(
    clip: Clip,
    images: ImageSet,
    neuron: Neuron | str,
    vocabulary: Sequence[str],
    *,
    readout: Readout,
    text: str | None = None,
    class_name: str | None = None,
    lettering: Lettering | None = None,
    sample: Sample = _SAMPLE,
    n_with: int = 3,
    n_random: int = 20,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    run: Activations | None = None,
    progress: Progress = lambda done, total: None,
) -> Hijack:
    """Follow a neuron to its words, the words to an attack, and the attack back to the neuron.

    The string is the one of the vocabulary that excites the neuron most on plain grounds; its
    class is the one that the readout names most surely when the string stands there alone. One
    half of the images chooses the other units that the attack needs; on the other half, which
    they have not seen, the neuron is set to zero, then the neuron and the few best of them, and
    each is compared with other units of the same layer that are as active.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    neuron : Neuron or str
        Such as ``visual.layer4:144``.
    vocabulary : sequence of str
    readout : Readout
    text : str, optional
        The string to attack with, instead of the strongest.
    class_name : str, optional
        The class to make, instead of the one that the string means to the readout.
    lettering : Lettering, optional
        Default: chosen by the input's size, see `default_lettering`.
    sample : Sample, optional
        Which of the images, half of them to choose with; default: 200.
    n_with : int >= 1
        Units of the layer that are silenced together with the neuron.
    n_random : int >= 20
        Draws of units to compare with, those nearest in activity.
    precision : Precision
    also : mapping of str to Readout
        Other readouts, such as a probe, by name: each string that is confirmed is confirmed by
        them too.
    run : Activations, optional
        Of this model: a string's activation is compared with the unit's peaks on all of its
        images. Default: on the images that are attacked, without a word.
    progress : callable
        Takes how many of how many passes are done.

    Returns
    -------
    Hijack

    Warns
    -----
    MeaninglessWarning
        If class names are no words, or a readout is near chance on the clean images.

    Raises
    ------
    OptionError
        If a number or class makes no sense, every image is of the class already, or the layer has
        too few units to compare with.
    StaleActivationsError
        If the run is of another model.
    LayerNotFoundError, NeuronNotFoundError
        If the model has no such unit.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, traced attacks
    to neurons by hand; the knock-out against matched units is ours.
    """
    unit = Neuron.of(neuron)
    if n_with < 1 or n_random < _FEWEST_RANDOM:
        raise OptionError(
            f"{n_with} units beside the neuron, {n_random} random draws: at least 1 and "
            f"{_FEWEST_RANDOM}"
        )
    writing = chosen_writing(lettering, clip.preprocess.size)
    words = _words(vocabulary, text, writing.lettering, clip)
    readouts, peaks = named_readouts(readout, also), _peaks_of(run, clip, unit)
    if class_name is not None:
        check_targets([AttackTarget(class_name, class_name)], list(readouts.values()))
    unnamed = doubts_of_names(readouts)
    step = stepper(progress, 2 * (n_random + 3))
    with open_editable(
        clip, [unit.layer], readouts=list(readouts.values()), precision=precision
    ) as network:
        network.check({unit: SILENT})
        whole = RepeatableAttack(
            network, sample.of(images, clip), writing.lettering, readouts, sample.seed
        )
        seen = whole.clean()
        unsure = whole.doubts(seen)
        if peaks is None:
            peaks = seen.peaks[unit.layer][:, unit.unit]
        strings = exciting_strings(network, words, unit, readout, writing.lettering, peaks)
        chosen = next(each for each in strings if text is None or each.text == text)
        target = AttackTarget(class_name or chosen.class_name, chosen.text)
        check_targets([target], list(readouts.values()))
        search, held = (whole.on(half) for half in whole.ready.halves(sample.seed))
        clean = held.clean()
        # that nothing can be attacked is said before the long work
        held.possible(target, clean.answers(readout))
        ranked = _mediators(search, target, unit.layer)
        confirmed = confirm(held, target, score=chosen.activation)
        knock_outs = _knock_outs(search, held, target, _sets(unit, ranked, n_with), n_random, step)
        attacked = held.responses(target.text).responses
        reading = mean_peaks(held, target.text, unit, clean, attacked)
        shown = shown_images(held, target, _N_IMAGES, clean, attacked, read_by="the readout")
        provenance = whole.provenance(precision)
    step(2 * (n_random + 3))
    legible = legibility([target.text], writing.lettering, clip.preprocess.size)
    return Hijack(
        provenance=provenance,
        neuron=str(unit),
        n=len(held.ready),
        n_choosing=len(search.ready),
        strings=tuple(strings[:_N_STRINGS]),
        chosen=chosen,
        class_name=target.class_name,
        attack=confirmed,
        reading=reading,
        mediators=ranked[:_N_MEDIATORS],
        knock_outs=knock_outs,
        shown=tuple(shown),
        written=writing.told,
        alone=written_alone(writing.lettering),
        why_written=writing.why,
        doubts=tuple(filter(None, [*unsure, *unnamed, legible])),
    )


@dataclass(frozen=True)
class Hijack(Result):
    """A neuron, its words, their attack, and the attack without the neuron.

    Parameters
    ----------
    neuron : str
    n, n_choosing : int
        Images that were measured on, and others that the mediators were chosen on.
    strings : tuple of ExcitingString
        The strongest first.
    chosen : ExcitingString
        The one that is attacked with.
    class_name : str
        What the attack makes.
    attack : ConfirmedString
    reading : MeanPeaks
    mediators : tuple of Mediator
        Units that the attack needs most, one by one, on the choosing images.
    knock_outs : tuple of KnockOut
        Of the neuron, and of the neuron with the few best mediators, where there are any.
    shown : tuple of ShownImage
    written, alone, why_written : str
        How the string stands on images, and alone; and why so, where nobody said how.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    neuron: str
    n: int
    n_choosing: int
    strings: tuple[ExcitingString, ...]
    chosen: ExcitingString
    class_name: str
    attack: ConfirmedString
    reading: MeanPeaks
    mediators: tuple[Mediator, ...]
    knock_outs: tuple[KnockOut, ...]
    shown: tuple[ShownImage, ...]
    written: str
    alone: str
    why_written: str
    doubts: tuple[str, ...]

    @property
    def title(self) -> str:
        """The neuron."""
        return f"Hijack: {self.neuron}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the string, how often it succeeds, and how it was written."""
        return (
            ("string", self.attack.text),
            ("success", f"{self.attack.success.value:.3f}"),
            ("written", self.written),
        )

    def verdict(self) -> str:
        """Say what silencing does, beside other units; doubts come first."""
        first = self.knock_outs[0]
        needless = (
            ""
            if first.needed
            else f"These images do not show that the attack needs {self.neuron} more than it needs "
            f"other units. "
        )
        excites = said_of(
            self.attack.text,
            self.neuron,
            self.chosen.activation,
            self.reading.ground,
            self.chosen.among,
        )
        already = self.n - first.intact.n
        skipped = (
            f" {already:,} of {self.n:,} images are not counted: these are of the class already."
            if already
            else ""
        )
        why = f" {self.why_written}" if self.why_written else ""
        return (
            f"{first_of_all(self.doubts)}{needless}{excites} Written on images ({self.written}) it "
            f"makes {self.class_name} of {self.attack.success}. {self._silenced()}{skipped}{why}"
        )

    def _silenced(self) -> str:
        """Tell what is left of the attack without each set of units."""
        told = []
        for each in self.knock_outs:
            who = each.neurons[0] if len(each.neurons) == 1 else f"{len(each.neurons)} units"
            low, high = each.interval.low, each.interval.high
            told.append(
                f"Without {who}, its success falls from {each.intact.value:.3f} to "
                f"{each.silenced.value:.3f}: {each.excess:+.3f} ({low:+.3f} to {high:+.3f}) more "
                f"{each.controls_told()} (p = {each.p_value:.2g}, {len(each.random_drops)} draws)."
            )
        return " ".join(told)

    def rows(self) -> Sequence[Row]:
        """One row per set of units that was silenced."""
        return knock_out_rows(self.knock_outs)

    def blocks(self) -> tuple[Block, ...]:
        """Show strings; the attack; its images; the unit's peaks; knock-outs; mediators."""
        return (
            exciting_strings_table(self.neuron, self.strings, self.alone),
            replace(
                confirmed_table(self.class_name, [self.attack], self.written),
                title=f"“{self.attack.text}” for {self.class_name}, and its controls "
                f"({self.written})",
            ),
            *gallery_of(self.shown, "Images: clean, then attacked"),
            mean_peaks_bars(self.neuron, self.attack.text, self.reading),
            knock_out_table(self.knock_outs, self.n),
            mediator_table(
                f"Units that {self.class_name} needs when “{self.attack.text}” is written",
                self.mediators,
            ),
        )


def _peaks_of(run: Activations | None, clip: Clip, unit: Neuron) -> NDArray[np.float32] | None:
    """Give the unit's peaks on the images of a run of this model."""
    if run is None:
        return None
    run.check_clip(clip)
    return run.known_peaks(unit)


def _words(
    vocabulary: Sequence[str], text: str | None, lettering: Lettering, clip: Clip
) -> list[str]:
    """Give the strings that can be written; one that was asked for must be among them."""
    asked = [] if text is None else [text]
    if asked:
        writable(asked, lettering, clip.preprocess.size)
    words, _ = writable([*vocabulary, *asked], lettering, clip.preprocess.size)
    if not words:
        raise OptionError("no strings to try; give a vocabulary, or the text to attack with")
    return words


def _mediators(search: RepeatableAttack, target: AttackTarget, layer: str) -> tuple[Mediator, ...]:
    return mediators(
        search.network,
        search.ready.pixels,
        search.written(target.text),
        readout=search.readout,
        wanted=search.index_of(target),
        layer=layer,
    )


def _sets(unit: Neuron, ranked: Sequence[Mediator], n_with: int) -> list[list[Neuron]]:
    """Give the sets to silence: the neuron alone, and with the best other mediators."""
    others = [Neuron.parse(m.neuron) for m in ranked if m.neuron != str(unit) and m.drop > 0]
    return [[unit], [unit, *others[:n_with]]] if others else [[unit]]


def _knock_outs(
    search: RepeatableAttack,
    held: RepeatableAttack,
    target: AttackTarget,
    sets: Sequence[Sequence[Neuron]],
    n_random: int,
    step: Callable[[], None],
) -> tuple[KnockOut, ...]:
    """Silence each set where it was not chosen; controls are as active where it was."""
    layer = sets[0][0].layer
    activity = search.responses(target.text).responses.peaks[layer].mean(0)
    return tuple(
        knock_out(
            held, target, units, activity, n_random=n_random, seed=held.seed + i, progress=step
        )
        for i, units in enumerate(sets)
    )
