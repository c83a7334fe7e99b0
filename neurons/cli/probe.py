"""Which few neurons make each class? The command that fits a probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import DeviceOptions, NeuronAddresses, RunImageOptions, RunPath
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, say_path, show
from neurons.folder_kinds import PROBE


@Parameter(name="*", group="Split")
@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """Which images fit, choose and test.

    Parameters
    ----------
    min_images : int
        Leave out classes with fewer images, copies counted once; 0: refuse a class of one.
    near_copies : float, optional
        Cosine of embeddings from which two images count as copies; equal ones always do.
    group_by : str, optional
        Column: images with equal values stay together, such as frames of one film.
    seed : int
        Which images fit, choose and test.
    """

    min_images: int = 0
    near_copies: float | None = None
    group_by: str | None = None
    seed: int = 0


@Parameter(name="*", group="Fit")
@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How a probe is fitted.

    Parameters
    ----------
    pooling : str
        peak or mean, over the layer's map.
    path : int
        Strengths on the path.
    span : float
        The last strength, in shares of the first.
    choose : str
        one-se, best, or units:3 for three units per class.
    l1_ratio : float
        1: L1; below: elastic net.
    tolerance : float
        Duality gap, in shares of the loss.
    without : tuple of Neuron
        Neuron that gets no weight; repeat for more.
    """

    pooling: str = "peak"
    path: int = 20
    span: float = 0.02
    choose: str = "one-se"
    l1_ratio: float = 1.0
    tolerance: float = 1e-3
    without: NeuronAddresses = ()


def probe(
    run: RunPath,
    /,
    *,
    layer: Annotated[str, Parameter(name=("--layer", "-l"))],
    to: OutOptions,
    resamples: Annotated[int, Parameter(name="--stability")] = 0,
    fit: FitOptions = FitOptions(),
    split: SplitOptions = SplitOptions(),
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Fit a sparse linear probe along a path of strengths: which few neurons make each class.

    Stop it at any time; the same command goes on where it was.

    Parameters
    ----------
    layer : str
        Module path, or embedding.
    resamples : int
        Resamples, 10 or more, to see which units stay; 0: none.
    """
    from neurons.cli.parse_probe import parse_choose
    from neurons.recipes.probe_pages import write_probe
    from neurons.sparse.path import Strengths

    to.check(PROBE)
    opened = neurons.Activations.open(run)
    shown = images.of(opened)
    with Bar("fitting", "strengths") as bar:
        found = neurons.probe(
            opened,
            shown,
            layer,
            folder=to.out,
            pooling=fit.pooling,
            strengths=Strengths(fit.path, fit.span),
            choose=parse_choose(fit.choose),
            l1_ratio=fit.l1_ratio,
            tolerance=fit.tolerance,
            without=fit.without,
            min_images=split.min_images,
            near_copies=split.near_copies,
            group_by=split.group_by,
            seed=split.seed,
            device=on.device,
            replace=to.replace,
            progress=bar.show,
        )
    if not to.replace:
        found.check_save(to.out)
    again = None
    if resamples:
        with Bar("resampling", "fits") as bar:
            again = neurons.stability(
                found, opened, shown, n_resamples=resamples, device=on.device, progress=bar.show
            )
    index = write_probe(found, opened, to.out, again=again, replace=to.replace)
    show(found)
    say_path("probe", index)
