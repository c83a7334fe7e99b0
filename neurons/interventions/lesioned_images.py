"""What do images become under lesions, when what a lesion leaves alone runs only once?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.loading import batches_of
from neurons.errors import OptionError
from neurons.interventions.lesion_passes import Means, Recalibration, RunningOrder
from neurons.interventions.lesion_prefix import Passes, find_cuts
from neurons.interventions.lesions import Lesion, lesioned
from neurons.network.clip import Clip
from neurons.network.engine import default_batch_size
from neurons.network.hooks import watch
from neurons.network.inference import exact, true_fp32
from neurons.network.layers import Layer, find_layers
from neurons.network.readings import Pooled, pooled

Progress = Callable[[int, int], None]

# of what is kept of intact passes: fits beside a model on a laptop
_MEMORY = 2**30


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
    went_on_after : str
        The module up to which what is known of the intact network was used; empty if the whole
        network ran.
    """

    lesions: tuple[Lesion, ...]
    embeddings: NDArray[np.float32] = field(repr=False)
    peaks: Mapping[str, NDArray[np.float32]] = field(repr=False)
    recalibrated: NDArray[np.float32] | None = field(default=None, repr=False)
    went_on_after: str = ""


class LesionedImages:
    """Images, and a network whose modules are changed; made by `lesioned_images`.

    Attributes
    ----------
    clip : Clip
    intact : LesionAnswer
    note : str
        What was found of the order of modules: where passes go on, or that each must be whole.
    """

    def __init__(
        self,
        clip: Clip,
        passes: Passes,
        order: RunningOrder,
        watched: Sequence[Layer],
        again: Recalibration | None,
    ) -> None:
        self.clip, self._passes, self._order = clip, passes, order
        self._watched, self._again = watched, again
        self._means = Means(clip.network)
        n = len(passes.cuts)
        self.note = (
            f"passes go on after any of {n} modules, where no lesion comes before"
            if n
            else "no module holds all that comes after it: each pass is whole"
        )
        with _watching(clip, watched) as read:
            found = [read(answer) for answer in passes.first()]
        embeddings, peaks = _joined(found, watched)
        recalibrated = None if again is None else again.intact
        self.intact = LesionAnswer((), embeddings, peaks, recalibrated)

    @torch.inference_mode()
    def answer(self, lesions: Sequence[Lesion]) -> LesionAnswer:
        """Run the images under some lesions at once; all of it is undone.

        Raises
        ------
        LayerNotFoundError, OptionError
            As `lesioned`; also if the mean of a module over images has no meaning.
        """
        if not lesions:
            return self.intact
        network = self.clip.network
        means = self._means.of(lesions, self._passes)
        start = self._order.start(lesions)
        cut = self._passes.prepare(start)
        # hooks run in the order in which they were put there: lesions come first
        with lesioned(network, lesions, means=means), _watching(self.clip, self._watched) as read:
            found = [read(answer) for answer in self._passes.run(cut)]
        embeddings, peaks = _joined(found, self._watched)
        for layer in self._watched:
            if cut is not None and self._order.end(layer.path) <= cut.end:
                peaks[layer.path] = self.intact.peaks[layer.path]
        again = None if self._again is None else self._again.embeddings(lesions, start)
        return LesionAnswer(
            tuple(lesions), embeddings, peaks, again, "" if cut is None else cut.path
        )

    def answers(
        self, several: Iterable[Sequence[Lesion]], *, progress: Progress = lambda done, total: None
    ) -> Iterator[LesionAnswer]:
        """Run the images under one set of lesions after another, in the order given.

        In the order of depth least is computed.

        Parameters
        ----------
        several : iterable of sequence of Lesion
        progress : callable
            Takes how many of how many sets are done.
        """
        listed = list(several)
        for done, lesions in enumerate(listed, 1):
            yield self.answer(lesions)
            progress(done, len(listed))


