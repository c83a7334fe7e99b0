"""What makes a class? The command that shows a class's neurons, and checks them in the network."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

import neurons
from neurons.cli.options import (
    DeviceOptions,
    ProbePath,
    RunImageOptions,
    RunOption,
)
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, console, out_console, say_path, show
from neurons.folder_kinds import CLASSES


def compose(
    probe: ProbePath,
    classes: tuple[str, ...],
    /,
    *,
    to: OptionalOutOptions = OptionalOutOptions(),
    single_file: Path | None = None,
    units: int = 5,
    random: int = 20,
    no_check: bool = False,
    model: Annotated[str | None, Parameter(name=("--model", "-m"))] = None,
    run: RunOption = None,
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Show what makes a class: its neurons, their weights and images, and a causal check.

    Pages are added to those in PROBE/classes, unless --out names another folder.

    Parameters
    ----------
    classes : tuple of str
        Classes of the probe, one or more.
    single_file : Path, optional
        All pages in this one file, too, to be sent to somebody.
    units : int
        Units to set to zero and to their mean.
    random : int
        Random units beside each, 20 or more.
    no_check : bool
        Without the causal check: needs no model.
    model : str, optional
        Default: the one that the run names.
    run : Path, optional
        The probe's run; default: where it lay then.
    """
    from neurons.recipes.probe_pages import CLASS_PAGES, PAGES, compose_to, open_probe
    from neurons.results.blocks import Table

    place = to.within(probe / CLASS_PAGES)
    place.check(CLASSES)
    found, opened = open_probe(probe, run=run)
    shown = images.of(opened)
    for name in classes:
        found.index_of(name)
    clip = None
    if not no_check:
        clip = on.load(model) if model else on.load_of(opened)
    for name in classes:
        out_console.print(Text(name, style="bold"))
        made = neurons.compose(found, opened, shown, name, count=0)
        show(made, *[block for block in made.blocks() if isinstance(block, Table)][:1])
    with contextlib.ExitStack() as stack:
        bars = {name: stack.enter_context(Bar(name, "edits")) for name in classes}

        def tell(name: str, done: int, total: int) -> None:
            bars[name].show(done, total)
            if done == total:
                bars[name].stop()

        index = compose_to(
            found,
            opened,
            classes,
            place.out,
            images=shown,
            clip=clip,
            n_units=units,
            n_random=random,
            beside=[probe / PAGES],
            single=single_file,
            replace=place.replace,
            progress=tell,
            told=lambda text: console.print(text, highlight=False),
        )
    say_path("classes", index)
    if single_file is not None:
        say_path("single file", single_file)
