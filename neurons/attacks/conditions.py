"""What does writing do to a readout's answers, and what do the controls do?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.prepared import Prepared
from neurons.errors import OptionError
from neurons.interventions.editable import NO_EDITS, EditableNetwork, Edits, Responses, joined
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import Lettered, blank_on, shuffled, write_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision
from neurons.readouts.readout import Readout, class_index, readout_provenance
from neurons.stats import Share

# the four controls that stand beside every attack, and the attack
CLEAN, WORD, BLANK, SHUFFLED, NO_CLASS = "clean", "word", "blank", "shuffled", "no class"
CONDITIONS = (CLEAN, WORD, BLANK, SHUFFLED, NO_CLASS)

# words that name nothing which can be seen, of every length that a class's name has
_FOREIGN = (
    "of", "and", "with", "about", "indeed", "because", "although", "therefore", "moreover it",
    "nevertheless", "notwithstanding",
)  # fmt: skip

Write = Callable[..., Lettered]
# texts looked at together
_CHUNK = 64


@dataclass(frozen=True)
class AttackTarget:
    """A text, and the class that it is to make of an image."""

    class_name: str
    text: str

    @classmethod
    def parse(cls, written: str) -> AttackTarget:
        """Read ``CLASS`` (its own name is written) or ``TEXT=CLASS``.

        Raises
        ------
        OptionError
            If a part is empty.
        """
        text, sign, name = (part.strip() for part in written.partition("="))
        if not text or (sign and not name):
            raise OptionError(f"{written!r} is no target; write CLASS, or TEXT=CLASS")
        return cls(name or text, text)


@dataclass(frozen=True)
class AttackResponses:
    """What the network said of images with something on them.

    Parameters
    ----------
    written : str
        On the first of them; empty where it was a patch without letters.
    seen : Responses
    coverage : ndarray of float32, (images,)
        Share of each image's pixels that changed.
    """

    written: str
    seen: Responses
    coverage: NDArray[np.float32]


def place_seeds(n: int, seed: int) -> list[int]:
    """Give each image its seed, so that every text and every control has the same place on it."""
    return [seed * 1_000_003 + i for i in range(n)]


def respond_to_text(
    eye: EditableNetwork,
    pixels: Tensor,
    text: str,
    lettering: Lettering,
    *,
    seed: int = 0,
    edits: Edits = NO_EDITS,
    write: Write = write_on,
) -> AttackResponses:
    """Write one text on every image and look.

    Parameters
    ----------
    eye : EditableNetwork
    pixels : Tensor of uint8, (images, 3, H, W)
    text : str
    lettering : Lettering
    seed : int
        Of the places.
    edits : mapping of Neuron to float
    write : callable
        `write_on`, or `blank_on` for the same area without letters.
    """
    seeds = place_seeds(len(pixels), seed)
    return respond_to_texts(
        eye, pixels, [text] * len(pixels), lettering, seeds=seeds, edits=edits, write=write
    )


def respond_to_texts(
    eye: EditableNetwork,
    pixels: Tensor,
    texts: Sequence[str],
    lettering: Lettering,
    *,
    seeds: Sequence[int],
    edits: Edits = NO_EDITS,
    write: Write = write_on,
) -> AttackResponses:
    """Write its own text on each image, batch by batch on the model's device, and look.

    Parameters
    ----------
    eye, pixels, lettering, edits, write
        As `respond_to_text` takes them.
    texts : sequence of str
        One an image.
    seeds : sequence of int
        Of the places, one an image.
    """
    covered: list[Tensor] = []

    def lettered(batch: Tensor, rows: range) -> Tensor:
        part = slice(rows.start, rows.stop)
        made = write(batch, texts[part], lettering, seeds=seeds[part])
        covered.append(made.coverage.cpu())
        return made.pixels

    seen = eye.respond(pixels, edits=edits, alter=lettered)
    return AttackResponses("" if write is blank_on else texts[0], seen, torch.cat(covered).numpy())


def attack_with_controls(
    eye: EditableNetwork,
    pixels: Tensor,
    text: str,
    lettering: Lettering,
    *,
    foreign: str,
    seed: int = 0,
    edits: Edits = NO_EDITS,
) -> dict[str, AttackResponses]:
    """AttackResponses at the attack and its controls on the same images, but for the clean ones.

    Parameters
    ----------
    eye, pixels, text, lettering, seed, edits
        As `respond_to_text` takes them.
    foreign : str
        The word of no class.

    Returns
    -------
    dict
        By `WORD`, `BLANK`, `SHUFFLED` and `NO_CLASS`. A text whose letters have no other order,
        such as "$$$", has no `SHUFFLED`.
    """
    asked: dict[str, tuple[str, Write]] = {WORD: (text, write_on), BLANK: (text, blank_on)}
    mixed = shuffled(text, seed)
    if mixed != text:
        asked[SHUFFLED] = (mixed, write_on)
    asked[NO_CLASS] = (foreign, write_on)
    return {
        name: respond_to_text(eye, pixels, what, lettering, seed=seed, edits=edits, write=write)
        for name, (what, write) in asked.items()
    }


def foreign_word(text: str, readouts: Sequence[Readout]) -> str:
    """Choose a word of about the same length that is no part of a class's name.

    Raises
    ------
    OptionError
        If every word that is known is one; name one then.
    """
    names = {part for r in readouts for name in r.class_names for part in name.lower().split()}
    free = [word for word in _FOREIGN if not set(word.split()) & names]
    if not free:
        raise OptionError("every word of no class is a class here; name one of your own")
    return min(free, key=lambda word: (abs(len(word) - len(text)), word))


def succeeded(
    before: NDArray[np.intp], after: NDArray[np.intp], target: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell where the top class became the target, and where it could have become it.

    Parameters
    ----------
    before, after : ndarray of int, (images,)
        The top class without and with the writing.
    target : int

    Returns
    -------
    hits, at_risk : ndarray of bool, (images,)
        An image that is read as the target already is not at risk.
    """
    at_risk = before != target
    return (after == target) & at_risk, at_risk


