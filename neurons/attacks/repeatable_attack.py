"""What does the network say of the same images in the same places, whatever is written on them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.conditions import (
    BLANK,
    NO_CLASS,
    SHUFFLED,
    WORD,
    AttackTarget,
    at_risk,
    foreign_word,
)
from neurons.attacks.doubts import doubt_of_clean
from neurons.data.prepared import Prepared
from neurons.errors import OptionError
from neurons.interventions.editable import NO_EDITS, EditableNetwork, Edits, Responses
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.words import Lettered, blank_on, shuffled, write_on
from neurons.network.inference import Precision
from neurons.readouts.readout import Readout, class_index, readout_provenance

Write = Callable[..., Lettered]
# images written on at a time, where what is written is kept
_CHUNK = 256
# orders of letters that are tried: one may be a little wider than the word, and not fit
_N_ORDERS = 20


@dataclass(frozen=True)
class AttackResponses:
    """What the network said of images with something on them.

    Parameters
    ----------
    written : str
        On the first of them; empty where it was a patch without letters.
    responses : Responses
    coverage : ndarray of float32, (images,)
        Share of each image's pixels that changed, in [0, 1].
    """

    written: str
    responses: Responses
    coverage: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RepeatableAttack:
    """An attack that can be repeated: only what is written and what is edited differ.

    Parameters
    ----------
    network : EditableNetwork
        Opened for the layers that are edited or read.
    ready : Prepared
        The images.
    lettering : Lettering
    readouts : mapping of str to Readout
        By the name under which each is reported. The first is the one that is attacked.
    seed : int
        Of the places.
    """

    network: EditableNetwork
    ready: Prepared
    lettering: Lettering
    readouts: Mapping[str, Readout]
    seed: int = 0

    @property
    def readout(self) -> Readout:
        """The one that is attacked."""
        return next(iter(self.readouts.values()))

    def on(self, ready: Prepared) -> RepeatableAttack:
        """Give the same attack on other images."""
        return replace(self, ready=ready)

    def index_of(self, target: AttackTarget) -> int:
        """Find the target's class among those of the attacked readout."""
        return class_index(self.readout, target.class_name)

    def clean(self, edits: Edits = NO_EDITS) -> Responses:
        """Give what the network says of the images as they are."""
        return self.network.respond(self.ready.pixels, edits=edits)

    def answers(self, edits: Edits = NO_EDITS) -> NDArray[np.intp]:
        """Give the attacked readout's top class of each image as it is."""
        return self.clean(edits).answers(self.readout)

    def responses(
        self,
        text: str | Sequence[str],
        *,
        edits: Edits = NO_EDITS,
        write: Write = write_on,
    ) -> AttackResponses:
        """Write on the images, and give what the network says of them.

        Parameters
        ----------
        text : str or sequence of str
            One for all images, or one per image.
        edits : mapping of Neuron to float
            What units are set to meanwhile.
        write : callable
            `write_on`, or `blank_on` for the same area without letters.
        """
        n = len(self.ready)
        return respond_to_texts(
            self.network,
            self.ready.pixels,
            [text] * n if isinstance(text, str) else text,
            self.lettering,
            seeds=place_seeds(n, self.seed),
            edits=edits,
            write=write,
        )

    def hits(self, target: AttackTarget, edits: Edits = NO_EDITS) -> NDArray[np.bool_]:
        """Tell which images the attacked readout gives to the class, with the text on them."""
        answers = self.responses(target.text, edits=edits).responses.answers(self.readout)
        found: NDArray[np.bool_] = answers == self.index_of(target)
        return found

    def possible(self, target: AttackTarget, before: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which images the attack can win, given the answers without it; see `at_risk`.

        Raises
        ------
        OptionError
            If there are none.
        """
        truth = self.ready.truth(self.readout.class_names)
        found = at_risk(before, truth, self.index_of(target))
        if not found.any():
            raise OptionError(
                f"all {len(self.ready):,} images show {target.class_name!r} or are read as it "
                f"already: there is nothing to attack; give other images"
            )
        return found

    def check_any_possible(self, targets: Sequence[AttackTarget], clean: Responses) -> None:
        """Raise OptionError if no image is at risk from any target."""
        before, truth = clean.answers(self.readout), self.ready.truth(self.readout.class_names)
        if not any(at_risk(before, truth, self.index_of(each)).any() for each in targets):
            self.possible(targets[0], before)

    def doubts(self, clean: Responses) -> tuple[str, ...]:
        """Say which readouts cannot tell the classes apart on the clean images."""
        found = (
            doubt_of_clean(
                name, clean.answers(each), self.ready.truth(each.class_names), each.class_names
            )
            for name, each in self.readouts.items()
        )
        return tuple(filter(None, found))

    def with_controls(
        self, text: str, *, foreign: str | None = None, edits: Edits = NO_EDITS
    ) -> dict[str, AttackResponses]:
        """Give the responses to a text and to its controls, all in the same places.

        Parameters
        ----------
        text : str
        foreign : str, optional
            The word of no class; default: one of about the same length.
        edits : mapping of Neuron to float

        Returns
        -------
        dict
            By `WORD`, `BLANK`, `SHUFFLED` and `NO_CLASS`. A text whose letters have no other
            order, such as "$$$", or none that can be written, has no `SHUFFLED`.

        Raises
        ------
        OptionError
            If every word of no class is a class here.
        """
        asked: dict[str, tuple[str, Write]] = {WORD: (text, write_on), BLANK: (text, blank_on)}
        mixed = next(filter(self._fits, _orders(text, self.seed)), None)
        if mixed is not None:
            asked[SHUFFLED] = (mixed, write_on)
        other = foreign or foreign_word(text, list(self.readouts.values()), fits=self._fits)
        asked[NO_CLASS] = (other, write_on)
        return {
            name: self.responses(what, edits=edits, write=write)
            for name, (what, write) in asked.items()
        }

    def _fits(self, text: str) -> bool:
        """Tell whether a text can be written as the others are."""
        height, width = self.network.clip.preprocess.size
        try:
            fitted_stamp(text, self.lettering, (width, height))
        except OptionError:
            return False
        return True

    def written(self, text: str) -> Tensor:
        """Give the images with the text on them, as `responses` sees them: uint8, on the CPU."""
        seeds = place_seeds(len(self.ready), self.seed)
        return written_pixels(
            self.ready.pixels, text, self.lettering, seeds=seeds, device=self.network.clip.device
        )

    def provenance(self, precision: Precision, edits: Edits = NO_EDITS) -> dict[str, object]:
        """Tell what the attack is made with, as plain values."""
        return {
            "model": self.network.clip.provenance(),
            "images": self.ready.provenance(),
            "lettering": self.lettering.provenance(),
            "readouts": {name: readout_provenance(each) for name, each in self.readouts.items()},
            "edits": {str(neuron): value for neuron, value in edits.items()},
            "precision": precision.name,
            "seed": self.seed,
        }


def _orders(text: str, seed: int) -> Iterator[str]:
    """Give a text's letters in some other orders, each once; none where they have no other."""
    tried = (shuffled(text, seed + more * 7919) for more in range(_N_ORDERS))
    return iter(dict.fromkeys(order for order in tried if order != text))


def place_seeds(n: int, seed: int) -> list[int]:
    """Give each image its seed, so that every text and every control has the same place on it."""
    return [seed * 1_000_003 + i for i in range(n)]


def respond_to_texts(
    network: EditableNetwork,
    pixels: Tensor,
    texts: Sequence[str],
    lettering: Lettering,
    *,
    seeds: Sequence[int],
    edits: Edits = NO_EDITS,
    write: Write = write_on,
) -> AttackResponses:
    """Write its own text on each image, batch by batch on the model's device, and run the network.

    Parameters
    ----------
    network : EditableNetwork
    pixels : Tensor of uint8, (images, 3, H, W)
    texts : sequence of str
        One per image.
    lettering : Lettering
    seeds : sequence of int
        Of the places, one per image.
    edits : mapping of Neuron to float
    write : callable
        `write_on`, or `blank_on` for the same area without letters.
    """
    covered: list[Tensor] = []

    def lettered(batch: Tensor, rows: range) -> Tensor:
        part = slice(rows.start, rows.stop)
        made = write(batch, texts[part], lettering, seeds=seeds[part])
        covered.append(made.coverage.cpu())
        return made.pixels

    found = network.respond(pixels, edits=edits, alter=lettered)
    return AttackResponses("" if write is blank_on else texts[0], found, torch.cat(covered).numpy())


def written_pixels(
    pixels: Tensor,
    text: str,
    lettering: Lettering,
    *,
    seeds: Sequence[int],
    device: torch.device,
) -> Tensor:
    """Write one text on every image, on a device, and bring them back: uint8 (images, 3, H, W)."""
    parts = []
    for at in range(0, len(pixels), _CHUNK):
        part = pixels[at : at + _CHUNK].to(device)
        made = write_on(part, [text] * len(part), lettering, seeds=seeds[at : at + _CHUNK])
        parts.append(made.pixels.cpu())
    return torch.cat(parts)
