"""Which unit of one model is which unit of another?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.address import EMBEDDING
from neurons.cli.common_options import CommonOptions, pooled
from neurons.cli.options import RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.system_options import SystemOptions, SystemPath, images_of_any
from neurons.cli.terminal import Bar, out_console, say, say_path, table

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Twins
    from neurons.activations.twin_pairs import TwinPair


def twins(
    run: SystemPath,
    other: SystemPath,
    /,
    *,
    layer: Annotated[str, Parameter(name=("--layer", "-l"))],
    other_layer: str | None = None,
    count: int = 10,
    rotations: int = 20,
    permutations: int = 200,
    common: CommonOptions = CommonOptions(),
    systems: SystemOptions = SystemOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Match each unit of a layer with a unit of another model, on the same images.

    Parameters
    ----------
    layer : str
        Of the first run.
    other_layer : str, optional
        Of the other one; default: the same.
    count : int
        Pairs to show, with their strongest images where pages are written.
    rotations : int
        Draws of random directions that every pair is compared with.
    permutations : int
        Shuffles of the images that every pair is compared with.
    """
    answer = to.answer("twins", locals())
    opened = systems.open((run, other))
    first = images_of_any(opened[:1], images) if answer is not None else None
    second = images_of_any(opened[1:], RunImageOptions()) if answer is not None else None
    one, two = pooled(opened, systems.pooling)
    with Bar("matching random directions", "draws") as bar:
        found = neurons.twins(
            one,
            two,
            layer,
            other_layer=other_layer,
            images=first,
            other_images=second,
            count=count,
            n_images=common.n,
            n_rotations=rotations,
            n_permutations=permutations,
            seed=common.seed,
            progress=bar.show,
        )
    say(found.verdict())
    out_console.print(_drawn(found, count))
    if answer is not None:
        say_path("pages", answer.write(found))
    closest = _closest(found, 1)
    if closest and isinstance(opened[1], neurons.Activations) and found.layers[1] != EMBEDDING:
        say(f"look at it: neurons report {other} {closest[0].twin} --out report")


def _drawn(found: Twins, count: int) -> Table:
    """Draw the closest pairs, one line each.

    Random: correlation with random directions.
    """
    drawn = table("unit", "twin", "passes", "correlation (95 %)", "above next unit", "random", "p")
    passing = set(found.passing())
    for each in _closest(found, count):
        low, high = each.interval.low, each.interval.high
        drawn.add_row(
            each.neuron,
            # its layer stands in the sentence above
            each.twin.rpartition(":")[2],
            "yes" if each in passing else "no",
            f"{each.correlation:.2f} ({low:.2f} to {high:.2f})",
            f"{each.margin:+.2f}",
            f"{each.rotated:.2f}",
            f"{each.p_value:.2g}",
        )
    return drawn


def _closest(found: Twins, count: int) -> list[TwinPair]:
    return list(found.ordered()[:count])
