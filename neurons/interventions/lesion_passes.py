"""When do lesions begin in a pass, and what do means and BatchNorm's statistics become?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurons.interventions.lesion_norms import estimate, kept_statistics, statistics
from neurons.interventions.lesion_outputs import head_of, mean_outputs
from neurons.interventions.lesion_prefix import Passes
from neurons.interventions.lesion_trace import first_start, trace_runs
from neurons.interventions.lesion_weights import own_parameters
from neurons.interventions.lesions import Lesion, lesioned
from neurons.network.hooks import find_module


class RunningOrder:
    """When the modules of a network start and end in a pass.

    Parameters
    ----------
    network : nn.Module
    run : callable
        Runs it once.
    """

    def __init__(self, network: nn.Module, run: Callable[[], object]) -> None:
        self._network, self._runs = network, trace_runs(network, run)
        self._names = {id(module): path for path, module in network.named_modules()}
        self._owners: dict[int, list[str]] = {}
        for path, module in network.named_modules():
            for parameter in own_parameters(module).values():
                self._owners.setdefault(parameter.data_ptr(), []).append(path)

    def start(self, lesions: Sequence[Lesion]) -> int:
        """Give when the first changed module starts; of tied weights, the first that owns them.

        Raises
        ------
        LayerNotFoundError
            If there is no such module.
        """
        paths = chain.from_iterable(self._changed(lesion) for lesion in lesions)
        # of weights that no module is seen to use it is not known who uses them, and when
        starts = [first_start(path, self._runs) or 0 for path in paths]
        return min(starts, default=0)

    def end(self, path: str) -> int:
        """Give when a module ends for the last time."""
        return max(ran.end for ran in self._runs[path])

    def start_of(self, path: str) -> int:
        """Give when a module starts for the first time; 0 if it does not run."""
        return first_start(path, self._runs) or 0

    def _changed(self, lesion: Lesion) -> list[str]:
        head = head_of(lesion.module)
        module = find_module(self._network, head[0] if head else lesion.module)
        paths = [self._names[id(module)]]
        if lesion.of_weights:
            for parameter in own_parameters(module).values():
                paths += self._owners[parameter.data_ptr()]
        return paths


class Means:
    """Modules' mean outputs over images, computed once each.

    Parameters
    ----------
    network : nn.Module
        Intact when they are asked for.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._known: dict[str, Tensor] = {}

    def of(self, lesions: Sequence[Lesion], passes: Passes) -> dict[str, Tensor]:
        """Give the means that lesions need.

        Raises
        ------
        LayerNotFoundError
            If the first axis of an output does not count images, or a module does not run once.
        """
        wanted = [lesion.module for lesion in lesions if lesion.how == "mean"]
        missing = [path for path in wanted if path not in self._known]
        if missing:
            runs = [
                (size, lambda place=place: passes.run_batch(place, None))
                for place, size in enumerate(passes.sizes)
            ]
            self._known.update(mean_outputs(self._network, missing, runs))
        return {path: self._known[path] for path in wanted}


class Recalibration:
    """Images, and a network whose BatchNorms are estimated on them anew, under each lesion.

    Parameters
    ----------
    network : nn.Module
    images : Passes
        Of which embeddings are given; of its own, since it keeps what the recalibrated network
        gave.
    mixed : Passes
        Of the same images in mixed batches, on which statistics are estimated.
    order : RunningOrder

    Attributes
    ----------
    intact : ndarray of float32, (images, embedding)
        Recalibrated without a lesion.
    """

    def __init__(
        self, network: nn.Module, images: Passes, mixed: Passes, order: RunningOrder
    ) -> None:
        self._network, self._images, self._mixed, self._order = network, images, mixed, order
        self._means = Means(network)
        with kept_statistics(network) as norms:
            every = list(norms.values())
            running = mixed.first()
            estimate(every, [(size, lambda: next(running)) for size in mixed.sizes])
            self._statistics = statistics(every)
            self.intact = _array(list(images.first()))

    def embeddings(self, lesions: Sequence[Lesion], start: int) -> NDArray[np.float32]:
        """Give embeddings under lesions, after statistics were estimated under the same lesions.

        Parameters
        ----------
        lesions : sequence of Lesion
        start : int
            When the first of them starts. What comes before it is estimated without lesions, which
            gives the same.
        """
        with kept_statistics(self._network) as norms:
            for norm in norms.values():
                norm.train()
            after = self._mixed.prepare(start)
            for norm, (mean, variance) in zip(norms.values(), self._statistics, strict=True):
                assert norm.running_mean is not None and norm.running_var is not None
                norm.running_mean.copy_(mean)
                norm.running_var.copy_(variance)
                norm.eval()
            means = self._means.of(lesions, self._images)
            going_on = self._images.prepare(start)
            reached = -1 if after is None else after.end
            later = [norm for path, norm in norms.items() if self._order.start_of(path) > reached]
            with lesioned(self._network, lesions, means=means):
                running = self._mixed.run(after)
                estimate(later, [(size, lambda: next(running)) for size in self._mixed.sizes])
                return _array(list(self._images.run(going_on)))


def _array(parts: Sequence[Tensor]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = torch.cat([part.float().cpu() for part in parts]).numpy()
    return found