@contextmanager
def lesioned_images(
    clip: Clip,
    pixels: Tensor,
    *,
    watched: Sequence[str] = (),
    recalibrate: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
    memory: int = _MEMORY,
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
        Default: 32 on a CPU, 256 on a GPU. Recalibrated statistics depend on it, and so do the
        last bits of all numbers.
    seed : int
        Of the order in which images are put into batches when statistics are estimated: images of
        one class side by side would be normalised by one another.
    memory : int
        Bytes of intact outputs that may be kept, to go on with.

    Raises
    ------
    LayerNotFoundError
        If a watched layer has no units.
    OptionError
        If the network is watched or edited already, there are fewer than two images, or a network
        without BatchNorm is to be recalibrated.
    """
    network = clip.network
    if any(each._forward_hooks or each._forward_pre_hooks for each in network.modules()):
        raise OptionError("the network is being watched or edited; leave that `with` block first")
    if len(pixels) < 2:
        raise OptionError(f"{len(pixels)} images; two or more are needed")
    layers = find_layers(clip, watched)
    size = batch_size or default_batch_size(clip.device)
    shares = memory // 3 if recalibrate else memory
    with true_fp32(exact), torch.inference_mode():
        order = RunningOrder(network, lambda: clip.embed_images(clip.preprocess.empty_batch(2)))
        cuts = find_cuts(network, _forward(clip), _noise(clip))
        in_order = [list(rows) for rows in batches_of(range(len(pixels)), size)]

        def passes(rows: Sequence[Sequence[int]]) -> Passes:
            batches = [_Batch(clip, pixels, each) for each in rows]
            return Passes(network, _forward(clip), batches, cuts, memory=shares)

        again = None
        if recalibrate:
            shuffled = np.random.default_rng(seed).permutation(len(pixels))
            # of like size: a batch of one image has no variance
            mixed = [part.tolist() for part in np.array_split(shuffled, len(in_order))]
            again = Recalibration(network, passes(in_order), passes(mixed), order)
        yield LesionedImages(clip, passes(in_order), order, layers, again)


@dataclass(frozen=True, eq=False)
class _Batch:
    """The inputs of some images."""

    clip: Clip
    pixels: Tensor = field(repr=False)
    rows: Sequence[int]

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self) -> Tensor:
        chosen = self.pixels[torch.as_tensor(self.rows)].to(self.clip.device)
        # convolutions run 1.6 times as fast so on a CPU
        found = self.clip.preprocess.normalise(chosen)
        return found.contiguous(memory_format=torch.channels_last)


def _forward(clip: Clip) -> Callable[[Tensor], Tensor]:
    def forward(inputs: Tensor) -> Tensor:
        embedded: Tensor = clip.network.encode_image(inputs)  # type: ignore[operator]
        return embedded

    return forward


def _noise(clip: Clip) -> Tensor:
    """Give two images of noise, in which nothing is equal by chance."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, *clip.preprocess.size, generator=generator).to(clip.device)


_Read = tuple[Tensor, dict[str, Tensor]]


@contextmanager
def _watching(clip: Clip, layers: Sequence[Layer]) -> Iterator[Callable[[Tensor], _Read]]:
    """Give what takes an answer, and adds the peaks of the watched layers in the same pass."""
    with ExitStack() as stack:
        seen: dict[str, dict[str, Pooled]] = {
            layer.path: stack.enter_context(
                watch(clip.network, [layer.path], reduce=partial(pooled, layout=layer.layout))
            )
            for layer in layers
        }

        def read(answer: Tensor) -> _Read:
            # a layer that precedes where a pass goes on may not have run
            peaks = {path: kept[path].peak.value.cpu() for path, kept in seen.items() if kept}
            for kept in seen.values():
                kept.clear()
            return answer.float().cpu(), peaks

        yield read


def _joined(
    parts: Sequence[_Read], layers: Sequence[Layer]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    peaks = {
        layer.path: torch.cat([found[layer.path] for _, found in parts]).numpy()
        for layer in layers
        if all(layer.path in found for _, found in parts)
    }
    return torch.cat([embeddings for embeddings, _ in parts]).numpy(), peaks
