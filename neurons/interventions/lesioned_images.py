"""What do images become under one lesion after another, when what a lesion leaves alone runs once?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.interventions.lesions import Lesion
from neurons.network.clip import Clip

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class LesionAnswer:
    """What images became under some lesions.

    Parameters
    ----------
    lesions : tuple of Lesion
        None: the intact network.
    embeddings : ndarray of float32, (images, embedding)
        Not normalised; rows may hold nan or be zero.
    peaks : mapping of str to ndarray of float32, (images, units)
        Of the watched layers: the largest activation over the map.
    recalibrated : ndarray of float32, (images, embedding), or None
        After BatchNorm's statistics were estimated anew on these images, under the same lesions;
        None if it was not asked for.
    from_start : bool
        Whether the whole network had to run; else what precedes the lesions was kept.
    """

    lesions: tuple[Lesion, ...]
    embeddings: NDArray[np.float32] = field(repr=False)
    peaks: Mapping[str, NDArray[np.float32]] = field(repr=False)
    recalibrated: NDArray[np.float32] | None = field(default=None, repr=False)
    from_start: bool = True


class LesionedImages:
    """Images, and a network whose modules are changed; made by `lesioned_images`.

    Attributes
    ----------
    intact : LesionAnswer
    note : str
        What was found of the order of modules: where passes go on from, or why each must begin
        anew.
    """

    intact: LesionAnswer
    note: str

    def answer(self, lesions: Sequence[Lesion]) -> LesionAnswer:
        """Run the images under some lesions at once; all of it is undone.

        Raises
        ------
        LayerNotFoundError, OptionError
            As `lesioned`.
        """
        raise NotImplementedError

    def answers(
        self, several: Iterable[Sequence[Lesion]], *, progress: Progress = lambda done, total: None
    ) -> Iterator[LesionAnswer]:
        """Run the images under one set of lesions after another, in the order given."""
        raise NotImplementedError


@contextmanager
def lesioned_images(
    clip: Clip,
    pixels: Tensor,
    *,
    watched: Sequence[str] = (),
    recalibrate: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
) -> Iterator[LesionedImages]:
    """Take images through a model, intact, and be ready to run them under lesions.

    Parameters
    ----------
    clip : Clip
        Its network is changed in place while an answer is computed, and is what it was afterwards.
    pixels : Tensor of uint8, (images, 3, H, W)
    watched : sequence of str
        Layers whose peaks are kept.
    recalibrate : bool
        Also give the embeddings after BatchNorm's statistics were estimated anew.
    batch_size : int >= 1, optional
        Default: 64 on a CPU, 256 on a GPU. Recalibrated statistics depend on it.
    seed : int
        Of the order in which images are put into batches when statistics are estimated.

    Raises
    ------
    LayerNotFoundError
        If a watched layer has no units.
    OptionError
        If the network is watched or edited already, there are no images, or a network without
        BatchNorm is to be recalibrated.
    """
    raise NotImplementedError
    yield