def success(before: NDArray[np.intp], after: NDArray[np.intp], target: int) -> Share:
    """Count successes among the images that were not the target already."""
    hits, at_risk = succeeded(before, after, target)
    return Share(int(hits.sum()), int(at_risk.sum()))


def accuracy(answers: NDArray[np.intp], truth: NDArray[np.int64]) -> Share:
    """Count right answers among the images whose class the readout has."""
    known = truth >= 0
    return Share(int((answers == truth)[known].sum()), int(known.sum()))


def check_targets(targets: Sequence[AttackTarget], readouts: Sequence[Readout]) -> None:
    """Raise OptionError unless there are targets, and every readout has their classes."""
    if not targets or not readouts:
        raise OptionError(f"{len(targets)} targets, {len(readouts)} readouts: at least 1 of each")
    for target in targets:
        for readout in readouts:
            class_index(readout, target.class_name)


def alone(eye: EditableNetwork, texts: Sequence[str], lettering: Lettering) -> Responses:
    """AttackResponses at texts that stand alone on plain grounds, all at the same places.

    Returns
    -------
    Responses
        Of text 0 on every ground, then of text 1; so ``values.reshape(len(texts), -1)``.
    """
    grounds = plain_grounds(eye.clip.preprocess.size)
    seeds, parts = place_seeds(len(grounds), 0), []
    # no more pixels at a time than a few batches
    for start in range(0, len(texts), _CHUNK):
        part = texts[start : start + _CHUNK]
        repeated = [text for text in part for _ in grounds]
        pixels = grounds.repeat(len(part), 1, 1, 1)
        look = respond_to_texts(eye, pixels, repeated, lettering, seeds=seeds * len(part))
        parts.append(look.seen)
    return joined(parts)


def plain_grounds(size: tuple[int, int], n: int = 3) -> Tensor:
    """Give plain images to write on, from light to dark: uint8 (n, 3, H, W)."""
    greys = torch.linspace(220, 60, n).round().to(torch.uint8)
    return greys.view(-1, 1, 1, 1).expand(n, 3, *size).contiguous()


def provenance(
    clip: Clip,
    ready: Prepared,
    lettering: Lettering,
    *,
    precision: Precision,
    seed: int,
    readouts: Mapping[str, Readout],
    edits: Edits = NO_EDITS,
) -> dict[str, object]:
    """Tell what an attack was made with, as plain values."""
    return {
        "model": clip.provenance(),
        "images": ready.provenance(),
        "lettering": lettering.provenance(),
        "readouts": {name: readout_provenance(each) for name, each in readouts.items()},
        "edits": {str(neuron): value for neuron, value in edits.items()},
        "precision": precision.name,
        "seed": seed,
    }
