"""How near is each image of a typographic set to each class, with its word written on it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neurons.attacks.steps import Progress
from neurons.attacks.typographic_set import Trial, TypographicSet
from neurons.data.loading import batches_of, load_batch
from neurons.errors import OptionError
from neurons.interventions.editable import EditableNetwork, open_editable
from neurons.lettering.words import write_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision

# images decoded at a time; a set of any size takes the memory of these
_AT_ONCE = 256
_TEXTS_AT_ONCE = 512


def drawn_trials(asked: TypographicSet, n: int | None, seed: int) -> list[Trial]:
    """Draw so many trials of each part of a set, without replacement; None for all.

    Raises
    ------
    OptionError
        If ``n`` is below one.
    """
    if n is None:
        return list(asked.trials)
    if n < 1:
        raise OptionError(f"{n} trials of each part: at least 1")
    chosen = []
    for kind in asked.kinds:
        part = [trial for trial in asked.trials if trial.kind == kind]
        # the same draw for every part: a set's parts go image by image
        order = np.random.default_rng(seed).permutation(len(part))[:n]
        chosen += [part[i] for i in np.sort(order)]
    return chosen


def class_directions_of(clip: Clip, names: Sequence[str], templates: Sequence[str]) -> Tensor:
    """Give unit vectors, (classes, embedding), on the CPU."""
    texts = [template.format(name) for name in names for template in templates]
    spans = batches_of(range(len(texts)), _TEXTS_AT_ONCE)
    parts = [clip.embed_texts(texts[span.start : span.stop]).float().cpu() for span in spans]
    # not normalised before the mean: so did SCAM's evaluation, which the figures are beside
    means = torch.cat(parts).view(len(names), len(templates), -1).mean(1)
    return functional.normalize(means, dim=1)


def scores_of(
    clip: Clip,
    asked: TypographicSet,
    trials: Sequence[Trial],
    directions: Tensor,
    *,
    precision: Precision,
    seed: int,
    progress: Progress,
) -> tuple[NDArray[np.float32], set[int]]:
    """Compare each trial's image with each class.

    Parameters
    ----------
    clip : Clip
    asked : TypographicSet
    trials : sequence of Trial
        Of this set; an image that is asked about with several words is read once.
    directions : Tensor, (classes, embedding)
        As `class_directions_of` gives them.
    precision : Precision
    seed : int
        Of the places where words are written.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    scores : ndarray of float32, (trials, classes)
        Cosines, nan for images that cannot be decoded.
    bad : set of int
        Those images.
    """
    views = list(dict.fromkeys((trial.index, trial.text) for trial in trials))
    found = np.full((len(views), len(directions)), np.nan, np.float32)
    bad: set[int] = set()
    with open_editable(clip, precision=precision) as network:
        for span in batches_of(range(len(views)), _AT_ONCE):
            part = views[span.start : span.stop]
            rows = list(dict.fromkeys(index for index, _ in part))
            batch = load_batch(clip.preprocess, asked.images, rows, batch_size=len(rows))
            bad |= set(batch.bad)
            good = [i for i, (index, _) in enumerate(part) if index not in batch.bad]
            places = {index: i for i, index in enumerate(rows)}
            pixels = batch.pixels[[places[part[i][0]] for i in good]]
            if good:
                texts, seeds = [part[i][1] for i in good], [part[i][0] + seed for i in good]
                embeddings = _embedded(network, asked, pixels, texts, seeds)
                found[[span.start + i for i in good]] = (embeddings @ directions.T).numpy()
            progress(span.stop, len(views))
    place = {view: i for i, view in enumerate(views)}
    return found[[place[trial.index, trial.text] for trial in trials]], bad


def _embedded(
    network: EditableNetwork,
    asked: TypographicSet,
    pixels: Tensor,
    texts: Sequence[str],
    seeds: Sequence[int],
) -> Tensor:
    """Give unit embeddings of images, after their texts were written on them."""
    which = [i for i, text in enumerate(texts) if text]
    if which:
        assert asked.lettering is not None, "a set whose trials have texts says how they look"
        written = write_on(
            pixels[which],
            [texts[i] for i in which],
            asked.lettering,
            seeds=[seeds[i] for i in which],
        )
        pixels = pixels.clone()
        pixels[which] = written.pixels
    return functional.normalize(torch.from_numpy(network.respond(pixels).embeddings), dim=1)
