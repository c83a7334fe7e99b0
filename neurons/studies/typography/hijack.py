"""Which words speak to a neuron, what do they make of images, and does silencing it undo that?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurons.address import Neuron
from neurons.attacks.conditions import AttackTarget, alone, provenance, respond_to_text
from neurons.attacks.confirmation import NO_OTHERS, Confirmed, confirm, confirmed_table
from neurons.attacks.knock_outs import KnockOut, RepeatableAttack, knock_out, knock_out_table
from neurons.attacks.mediators import Mediator, mediators
from neurons.attacks.outcomes import Shown, gallery_of, shown_images
from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared, prepare
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT
from neurons.interventions.editable import EditableNetwork, Responses, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.lettering.words import blank_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout, class_index, log_shares
from neurons.results.blocks import Bars, Block, Note, Table
from neurons.results.result import Result

_FEWEST_RANDOM, _N_STRINGS, _N_CARRIERS, _N_IMAGES = 20, 12, 12, 4


def hijack(
    clip: Clip,
    images: ImageSet,
    neuron: Neuron,
    vocabulary: Sequence[str],
    *,
    readout: Readout,
    text: str | None = None,
    class_name: str | None = None,
    lettering: Lettering | None = None,
    n: int | None = 200,
    rows: Sequence[int] | None = None,
    n_with: int = 3,
    n_random: int = 20,
    seed: int = 0,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Hijack:
    """Follow a neuron to its words, the words to an attack, and the attack back to the neuron.

    The string is the one of the vocabulary that excites the neuron most on plain grounds; its
    class is the one that the readout names most surely when the string stands there alone. One
    half of the images chooses the other units that carry the attack; on the other half, which
    they have not seen, the neuron is set to zero, then the neuron and the few best of them, and
    each is compared with random units of the same layer that are as active.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    neuron : Neuron
    vocabulary : sequence of str
    readout : Readout
    text : str, optional
        The string to attack with, instead of the strongest.
    class_name : str, optional
        The class to make, instead of the one that the string means to the readout.
    lettering : Lettering, optional
    n : int, optional
        Images, half of them to choose with.
    rows : sequence of int, optional
        Images to draw from.
    n_with : int >= 1
        Units of the layer that are silenced together with the neuron.
    n_random : int >= 20
        Draws of activation-matched units to compare with.
    seed : int
    precision : Precision
    also : mapping of str to Readout
        Other readouts, such as a probe, by name: each string that is confirmed is confirmed by
        them too.
    progress : callable
        Takes how many of how many passes are done.

    Returns
    -------
    Hijack

    Raises
    ------
    OptionError
        If a number or class makes no sense, or the layer has too few units to compare with.
    LayerNotFoundError, NeuronNotFoundError
        If the model has no such unit.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, traced attacks
    to neurons by hand; the knock-out against matched units is ours.
    """
    lettering = lettering or Lettering()
    if n_with < 1 or n_random < _FEWEST_RANDOM:
        raise OptionError(
            f"{n_with} units beside the neuron, {n_random} random draws: at least 1 and "
            f"{_FEWEST_RANDOM}"
        )
    if text is not None:
        # a string that was asked for must be one that can be written
        writable([text], lettering, clip.preprocess.size)
    words, _ = writable(
        [*vocabulary, *([] if text is None else [text])], lettering, clip.preprocess.size
    )
    if not words:
        raise OptionError("no strings to try; give a vocabulary, or the text to attack with")
    layer = neuron.layer
    with open_editable(
        clip, [layer], readouts=[readout, *also.values()], precision=precision
    ) as eye:
        eye.check({neuron: SILENT})
        strings = _strings(eye, words, neuron, readout, lettering)
        chosen = strings[0].text if text is None else text
        meant = next(each for each in strings if each.text == chosen)
        named = class_name or meant.class_name
        wanted = class_index(readout, named)
        for other in also.values():
            class_index(other, named)
        ready = prepare(clip.preprocess, images, n=n, rows=rows, seed=seed)
        search, held = ready.halves(seed)
        total = 2 * (n_random + 3)
        done = [0]

        def step() -> None:
            done[0] += 1
            progress(min(done[0], total), total)

        ranked = mediators(
            eye, search.pixels, chosen, lettering, readout=readout, wanted=wanted, layer=layer,
            seed=seed,
        )  # fmt: skip
        sets = [[neuron]]
        others = [Neuron.parse(c.neuron) for c in ranked if c.neuron != str(neuron) and c.drop > 0]
        if others:
            sets.append([neuron, *others[:n_with]])
        confirmed = confirm(
            eye, held, chosen, lettering, readout=readout, wanted=wanted, score=meant.activation,
            seed=seed, also=also,
        )  # fmt: skip
        trial = RepeatableAttack(eye, held, chosen, lettering, readout, wanted, seed)
        activity = respond_to_text(eye, search.pixels, chosen, lettering, seed=seed).seen.peaks[
            layer
        ]
        knocked = [
            knock_out(
                trial, units, activity.mean(0), n_random=n_random, seed=seed + i, progress=step
            )
            for i, units in enumerate(sets)
        ]
        reading = _reading(eye, held, chosen, neuron, lettering, seed)
        shown = shown_images(
            eye,
            {"the readout": readout},
            AttackTarget(named, chosen),
            held,
            _N_IMAGES,
            lettering,
            seed,
            eye.respond(held.pixels),
            respond_to_text(eye, held.pixels, chosen, lettering, seed=seed).seen,
        )
        progress(total, total)
    return Hijack(
        provenance=provenance(
            clip,
            ready,
            lettering,
            precision=precision,
            seed=seed,
            readouts={"readout": readout, **also},
        ),
        neuron=str(neuron),
        n=len(held),
        n_choosing=len(search),
        strings=tuple(strings[:_N_STRINGS]),
        class_name=named,
        attack=confirmed,
        reading=reading,
        carriers=ranked[:_N_CARRIERS],
        knock_outs=tuple(knocked),
        shown=tuple(shown),
    )


@dataclass(frozen=True)
class Spoken:
    """A string, how it excites the neuron on plain grounds, and the class it means there."""

    text: str
    activation: float
    class_name: str


@dataclass(frozen=True)
class Activity:
    """The neuron's mean peak on images: clean, with a blank patch, and with the string.

    ``alone`` is its mean peak where the string stands on a plain ground: a picture that reads as
    the word reaches it.
    """

    clean: float
    blank: float
    attacked: float
    alone: float


@dataclass(frozen=True)
class Hijack(Result):
    """A neuron, its words, their attack, and the attack without the neuron.

    Parameters
    ----------
    neuron : str
    n, n_choosing : int
        Images that were measured on, and others that the carriers were chosen on.
    strings : tuple of Spoken
        The strongest first.
    class_name : str
        What the attack makes.
    attack : Confirmed
    reading : Activity
    carriers : tuple of Mediator
        Units that the attack needs most, one by one, on the choosing images.
    knock_outs : tuple of KnockOut
        Of the neuron, and of the neuron with the few best carriers, where there are any.
    shown : tuple of Shown
    """

    neuron: str
    n: int
    n_choosing: int
    strings: tuple[Spoken, ...]
    class_name: str
    attack: Confirmed
    reading: Activity
    carriers: tuple[Mediator, ...]
    knock_outs: tuple[KnockOut, ...]
    shown: tuple[Shown, ...]

    def blocks(self) -> tuple[Block, ...]:
        """Say what silencing does; the strings; the attack; the units; the knock-outs."""
        return (
            self._verdict(),
            Table(
                f"Strings that excite {self.neuron} most",
                ("text", "peak", "means to the readout"),
                tuple((s.text, f"{s.activation:.3g}", s.class_name) for s in self.strings),
                "Mean peak where the string stands alone on plain grounds.",
            ),
            replace(
                confirmed_table(self.class_name, [self.attack]),
                title=f"“{self.attack.text}” for {self.class_name}, and its controls",
            ),
            *gallery_of(self.shown, "Images: clean, then attacked"),
            Bars(
                f"Mean peak of {self.neuron}",
                ("clean image", "blank patch", f"with “{self.attack.text}”", "the string alone"),
                (
                    self.reading.clean,
                    self.reading.blank,
                    self.reading.attacked,
                    self.reading.alone,
                ),
                "activation",
            ),
            knock_out_table(self.knock_outs, self.n),
            Table(
                f"Units that {self.class_name} needs when “{self.attack.text}” is written",
                ("neuron", "clean", "attacked", "lost without it"),
                tuple(
                    (c.neuron, f"{c.before:.3g}", f"{c.after:.3g}", f"{c.drop:+.3f}")
                    for c in self.carriers
                ),
                "Mean peaks; lost: how much the logarithm of the class's share falls when this "
                "unit alone is set to zero.",
            ),
        )

    def _verdict(self) -> Note:
        told = []
        for each in self.knock_outs:
            who = each.neurons[0] if len(each.neurons) == 1 else f"{len(each.neurons)} units"
            low, high = each.interval.low, each.interval.high
            told.append(
                f"Without {who}, its success falls from {each.intact.value:.3f} to "
                f"{each.silenced.value:.3f}: {each.excess:+.3f} ({low:+.3f} to {high:+.3f}) more "
                f"than without random units that are as active (p = {each.p_value:.2g}, "
                f"{len(each.random_drops)} draws)."
            )
        return Note(
            f"“{self.attack.text}” excites {self.neuron}, and makes {self.class_name} of images. "
            + " ".join(told)
        )


def _strings(
    eye: EditableNetwork,
    words: Sequence[str],
    neuron: Neuron,
    readout: Readout,
    lettering: Lettering,
) -> list[Spoken]:
    seen = alone(eye, words, lettering)
    shape = (len(words), -1)
    peaks = seen.peaks[neuron.layer][:, neuron.unit].reshape(shape).mean(1)
    scores = log_shares(seen.scores(readout))
    meant = scores.reshape(len(words), -1, scores.shape[1]).mean(1).argmax(1)
    return [
        Spoken(words[i], float(peaks[i]), readout.class_names[meant[i]])
        for i in np.argsort(-peaks, kind="stable")
    ]


def _reading(
    eye: EditableNetwork, held: Prepared, text: str, neuron: Neuron, lettering: Lettering, seed: int
) -> Activity:
    def peak(seen: Responses) -> float:
        return float(seen.peaks[neuron.layer][:, neuron.unit].mean())

    blank = respond_to_text(eye, held.pixels, text, lettering, seed=seed, write=blank_on)
    return Activity(
        peak(eye.respond(held.pixels)),
        peak(blank.seen),
        peak(respond_to_text(eye, held.pixels, text, lettering, seed=seed).seen),
        peak(alone(eye, [text], lettering)),
    )
