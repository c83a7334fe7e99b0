"""Which images does an attack make? The command that keeps them as files."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import ImageOptions, LetteringOptions
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, out_console, say_path
from neurons.folder_kinds import ATTACKED


def build(
    *,
    images: ImageOptions,
    text: Annotated[tuple[str, ...], Parameter(allow_leading_hyphen=True)],
    to: OutOptions,
    side: int | None = None,
    n: int | None = None,
    seed: int = 0,
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Write words on images and keep them as PNG files, with a table of what is true of each.

    Stop it at any time; the same command goes on where it was.

    Parameters
    ----------
    text : tuple of str
        What to write; repeat for more.
    side : int, optional
        Resize the shorter side to, px.
    n : int, optional
        Images; default: all.
    seed : int
        Of images and places.
    """
    to.check(ATTACKED)
    lettering = letters.for_files()
    with Bar("writing", "images") as bar:
        made = neurons.build_attacked(
            images.open(),
            text,
            lettering,
            to.out,
            side_px=side,
            n=n,
            seed=seed,
            replace=to.replace,
            progress=bar.show,
        )
    skipped = f", {len(made.skipped):,} skipped" if made.skipped else ""
    out_console.print(f"{made.n:,} images{skipped}; written: {lettering.told()}")
    say_path("images", made.path)
