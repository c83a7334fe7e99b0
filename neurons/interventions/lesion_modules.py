"""Which modules of a network can be changed, in which order do they run, and who shares weights?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from neurons.network.clip import Clip

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
        Its place in the order in which modules first start to run, from 0; of a module that
        another one uses without running it (the projections of an attention), that one's start,
        and then the order of their names.
    n_weights : int
        Numbers in its own parameters; 0 of blocks and heads.
    n_runs : int
        How often it runs in a pass (or the module that uses it); 0 where it does not run, so that
        no lesion of it can do anything.
    names : tuple of str
        Other paths of the same module.
    tied : tuple of str
        Other modules that own one of its weights too: they change with it.
    stage : str
        What contains it below the tower: ``layer4.1``, ``transformer.resblocks.3``; itself if none.
    """

    path: str
    kind: str
    depth: int
    n_weights: int
    n_runs: int
    names: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    stage: str = ""

    @property
    def note(self) -> str:
        """What a reader must know of it; empty if nothing."""
        raise NotImplementedError


def lesion_modules(
    network: nn.Module, pattern: str = "*", *, run: Callable[[], object]
) -> tuple[LesionModule, ...]:
    """List the modules that own weights, in the order in which they run.

    Parameters
    ----------
    network : nn.Module
    pattern : str
        Of paths, as shells match files: ``visual.*``, ``visual.layer4.*conv*``; several are parted
        by commas.
    run : callable
        Runs the network once, on anything.

    Returns
    -------
    tuple of LesionModule
        A module of several names once. Modules that share a weight are both listed, since each has
        others of its own or is asked for by name; `LesionModule.tied` tells. Those that do not run
        come last.

    Raises
    ------
    LayerNotFoundError
        If no module with weights matches; the message names the nearest.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def image_pass(clip: Clip) -> Callable[[], object]:
    """Give what runs a model's image tower once, for `lesion_modules`."""
    return lambda: clip.embed_images(clip.preprocess.empty_batch(2))
