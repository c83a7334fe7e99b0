"""Which images are ready for a network, decoded and resized once for all that is done?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.images import ImageSet
from neurons.data.loading import batches_of, load_batch
from neurons.data.preprocess import Preprocess
from neurons.errors import ImagesNotFoundError, OptionError


@dataclass(frozen=True)
class Prepared:
    """Images at the network's input size, decoded once.

    Parameters
    ----------
    images : ImageSet
    rows : tuple of int
        Which of the set's images these are.
    pixels : Tensor of uint8, (images, 3, H, W)
        On the CPU.
    n_skipped : int
        Images that were asked for and could not be decoded.
    """

    images: ImageSet
    rows: tuple[int, ...]
    pixels: Tensor
    n_skipped: int

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, which: Sequence[int] | NDArray[np.intp]) -> Prepared:
        """Take some of them, by their place here."""
        places = [int(i) for i in which]
        rows = tuple(self.rows[i] for i in places)
        return Prepared(self.images, rows, self.pixels[places], self.n_skipped)

    def halves(self, seed: int) -> tuple[Prepared, Prepared]:
        """Part them at random into those to choose with and those to measure on.

        Raises
        ------
        OptionError
            If there is one image only.
        """
        if len(self) < 2:
            raise OptionError("one image cannot be chosen with and measured on; give two or more")
        order = np.random.default_rng(seed).permutation(len(self))
        half = len(self) // 2
        return self.part(order[:half]), self.part(order[half:])

    def labels(self) -> tuple[str, ...]:
        """Give each image's class; empty where it has none."""
        known = self.images.labels
        if known is None:
            return ("",) * len(self)
        names = self.images.class_names
        return tuple(names[known[row]] if known[row] >= 0 else "" for row in self.rows)

    def truth(self, class_names: Sequence[str]) -> NDArray[np.int64]:
        """Give each image's class by its place among ``class_names``; -1 where it is none."""
        places = {name: i for i, name in enumerate(class_names)}
        return np.array([places.get(label, -1) for label in self.labels()], np.int64)

    def provenance(self) -> dict[str, object]:
        """Tell which images these are."""
        return {**self.images.provenance(), "n_taken": len(self), "n_skipped": self.n_skipped}


def prepare(
    preprocess: Preprocess,
    images: ImageSet,
    *,
    n: int | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Decode and resize images, once for all that is done with them.

    Parameters
    ----------
    preprocess : Preprocess
        Of the network that will run on them.
    images : ImageSet
    n : int >= 1, optional
        So many of them, drawn without replacement; default: all.
    rows : sequence of int, optional
        To draw from; default: the whole set.
    seed : int
    progress : callable
        Takes how many of how many are ready.

    Raises
    ------
    OptionError
        If ``n`` is below one.
    ImagesNotFoundError
        If none of them can be decoded.
    """
    if n is not None and n < 1:
        raise OptionError(f"{n} images to attack: at least 1")
    pool = np.arange(len(images)) if rows is None else np.asarray(rows, np.intp)
    chosen = pool
    if n is not None and n < len(pool):
        chosen = np.sort(np.random.default_rng(seed).choice(pool, n, replace=False))
    parts, kept, bad = [], [], 0
    for span in batches_of(range(len(chosen)), 32):
        wanted = [int(chosen[i]) for i in span]
        batch = load_batch(preprocess, images, wanted, batch_size=len(wanted))
        good = [i for i, row in enumerate(wanted) if row not in batch.bad]
        parts.append(batch.pixels[good])
        kept += [wanted[i] for i in good]
        bad += len(batch.bad)
        progress(span.stop, len(chosen))
    if not kept:
        raise ImagesNotFoundError(f"none of {len(chosen)} images of {images.name!r} can be decoded")
    return Prepared(images, tuple(kept), torch.cat(parts), bad)
