"""Does another model, or a brain, see the same thing?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import parted
from neurons.cli.system_options import SystemOptions, SystemPath, images_of_any
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons.activations.aligned_layers import AlignedLayers
    from neurons.activations.system_alignment import SystemAlignment

_MEASURES = ("cka", "rsa", "ridge", "procrustes", "knn")


def align(
    run: SystemPath,
    /,
    *others: SystemPath,
    layers: Annotated[tuple[str, ...], Parameter(name=("--layers", "-l"))] = (),
    other_layers: tuple[str, ...] = (),
    measures: tuple[str, ...] = (),
    n: int = 1000,
    permutations: int = 100,
    seed: int = 0,
    systems: SystemOptions = SystemOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Compare each layer of a run with each layer of other runs, or of a brain's responses.

    Parameters
    ----------
    others : tuple of Path
        One or more: runs, or responses as .npy, .npz, .parquet or zarr.
    layers : tuple of str
        Of the first, parted by commas; default: all.
    other_layers : tuple of str
        Of the others, parted by commas; default: all.
    measures : tuple of str
        Of cka, rsa, ridge, procrustes, knn and rho-a, parted by commas; the first leads. Default:
        the first five.
    n : int
        Images, drawn at random where more are in common.
    permutations : int
        Shuffles of the images that every number is compared with.
    seed : int
        Of the draw and of the shuffles.
    """
    answer = to.answer("align", {**locals(), "others": _told_paths(others)})
    if not others:
        raise OptionError("align takes a run and another one, or responses: it got one of them")
    opened = systems.open((run, *others))
    shown = images_of_any(opened, images) if answer is not None else None
    with Bar("comparing layers", "tables") as bar:
        found = neurons.align(
            *opened,
            layers=parted(layers),
            other_layers=parted(other_layers),
            measures=parted(measures) or _MEASURES,
            pooling=systems.pooling,
            images=shown,
            most_images=n,
            n_permutations=permutations,
            seed=seed,
            progress=bar.show,
        )
    say(found.verdict())
    for pair in found.pairs:
        say(f"\nThe layer of {pair.name} closest to each layer of {found.systems[0]}:")
        out_console.print(_drawn(pair))
    say("")
    say(found.told())
    if answer is not None:
        say_path("pages", answer.write(found))


def _told_paths(paths: tuple[Path, ...]) -> list[str]:
    """Give paths as settings: another file is another question."""
    return [str(path.resolve()) for path in paths]


def _drawn(pair: SystemAlignment) -> Table:
    """Draw the closest layer to each layer, one line each, by the first measure, then the others.

    The first with its interval, null and p, the others with their excess alone.
    """
    from neurons.activations.aligned_layers import two_places  # with numpy

    first, *more = pair.tables
    others = (f"{each.measure} above" for each in more)
    drawn = table("layer", "closest", f"{first.measure} (95 %)", "shuffled", "p", *others)
    for i, match in enumerate(first.matches):
        drawn.add_row(
            match.layer,
            match.other,
            match.told(),
            two_places(match.null_mean),
            f"{match.p_value:.2g}",
            *(_above(each, i) for each in more),
        )
    return drawn


def _above(measured: AlignedLayers, i: int) -> str:
    """Tell a match by its excess, and R2 where there is one."""
    match = measured.matches[i]
    r2 = measured.told_r2(match.layer, match.other).partition(" (")[0]
    return f"{match.excess:+.2f} {match.other}" + (f" ({r2})" if r2 else "")
