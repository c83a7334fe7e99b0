"""How is a path saved strength by strength, so that a killed fit loses at most one of them?"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurons.files import write_file
from neurons.folder_kinds import PROBE
from neurons.folders import folder_for_writing
from neurons.sparse.path import PathStep

_DTYPES = {"torch.float32": torch.float32, "torch.float64": torch.float64}


class SavedPath:
    """The strengths that are done: in memory, and in a folder if there is one.

    Made by `saved_path`, which holds the folder's lock.

    Parameters
    ----------
    folder : Path, optional
        What lies there is read at once.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._done: dict[int, tuple[PathStep, Tensor, Tensor]] = {}
        for file in sorted(folder.glob("strength-*.npz")) if folder else ():
            self._done[int(file.stem.removeprefix("strength-"))] = _read(file)

    def has(self, index: int) -> bool:
        """Tell whether a strength is done."""
        return index in self._done

    def step(self, index: int) -> PathStep:
        """Give what was measured at a strength."""
        return self._done[index][0]

    def start_of(self, index: int) -> tuple[Tensor, Tensor] | None:
        """Give a strength's weights and intercepts, bit for bit, or None if it is not done."""
        done = self._done.get(index)
        return None if done is None else done[1:]

    def save(self, index: int, step: PathStep, weights: Tensor, intercepts: Tensor) -> None:
        """Save a strength: all of its file is there afterwards, or nothing.

        Parameters
        ----------
        index : int
            Its place on the path.
        step : PathStep
        weights : Tensor, (units, classes)
            Of standardised units, on the CPU; only those that are not 0 are written.
        intercepts : Tensor, (classes,)
        """
        self._done[index] = (step, weights, intercepts)
        if self._folder is None:
            return
        flat = weights.contiguous().view(-1)
        places = flat.nonzero().squeeze(1)
        content = io.BytesIO()
        np.savez_compressed(
            content,
            shape=np.array(weights.shape),
            dtype=np.array(str(weights.dtype)),
            places=places.numpy(),
            values=flat[places].numpy(),
            intercepts=intercepts.numpy(),
            step=np.array(json.dumps(asdict(step))),
        )
        write_file(self._folder / f"strength-{index:03}.npz", content.getvalue())


@contextmanager
def saved_path(
    folder: str | Path | None, depends_on: Mapping[str, Any], *, replace: bool = False
) -> Iterator[SavedPath]:
    """Begin a path, or go on with one of the same settings; without a folder, in memory.

    With ``replace``, a path of other settings is begun anew.

    Raises
    ------
    OutputExistsError, RunLockedError, OptionError
        As `folder_for_writing`.
    """
    if folder is None:
        yield SavedPath(None)
        return
    with folder_for_writing(Path(folder), PROBE, depends_on, replace=replace):
        yield SavedPath(Path(folder))


def _read(file: Path) -> tuple[PathStep, Tensor, Tensor]:
    with np.load(file, allow_pickle=False) as stored:
        weights = torch.zeros(*stored["shape"].tolist(), dtype=_DTYPES[str(stored["dtype"])])
        places = torch.from_numpy(stored["places"])
        weights.view(-1)[places] = torch.from_numpy(stored["values"])
        step = PathStep(**json.loads(str(stored["step"])))
        return step, weights, torch.from_numpy(stored["intercepts"])
