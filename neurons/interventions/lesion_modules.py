"""Which modules of a network can be changed, in which order do they run, and who shares weights?"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from neurons.errors import LayerNotFoundError
from neurons.interventions.lesion_outputs import n_heads
from neurons.interventions.lesion_trace import Ran, first_start, running, trace_runs
from neurons.interventions.lesion_weights import own_parameters
from neurons.network.clip import Clip
from neurons.network.hooks import find_module

KINDS = ("conv", "norm", "linear", "attention", "embedding", "block", "head", "other")


@dataclass(frozen=True)
class LesionModule:
    """A module that can be changed.

    Parameters
    ----------
    path : str
        As ``named_modules`` spells it; of a head ``ATTENTION.head.3``.
    kind : str
        One of `KINDS`.
    depth : int
        Its place among those listed, in the order in which they first start to run, from 0. A
        module that another one uses without running it (the projections of an attention) counts
        with that one, in the order of registration.
    n_weights : int
        Numbers in its own parameters; 0 of blocks and heads.
    n_runs : int
        How often it runs in a pass, or what uses it; 0 where nothing runs, so that no lesion of it
        can do anything.
    runs_itself : bool
        False of a module whose weights are used by what contains it, or by nobody.
    names : tuple of str
        Other paths of the same module.
    tied : tuple of str
        Other modules that own one of its weights too: they change with it.
    stage : str
        The numbered block that contains it, or else the module in which it stands:
        ``visual.layer4.1``, ``visual.transformer.resblocks.3``, ``visual.attnpool``.
    """

    path: str
    kind: str
    depth: int
    n_weights: int
    n_runs: int
    runs_itself: bool = True
    names: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    stage: str = ""

    @property
    def note(self) -> str:
        """What a reader must know of it; empty if nothing."""
        found = []
        if self.n_runs == 0:
            found.append("does not run, so that no lesion of it can do anything")
        elif self.n_runs > 1:
            found.append(f"runs {self.n_runs} times in a pass and is changed in each")
        if self.n_runs and not self.runs_itself:
            found.append("its weights are used by the module that contains it, if at all")
        if self.names:
            found.append(f"also goes by {', '.join(self.names)}")
        if self.tied:
            found.append(f"shares weights with {', '.join(self.tied)}, which change with it")
        return "; ".join(found)


def lesion_modules(
    network: nn.Module, pattern: str = "*", *, run: Callable[[], object]
) -> tuple[LesionModule, ...]:
    """List the modules that own weights, in the order in which they run.

    Parameters
    ----------
    network : nn.Module
        What it owns itself, outside of any module in it, is not listed.
    pattern : str
        Of paths, as shells match files: ``visual.*``, ``visual.layer4.*conv*``; several are parted
        by commas.
    run : callable
        Runs the network once, on anything; see `image_pass`.

    Returns
    -------
    tuple of LesionModule
        A module of several names once. Modules that share a weight are both listed, and `tied`
        tells. Those that do not run come last.

    Raises
    ------
    LayerNotFoundError
        If no module with weights matches; the message names the nearest.
    """
    owned = {path: own_parameters(module) for path, module in network.named_modules() if path}
    paths = [path for path, parameters in owned.items() if parameters]
    wanted = _matching(paths, pattern, "module with weights of its own")
    runs = trace_runs(network, run)
    names, tied = _other_names(network), _tied(owned)
    never = sum(len(each) for each in runs.values()) * 2
    starts = {path: first_start(path, runs) for path in wanted}
    ordered = sorted(wanted, key=lambda path: never if (at := starts[path]) is None else at)
    return tuple(
        LesionModule(
            path,
            _kind(find_module(network, path), list(owned[path])),
            depth,
            sum(each.numel() for each in owned[path].values()),
            _n_runs(path, runs),
            bool(runs.get(path)),
            names.get(path, ()),
            tied.get(path, ()),
            _stage(path, network),
        )
        for depth, path in enumerate(ordered)
    )


def output_modules(
    network: nn.Module, pattern: str = "*", *, run: Callable[[], object]
) -> tuple[LesionModule, ...]:
    """List the blocks and heads that can be skipped, in the order in which they run.

    Parameters
    ----------
    network, pattern, run
        As `lesion_modules` takes them.

    Returns
    -------
    tuple of LesionModule
        Modules made of modules whose output has the shape of their input (kind ``block``), and
        each head of each attention whose last projection is known (kind ``head``).

    Raises
    ------
    LayerNotFoundError
        If none matches.
    """
    runs = trace_runs(network, run)
    found: dict[str, str] = {}
    for path in runs:
        module = find_module(network, path)
        has_parts = any(True for _ in module.children())
        if has_parts and all(ran.took == ran.gave is not None for ran in runs[path]):
            found[path] = "block"
        for head in range(n_heads(module)):
            found[f"{path}.head.{head}"] = "head"
    wanted = _matching(list(found), pattern, "block or head that can be skipped")
    return tuple(
        LesionModule(
            path,
            found[path],
            depth,
            0,
            _n_runs(path, runs),
            stage=_stage(path, network),
        )
        for depth, path in enumerate(wanted)
    )


def image_pass(clip: Clip) -> Callable[[], object]:
    """Give what runs a model's image tower once, for `lesion_modules`."""
    return lambda: clip.embed_images(clip.preprocess.empty_batch(2))


