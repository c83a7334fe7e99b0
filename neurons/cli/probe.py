"""Strings to values to studies: the commands on probes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.cli.parse import parse_choose
from neurons.cli.terminal import (
    Bar,
    DeviceOption,
    ImagesOption,
    LabelOption,
    RunArgument,
    open_images,
    out_console,
    say_path,
)
from neurons.network.clip import load
from neurons.recipes.probe_pages import compose_to, open_probe, write_probe
from neurons.results.blocks import as_text
from neurons.sparse.path import Strengths
from neurons.studies.probe.compose import compose as run_compose
from neurons.studies.probe.fit import probe as run_probe
from neurons.studies.probe.roles import roles as run_roles
from neurons.studies.probe.stability import stability

ProbeArgument = Annotated[Path, typer.Argument(help="A folder that `neurons probe` made.")]
RunOption = Annotated[
    Path | None, typer.Option(help="The probe's run; default: where it lay then.")
]


def probe(
    run: RunArgument,
    layer: Annotated[str, typer.Option("--layer", "-l", help="Module path, or embedding.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The probe's folder.")],
    pooling: Annotated[str, typer.Option(help="peak or mean, over the layer's map.")] = "peak",
    path: Annotated[int, typer.Option(help="Strengths on the path.")] = 20,
    span: Annotated[float, typer.Option(help="The last strength, in shares of the first.")] = 0.02,
    choose: Annotated[
        str, typer.Option(help="one-se, best, or units:3 for three units a class.")
    ] = "one-se",
    l1_ratio: Annotated[float, typer.Option(help="1: L1; below: elastic net.")] = 1.0,
    tolerance: Annotated[float, typer.Option(help="Duality gap, in shares of the loss.")] = 1e-3,
    resamples: Annotated[
        int,
        typer.Option(
            "--stability", help="Resamples, 10 or more, to see which units stay; 0: none."
        ),
    ] = 0,
    without: Annotated[
        list[str], typer.Option(help="Neuron that gets no weight; repeat for more.")
    ] = [],  # noqa: B006 - typer reads the default, nobody writes to it
    seed: Annotated[int, typer.Option(help="Which images fit, choose and test.")] = 0,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Fit a sparse linear probe along a path of strengths: which few neurons make each class.

    Stop it at any time; the same command goes on where it was.
    """
    opened = Activations.open(run)
    shown = open_images(images, label_column) if images else images_of(opened)
    with Bar("fitting", "strengths") as bar:
        found = run_probe(
            opened,
            shown,
            layer,
            folder=out,
            pooling=pooling,
            strengths=Strengths(path, span),
            choose=parse_choose(choose),
            l1_ratio=l1_ratio,
            tolerance=tolerance,
            without=[Neuron.parse(text) for text in without],
            seed=seed,
            device=device,
            progress=bar.show,
        )
    again = None
    if resamples:
        with Bar("resampling", "fits") as bar:
            again = stability(
                found, opened, shown, n_resamples=resamples, device=device, progress=bar.show
            )
    index = write_probe(found, opened, out, again=again)
    out_console.print(*map(as_text, found.blocks()[:2]))
    say_path("probe", index)


def compose(
    probe: ProbeArgument,
    classes: Annotated[list[str], typer.Argument(help="Classes of the probe, one or more.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Pages; default: PROBE/classes.")
    ] = None,
    units: Annotated[int, typer.Option(help="Units to set to zero and to their mean.")] = 5,
    random: Annotated[int, typer.Option(help="Random units beside each, 20 or more.")] = 20,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Without the causal check: needs no model.")
    ] = False,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Default: the one that the run names.")
    ] = None,
    run: RunOption = None,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Show what makes a class: its neurons, their weights and images, and a causal check."""
    found, opened = open_probe(probe, run=run)
    shown = open_images(images, label_column) if images else images_of(opened)
    for name in classes:
        found.index_of(name)
    clip = None
    if not no_check:
        clip = load(model or str(opened.spec.provenance["model"]["name"]), device=device)
    for name in classes:
        out_console.print(Text(name, style="bold"))
        told = run_compose(found, opened, shown, name, count=0).blocks()
        out_console.print(as_text(told[0]), as_text(told[2]))
    with contextlib.ExitStack() as stack:
        bars = {name: stack.enter_context(Bar(name, "edits")) for name in classes}

        def show(name: str, done: int, total: int) -> None:
            bars[name].show(done, total)
            if done == total:
                bars[name].stop()

        index = compose_to(
            found,
            opened,
            classes,
            out or probe / "classes",
            images=shown,
            clip=clip,
            n_units=units,
            n_random=random,
            progress=show,
        )
    say_path("classes", index)


def roles(
    probe: ProbeArgument,
    neuron: Annotated[str, typer.Argument(help="LAYER:UNIT of the layer that was probed.")],
    run: RunOption = None,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    label_column: LabelOption = "label",
) -> None:
    """List the classes that a neuron serves, and what each loses without it."""
    address = Neuron.parse(neuron)
    found, opened = open_probe(probe, run=run)
    shown = open_images(images, label_column) if images else images_of(opened)
    out_console.print(run_roles(found, opened, shown, address))
