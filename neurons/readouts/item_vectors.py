"""Where does a model put words and pictures: in its embedding, or in the units of a layer?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import EMBEDDING
from neurons.data.loading import batches_of
from neurons.data.prepared import prepare
from neurons.errors import OptionError
from neurons.lettering.default import default_lettering, on_plain_ground
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.words import write_on
from neurons.network.clip import Clip
from neurons.network.engine import open_engine
from neurons.network.inference import Precision, exact
from neurons.network.layers import find_layers
from neurons.readouts.item_sets import ItemSet, Pictures, Words, WrittenWords
from neurons.readouts.prompts import ALONE, class_directions
from neurons.readouts.vocabulary import shipped_vocabulary

Vectors = NDArray[np.float32]

# a word stands on a light, a middle and a dark grey ground, as where strings are tried alone
_GREYS = (220, 140, 60)
# words whose mean is taken off: all written words look alike, and only what differs is asked about
N_OTHER_WORDS = 200
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Place:
    """Where items are looked at, and how words come there.

    Parameters
    ----------
    layer : str
        A module's path, whose units' peaks are taken, or ``embedding``.
    centre : ndarray of float32, (units,), or None
        What is taken off the vectors of pictures, such as the units' means over a run; default:
        nothing, as published tests do.
    templates : tuple of str
        Sentences in which text stands, with one ``{}`` each; their mean is taken.
    lettering : Lettering, optional
        How words are written; default: chosen by the input's size.
    precision : Precision
    """

    layer: str = EMBEDDING
    centre: Vectors | None = None
    templates: tuple[str, ...] = ALONE
    lettering: Lettering | None = None
    precision: Precision = exact

    def writing(self, clip: Clip) -> Lettering:
        """Say how words are written on plain grounds."""
        return on_plain_ground(self.lettering or default_lettering(clip.preprocess.size))


def item_vectors(
    clip: Clip,
    sides: Sequence[ItemSet],
    place: Place,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Vectors]:
    """Give a vector for each item of each set.

    Written words are the mean over three grounds, minus the mean of 200 other words that are
    written alike: without that, all written words have a cosine near 1.

    Parameters
    ----------
    clip : Clip
    sides : sequence of Words, WrittenWords or Pictures
    place : Place
    progress : callable
        Takes how many of how many pictures are done.

    Returns
    -------
    list of ndarray of float32, (items, dimensions)

    Raises
    ------
    OptionError
        If a word cannot be written, a layer is to read text, or a picture stands there twice.
    ImagesNotFoundError
        If a picture cannot be decoded.
    TextSideMissingError
        If the model's texts cannot be read here.
    LayerNotFoundError
        If the model has no such layer.
    """
    if place.layer != EMBEDDING and any(type(side) is Words for side in sides):
        raise OptionError(
            f"{place.layer!r} is a layer of the image tower, which reads no text: write the words, "
            f"or give pictures"
        )
    written = [side for side in sides if isinstance(side, WrittenWords)]
    drawn = _drawn_words(clip, written, place) if written else torch.zeros(0)
    shown = [pixels_of(clip, side) for side in sides if isinstance(side, Pictures)]
    _check_pixels([side for side in sides if isinstance(side, Pictures)], shown)
    stacked = torch.cat([drawn.flatten(0, 1), *shown]) if written else torch.cat(shown or [drawn])
    nothing = np.zeros((0, 1), np.float32)
    found = _vectors(clip, stacked, place, progress) if len(stacked) else nothing
    words = found[: len(drawn) * len(_GREYS)] if written else found[:0]
    pictures = found[len(words) :]
    vectors = []
    centred = _centred(words, written)
    for side in sides:
        if isinstance(side, WrittenWords):
            taken, centred = centred[: len(side.words)], centred[len(side.words) :]
        elif isinstance(side, Pictures):
            taken, pictures = pictures[: len(side.rows)], pictures[len(side.rows) :]
            taken = taken if place.centre is None else taken - place.centre
        else:
            named = {word: (word,) for word in side.words}
            taken = class_directions(clip, named, templates=place.templates)
        vectors.append(np.asarray(taken, np.float32))
    return vectors


def pixels_of(clip: Clip, side: Pictures) -> Tensor:
    """Decode a set of pictures: uint8 (pictures, 3, H, W).

    Raises
    ------
    OptionError
        If one cannot be decoded.
    """
    ready = prepare(clip.preprocess, side.images, rows=side.rows)
    if ready.n_skipped:
        raise OptionError(
            f"{ready.n_skipped} of {len(side.rows)} pictures of {side.name!r} cannot be decoded: "
            f"leave them out"
        )
    return ready.pixels


def written_words(size: tuple[int, int], words: Sequence[str], lettering: Lettering) -> Tensor:
    """Write each word on plain grounds: uint8 (words, grounds, 3, H, W).

    Parameters
    ----------
    size : (height, width)
    words : sequence of str
    lettering : Lettering

    Raises
    ------
    OptionError
        If a word cannot be written so.
    """
    greys = torch.tensor(_GREYS, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, *size)
    texts = [word for word in words for _ in _GREYS]
    grounds = greys.repeat(len(words), 1, 1, 1)
    pixels = write_on(grounds, texts, lettering, seeds=[0] * len(texts)).pixels
    return pixels.view(len(words), len(_GREYS), 3, *size)


def check_written(size: tuple[int, int], side: Words, lettering: Lettering) -> None:
    """Refuse words that cannot be written.

    Raises
    ------
    OptionError
        If there is one; the message names some.
    """
    bad: dict[str, str] = {}
    for word in side.words:
        try:
            fitted_stamp(word, lettering, (size[1], size[0]))
        except OptionError as error:
            bad[word] = str(error)
    if bad:
        few = ", ".join(map(repr, list(bad)[:_NAMED]))
        raise OptionError(
            f"{len(bad)} of {len(side.words)} words of {side.name!r} cannot be written ({few}): "
            f"{next(iter(bad.values()))}"
        )


def _drawn_words(clip: Clip, written: Sequence[WrittenWords], place: Place) -> Tensor:
    """Write the words of all sets, and then so many others."""
    size, lettering = clip.preprocess.size, place.writing(clip)
    for side in written:
        check_written(size, side, lettering)
    words = [word for side in written for word in side.words]
    return written_words(size, [*words, *_others(words, size, lettering)], lettering)


def _others(words: Sequence[str], size: tuple[int, int], lettering: Lettering) -> list[str]:
    """Choose words of the shipped vocabulary that are not asked about."""
    asked = {word.casefold() for word in words}
    pool = [word for word in sorted(shipped_vocabulary()) if word.casefold() not in asked]
    found: list[str] = []
    for i in np.random.default_rng(0).permutation(len(pool)).tolist():
        try:
            fitted_stamp(pool[i], lettering, (size[1], size[0]))
        except OptionError:
            continue
        found.append(pool[i])
        if len(found) == N_OTHER_WORDS:
            break
    return found


def _centred(found: Vectors, written: Sequence[WrittenWords]) -> Vectors:
    """Take the mean over grounds, and off it the mean of the other words."""
    if not len(found):
        return found
    by_word = found.reshape(-1, len(_GREYS), found.shape[1]).mean(1)
    n = sum(len(side.words) for side in written)
    return np.asarray(by_word[:n] - by_word[n:].mean(0), np.float32)


def _vectors(
    clip: Clip, pixels: Tensor, place: Place, progress: Callable[[int, int], None]
) -> Vectors:
    """Give embeddings of length 1, or the peaks of a layer's units."""
    layers = [] if place.layer == EMBEDDING else find_layers(clip, [place.layer])
    parts = []
    with open_engine(clip, layers, precision=place.precision) as engine:
        for rows in batches_of(range(len(pixels)), engine.batch_size):
            read = engine.read(pixels[rows.start : rows.stop])
            if layers:
                parts.append(read.layers[place.layer].peak)
            else:
                assert read.embeddings is not None
                lengths = np.linalg.norm(read.embeddings, axis=1, keepdims=True)
                parts.append(read.embeddings / np.maximum(lengths, 1e-12))
            progress(rows.stop, len(pixels))
    found: Vectors = np.concatenate(parts)
    return found


def _check_pixels(sides: Sequence[Pictures], shown: Sequence[Tensor]) -> None:
    """Refuse a picture that is there twice, whatever its name: chance cannot exchange it."""
    seen: dict[bytes, str] = {}
    for side, pixels in zip(sides, shown, strict=True):
        for item, one in zip(side.items, pixels, strict=True):
            key = hashlib.blake2b(one.contiguous().numpy().tobytes(), digest_size=16).digest()
            if key in seen:
                raise OptionError(
                    f"the pictures {seen[key]!r} and {item!r} are the same: leave one out"
                )
            seen[key] = item
