"""After which modules can a pass go on, so that what a lesion leaves alone runs once?

A pass goes on after a module by giving what that module gave before, and nan in the place of
everything before it. That it does not need the rest is tried, not assumed: the network must answer
as ever, to the bit, although nan would spread to its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Protocol

import torch
from torch import Tensor, nn

from neurons.errors import LayerNotFoundError
from neurons.interventions.lesion_trace import Ran, trace_runs
from neurons.network.hooks import find_module

# the modules of a tower itself (visual.conv1), and numbered ones below (visual.layer4.1)
_MOST_DOTS = 1


@dataclass(frozen=True)
class Cut:
    """A module after which a pass can go on.

    Parameters
    ----------
    path : str
    end : int
        When it ends, among all starts and ends of a pass.
    before : tuple of str
        What need not run any more: modules that end earlier, without those inside of one another.
    """

    path: str
    end: int
    before: tuple[str, ...]


def find_cuts(
    network: nn.Module, forward: Callable[[Tensor], Tensor], inputs: Tensor
) -> tuple[Cut, ...]:
    """Try after which modules a pass can go on, in the order in which they end.

    Parameters
    ----------
    network : nn.Module
        Intact.
    forward : callable
        Runs it on inputs and gives its answer.
    inputs : Tensor
        Floating-point, such as a small batch of images. An answer that is nan already is one
        from which nothing can be told: there are no cuts then.
    """
    kept: dict[str, Tensor] = {}
    paths = [path for path, _ in network.named_modules() if _may_be(path)]
    with _keeping(network, paths, kept):
        runs = trace_runs(network, lambda: forward(inputs))
        answer = forward(inputs)
    if not bool(answer.isfinite().all()):
        return ()
    once = {path: ran[0] for path, ran in runs.items() if len(ran) == 1 and ran[0].plain}
    found = []
    for path in sorted(set(kept) & set(once), key=lambda path: once[path].end):
        cut = Cut(path, once[path].end, _before(path, once))
        shapes = {each: once[each].gave for each in cut.before}
        try:
            with _going_on(network, cut, kept[path], shapes):
                again = forward(torch.full_like(inputs, torch.nan))
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
            # something between the modules does not take what stands for the rest
            continue
        if torch.equal(again, answer):
            found.append(cut)
    return tuple(found)


class Batch(Protocol):
    """Gives the inputs of some images, and tells how many they are."""

    def __len__(self) -> int: ...

    def __call__(self) -> Tensor:
        """Give the inputs."""
        ...


class Passes:
    """Batches on their way through a network, from the start or after a cut.

    Parameters
    ----------
    network : nn.Module
    forward : callable
        From floating-point inputs to the answer.
    batches : sequence of Batch
    cuts : sequence of Cut
    memory : int
        Bytes of what is kept; what was used least lately is dropped, and computed again when it is
        needed.
    """

    def __init__(
        self,
        network: nn.Module,
        forward: Callable[[Tensor], Tensor],
        batches: Sequence[Batch],
        cuts: Sequence[Cut],
        *,
        memory: int,
    ) -> None:
        self._network, self._forward, self._batches = network, forward, batches
        self.cuts, self._memory = tuple(cuts), memory
        self._kept: dict[Cut, list[Tensor]] = {}
        # of each batch: the shape of its inputs, and of what each module gives
        self._shapes: list[tuple[tuple[int, ...], dict[str, tuple[int, ...] | None]]] = []

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many images each batch has."""
        return tuple(len(batch) for batch in self._batches)

    def first(self) -> Iterator[Tensor]:
        """Run all batches from the start, and note the shapes that passes go on with."""
        self._shapes, self._kept = [], {}
        for batch in self._batches:
            inputs, answers = batch(), []
            runs = trace_runs(self._network, lambda: answers.append(self._forward(inputs)))  # noqa: B023
            gave = {path: ran[0].gave for path, ran in runs.items() if len(ran) == 1}
            self._shapes.append((tuple(inputs.shape), gave))
            yield answers[0]

    def prepare(self, start: int) -> Cut | None:
        """Keep what is needed to go on before a module starts; the network must be intact.

        Parameters
        ----------
        start : int
            When the first lesioned module starts.

        Returns
        -------
        Cut or None
            Where passes go on; None if they must be whole.
        """
        usable = [cut for cut in self.cuts if cut.end < start]
        while usable:
            cut = usable.pop()
            if cut in self._kept:
                self._kept[cut] = self._kept.pop(cut)
                return cut
            if self._bytes(cut) <= self._memory:
                self._keep(cut)
                return cut
        return None

    def run(self, after: Cut | None) -> Iterator[Tensor]:
        """Run all batches, going on after a cut that was prepared."""
        for place in range(len(self._batches)):
            yield self.run_batch(place, after)

    def run_batch(self, place: int, after: Cut | None) -> Tensor:
        """Run one batch, going on after a cut that was prepared."""
        if after is None:
            return self._forward(self._batches[place]())
        shape, gave = self._shapes[place]
        kept = self._kept[after][place]
        with _going_on(self._network, after, kept, gave):
            return self._forward(kept.new_full((1,) * len(shape), torch.nan).expand(shape))

    def _keep(self, cut: Cut) -> None:
        earlier = [each for each in self.cuts if each.end < cut.end and each in self._kept]
        nearest = earlier[-1] if earlier else None
        found: list[Tensor] = []
        for place in range(len(self._batches)):
            seen: dict[str, Tensor] = {}
            with _keeping(self._network, [cut.path], seen, stop=True):
                try:
                    self.run_batch(place, nearest)
                except _Enough:
                    pass
            found.append(seen[cut.path])
        self._kept[cut] = found
        while sum(map(self._bytes, self._kept)) > self._memory:
            # the first is what was used least lately
            del self._kept[next(iter(self._kept))]

    def _bytes(self, cut: Cut) -> int:
        return 4 * sum(prod(gave[cut.path] or ()) for _, gave in self._shapes)


