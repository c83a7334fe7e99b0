"""Which cue conflicts can be made of two sets of images? The command that keeps them as files."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.checks import check_images
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, out_console, say_path
from neurons.errors import OptionError
from neurons.folder_kinds import CONFLICTS

_SHAPES, _TEXTURES = ("silhouette", "edges"), ("patches", "spectrum")


def build(
    *,
    shapes: str,
    textures: str,
    to: OutOptions,
    outline: Annotated[str, Parameter(name="--as")] = "silhouette",
    filled: Annotated[str, Parameter(name="--filled-with")] = "patches",
    per_shape: int = 3,
    n: int | None = None,
    side: int = 224,
    seed: int = 0,
) -> None:
    """Make cue conflicts of two labelled sets: the shapes of one, the textures of the other.

    Stop it at any time; the same command goes on where it was.

    Parameters
    ----------
    shapes : str
        Labelled images: silhouettes, drawings, or things before a plain ground.
    textures : str
        Labelled images of the same classes.
    outline : str
        silhouette (filled with the texture), or edges (lines over the texture; any images).
    filled : str
        patches (small cells of the picture in any order), or spectrum (noise of its frequencies
        and colours).
    per_shape : int
        Textures of each shape, of different classes.
    n : int, optional
        Shapes; default: all.
    side : int
        Of the images, px.
    seed : int
        Of draws and cells.
    """
    to.check(CONFLICTS)
    for asked, known in ((outline, _SHAPES), (filled, _TEXTURES)):
        if asked not in known:
            raise OptionError(f"no way {asked!r} to make a conflict; there are: {', '.join(known)}")
    check_images((shapes,))
    check_images((textures,))
    from neurons.data import cue_parts

    shape_of = cue_parts.edges if outline == "edges" else cue_parts.silhouette
    texture_of = cue_parts.spectrum if filled == "spectrum" else cue_parts.patches
    with Bar("making", "shapes") as bar:
        made = neurons.build_conflicts(
            neurons.images(shapes),
            neurons.images(textures),
            to.out,
            shape_of=shape_of,
            texture_of=texture_of,
            per_shape=per_shape,
            n=n,
            side_px=side,
            seed=seed,
            replace=to.replace,
            progress=bar.show,
        )
    skipped = ""
    if made.skipped:
        skipped = f", {len(made.skipped):,} left out (the first: {': '.join(made.skipped[0])})"
    out_console.print(
        f"{made.n:,} images of {len(made.classes)} classes{skipped}", soft_wrap=True, markup=False
    )
    say_path("images", made.path)
