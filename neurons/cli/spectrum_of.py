"""How many dimensions does a layer use, and how fast does their variance fall?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.common_options import CommonOptions, pooled
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.system_options import SystemOptions, SystemPath
from neurons.cli.terminal import Bar, say, say_path


def spectrum_of(
    run: SystemPath,
    /,
    *,
    layer: Annotated[str, Parameter(name=("--layer", "-l"))],
    first: int | None = None,
    last: int | None = None,
    input_dimension: float | None = None,
    groups: int = 20,
    common: CommonOptions = CommonOptions(),
    systems: SystemOptions = SystemOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
) -> None:
    """Measure a layer's eigenspectrum on images that did not fit it: its power law and dimensions.

    This is of a whole layer. The range of one unit is `neurons report`.

    Parameters
    ----------
    layer : str
        Of the run, or an array's name.
    first : int, optional
        First rank of the power law; default: 11, or earlier where ranks are few.
    last : int, optional
        Last rank; default: 500, or half of the ranks.
    input_dimension : float, optional
        Of the space that the images are drawn from, for the smoothness bound; default: infinite.
    groups : int
        Of images that are left out in turn, for the intervals.
    """
    answer = to.answer("spectrum-of", locals())
    (opened,) = pooled(systems.open((run,)), systems.pooling)
    with Bar("leaving out", "groups of images") as bar:
        found = neurons.eigenspectrum(
            opened,
            layer,
            first=first,
            last=last,
            input_dimension=float("inf") if input_dimension is None else input_dimension,
            n_images=common.n,
            n_groups=groups,
            seed=common.seed,
            progress=bar.show,
        )
    say(found.verdict())
    for name, value in found.facts():
        say(f"{name}: {value}")
    if answer is not None:
        say_path("pages", answer.write(found))
