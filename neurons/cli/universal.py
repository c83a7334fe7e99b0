"""Which dimensions does every model share?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.address import EMBEDDING
from neurons.cli.common_options import CommonOptions, pooled
from neurons.cli.options import RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import parted
from neurons.cli.system_options import SystemOptions, SystemPath, images_of_any
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError


def universal(
    run: SystemPath,
    /,
    *others: SystemPath,
    layer: Annotated[tuple[str, ...], Parameter(name=("--layer", "-l"))] = (EMBEDDING,),
    components: int | None = None,
    count: int = 3,
    permutations: int = 50,
    common: CommonOptions = CommonOptions(),
    systems: SystemOptions = SystemOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Find the dimensions of each model that all others predict, on images that fitted nothing.

    Parameters
    ----------
    others : tuple of Path
        One or more; two or more for a median.
    layer : tuple of str
        One for all, or one for each, in their order, parted by commas; default: the embeddings.
    components : int, optional
        Of each model; default: a quarter of the images that fit, at most 100.
    count : int
        Dimensions of each to show by their images, where pages are written.
    permutations : int
        Shuffles of the images that every dimension is compared with.
    """
    settings = {**locals(), "others": [str(path.resolve()) for path in others]}
    answer = to.answer("universal", settings)
    if not others:
        raise OptionError("universal compares two runs or more: it got one")
    layers = parted(layer)
    opened = systems.open((run, *others))
    shown = images_of_any(opened[:1], images) if answer is not None else None
    with Bar("predicting", "systems") as bar:
        found = neurons.universal(
            pooled(opened, systems.pooling),
            layers[0] if len(layers) == 1 else layers,
            images=shown,
            n_components=components,
            count=count,
            n_images=common.n,
            n_permutations=permutations,
            seed=common.seed,
            progress=bar.show,
        )
    say(found.verdict())
    drawn = table("model", "shared", "of", "variance", "components", "permuted")
    for each in found.systems:
        drawn.add_row(
            f"{each.name} {each.layer}",
            f"{each.n_shared:,}",
            f"{len(each.basis):,}",
            f"{each.variance:.0%}",
            f"{each.n_shared_components:,}",
            f"{each.null:.2f}",
        )
    out_console.print(drawn)
    if answer is not None:
        say_path("pages", answer.write(found))
