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
    seed : int
        Which images fit, choose and test.
    """

    pooling: str = "peak"
    path: int = 20
    span: float = 0.02
    choose: str = "one-se"
    l1_ratio: float = 1.0
    tolerance: float = 1e-3
    without: NeuronAddresses = ()
    seed: int = 0


def probe(
    run: RunPath,
    /,
    *,
    layer: Annotated[str, Parameter(name=("--layer", "-l"))],
    to: OutOptions,
    resamples: Annotated[int, Parameter(name="--stability")] = 0,
    fit: FitOptions = FitOptions(),
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
            seed=fit.seed,
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