def _matching(paths: Sequence[str], pattern: str, what: str) -> list[str]:
    patterns = [part.strip() for part in pattern.split(",") if part.strip()]
    for part in patterns or [pattern]:
        if not any(fnmatchcase(path, part) for path in paths):
            near = difflib.get_close_matches(part, paths, n=4, cutoff=0.3) or paths[:4]
            raise LayerNotFoundError(
                f"no {what} matches {part!r}; there are {len(paths)}"
                + (f", such as {', '.join(near)}" if near else "")
            )
    return [path for path in paths if any(fnmatchcase(path, part) for part in patterns)]


def _n_runs(path: str, runs: Mapping[str, Sequence[Ran]]) -> int:
    runner = running(path, {each: list(ran) for each, ran in runs.items()})
    return 0 if runner is None else len(runs[runner])


def _kind(module: nn.Module, parameters: Sequence[str]) -> str:
    if all(name.endswith("embedding") for name in parameters) or isinstance(module, nn.Embedding):
        return "embedding"
    if isinstance(module, _ConvNd):
        return "conv"
    if (
        isinstance(module, (_NormBase, nn.LayerNorm, nn.GroupNorm))
        or "Norm" in type(module).__name__
    ):
        return "norm"
    if isinstance(module, nn.Linear):
        return "linear"
    return "attention" if n_heads(module) else "other"


def _stage(path: str, network: nn.Module) -> str:
    parts = path.split(".head.")[0].split(".")
    for end in range(len(parts), 1, -1):
        above = ".".join(parts[:end])
        if parts[end - 1].isdigit() and any(True for _ in find_module(network, above).children()):
            return above
    # below the tower: the stem's modules stand for themselves, an attention pool's for the pool
    return ".".join(parts[:2])


def _other_names(network: nn.Module) -> dict[str, tuple[str, ...]]:
    by_module: dict[int, list[str]] = {}
    for path, module in network.named_modules(remove_duplicate=False):
        by_module.setdefault(id(module), []).append(path)
    return {first: tuple(others) for first, *others in by_module.values() if others}


def _tied(owned: Mapping[str, Mapping[str, nn.Parameter]]) -> dict[str, tuple[str, ...]]:
    by_place: dict[int, list[str]] = {}
    for path, parameters in owned.items():
        for parameter in parameters.values():
            by_place.setdefault(parameter.data_ptr() or id(parameter), []).append(path)
    found: dict[str, dict[str, None]] = {}
    for paths in by_place.values():
        for path in paths:
            found.setdefault(path, {}).update((each, None) for each in paths if each != path)
    return {path: tuple(others) for path, others in found.items() if others}
