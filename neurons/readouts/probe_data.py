"""What is a probe fitted to, chosen by and tested on? A layer's values, labels, and their split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.data.split import FIT, TEST
from neurons.sparse.features import Features


@dataclass(frozen=True)
class ProbeData:
    """Images of a run, as a probe reads them.

    Parameters
    ----------
    values : ndarray or zarr array of float, (images, units)
    labels : ndarray of int64, (images,)
        Indices of ``names``; -1 where an image has no class.
    names : tuple of str
        The classes.
    split : ndarray of uint8, (images,)
        `FIT`, `CHOOSE`, `TEST` or `UNUSED`.
    """

    values: Any
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    split: NDArray[np.uint8]

    def of(self, part: int) -> NDArray[np.int64]:
        """Give the labels of a part of the split, (images of it,)."""
        found: NDArray[np.int64] = self.labels[self.split == part]
        return found

    def features(self, device: str | None, left_out: Sequence[int]) -> Features:
        """Give the images fitted to, on a device; by default a GPU if there is one."""
        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        rows = np.flatnonzero(self.split == FIT)
        return Features(self.values, rows=rows, device=place, without=left_out)

    def logits(
        self, part: int, weights: NDArray[np.float64], intercepts: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give the logits of a part of the split in float64, (images of it, classes)."""
        rows = np.flatnonzero(self.split == part)
        if not len(rows):
            return np.zeros((0, len(weights)))
        read = Features(self.values, rows=rows, device="cpu", dtype=torch.float64, moments=False)
        found = [block.numpy() @ weights.T + intercepts for _, block in read.blocks()]
        return np.concatenate(found)

    def judged(
        self, weights: NDArray[np.float64], intercepts: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], int]:
        """Count the test images by class and answer, and those with their class among the first 5.

        Parameters
        ----------
        weights : ndarray of float64, (classes, units)
        intercepts : ndarray of float64, (classes,)

        Returns
        -------
        ndarray of int32, (classes, classes)
            A row per class, a column per answer.
        int
        """
        logits, labels = self.logits(TEST, weights, intercepts), self.of(TEST)
        confusion = np.zeros((len(self.names), len(self.names)), np.int32)
        np.add.at(confusion, (labels, logits.argmax(1)), 1)
        own = logits[np.arange(len(labels)), labels]
        return confusion, int(((logits > own[:, None]).sum(1) < 5).sum())