class _Enough(Exception):  # noqa: N818 - no error: it ends a pass early
    pass


def _may_be(path: str) -> bool:
    return bool(path) and (path.count(".") <= _MOST_DOTS or path.rpartition(".")[2].isdigit())


def _before(path: str, runs: Mapping[str, Ran]) -> tuple[str, ...]:
    end = runs[path].end
    done = {
        each
        for each, ran in runs.items()
        if ran.end < end and not each.startswith(f"{path}.") and not path.startswith(f"{each}.")
    }

    def inside(each: str) -> bool:
        parts = each.split(".")
        return any(".".join(parts[:n]) in done for n in range(1, len(parts)))

    return tuple(each for each in done if not inside(each))


@contextmanager
def _keeping(
    network: nn.Module, paths: Sequence[str], kept: dict[str, Tensor], *, stop: bool = False
) -> Iterator[None]:
    """Keep copies of what modules give, if it is one tensor."""

    def keep(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                kept[path] = output.clone()
                if stop:
                    raise _Enough

        return hook

    handles = [find_module(network, path).register_forward_hook(keep(path)) for path in paths]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _going_on(
    network: nn.Module,
    cut: Cut,
    kept: Tensor,
    shapes: Mapping[str, tuple[int, ...] | None],
) -> Iterator[None]:
    """Let a module give what it gave, and everything before it nan, without running."""

    def again(*inputs: object, **options: object) -> Tensor:
        # whoever comes next may write into it
        return kept.clone()

    def nothing(shape: tuple[int, ...]) -> Callable[..., Tensor]:
        def give(*inputs: object, **options: object) -> Tensor:
            # one number in memory, whatever the shape
            return kept.new_full((1,) * len(shape), torch.nan).expand(shape)

        return give

    instead: dict[str, Callable[..., Tensor]] = {cut.path: again}
    for path in cut.before:
        shape = shapes.get(path)
        if shape is None:
            raise LayerNotFoundError(f"{path!r} did not run as before")
        instead[path] = nothing(shape)
    modules = [find_module(network, path) for path in instead]
    wrapped = [module.__dict__.get("forward") for module in modules]
    try:
        for module, give in zip(modules, instead.values(), strict=True):
            module.__dict__["forward"] = give
        yield
    finally:
        for module, own in zip(modules, wrapped, strict=True):
            if own is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = own
