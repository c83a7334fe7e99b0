"""Strings to values to recipes: the command line."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from neurons.activations.run import Activations, images_of
from neurons.activations.scan import Progress as ScanProgress
from neurons.activations.scan import scan as run_scan
from neurons.address import Neuron
from neurons.cli.attack import attack_app
from neurons.cli.parse_attack import parse_vocabulary
from neurons.cli.parse_pictures import parse_paint, parse_picture_targets, parse_transforms
from neurons.cli.probe import compose, probe, roles
from neurons.cli.terminal import (
    MODEL_HELP,
    Bar,
    DeviceOption,
    ImagesOption,
    LabelOption,
    ModelOption,
    RunArgument,
    console,
    open_images,
    out_console,
    say_path,
    table,
)
from neurons.data.images import MINIATURE
from neurons.errors import NeuronsError
from neurons.network.clip import available, load
from neurons.network.inference import parse_precision
from neurons.network.layers import layers as layers_of
from neurons.pages import Page
from neurons.recipes.demo import demo as run_demo
from neurons.recipes.neuron_report import gallery, read_strings
from neurons.recipes.neuron_report import report as write_report
from neurons.recipes.pictures import visualize_to
from neurons.recipes.probe_pages import open_probe
from neurons.studies.units.census import census as run_census
from neurons.studies.units.examples import top_examples
from neurons.studies.visualization.facets import facet_probes
from neurons.studies.visualization.visualize import Series
from neurons.visualization.album import open_album
from neurons.visualization.ascent import Settings
from neurons.visualization.objectives import Target, as_objective
from neurons.visualization.result import Visualization

app = typer.Typer(
    name="neurons",
    help="Look inside multimodal vision models: what excites a CLIP neuron, measured and shown.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(attack_app)
for command in (probe, compose, roles):
    app.command()(command)


@app.command()
def models(
    pattern: Annotated[str, typer.Argument(help="Only models whose name contains this.")] = "",
) -> None:
    """List what open_clip can load, with the pretrained tags."""
    listed = table("model", "pretrained tags")
    shown = [row for row in available() if pattern.lower() in row[0].lower()]
    for model, tags in shown:
        listed.add_row(Text(model), Text(", ".join(tags) or "none (only MODEL/untrained)"))
    out_console.print(listed)
    out_console.print(f"{len(shown)} models. Load one as MODEL/TAG, such as RN50x4/openai.")


@app.command()
def layers(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    every: Annotated[bool, typer.Option("--all", help="Every module, not only blocks.")] = False,
    device: DeviceOption = None,
) -> None:
    """List a model's layers: their units, their maps, and whether a class token is kept apart."""
    found = layers_of(load(model, device=device))
    shown = [layer for layer in found if every or layer.is_block]
    listed = table("layer", "units", "map", "CLS", "kind")
    for layer in shown:
        layout = layer.layout
        places = f"{layout.height} x {layout.width}" if layout.height * layout.width > 1 else "-"
        token = "yes" if layout.prefix else "-"
        listed.add_row(Text(layer.path), f"{layer.units:,}", places, token, layer.kind)
    out_console.print(listed)
    if len(shown) < len(found):
        out_console.print(f"{len(shown)} blocks of {len(found)} layers; --all lists the others.")


@app.command()
def scan(
    model: ModelOption,
    images: ImagesOption,
    layers: Annotated[
        list[str], typer.Option("--layers", "-l", help="Module path; repeat, or part by commas.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The run's folder.")],
    precision: Annotated[str, typer.Option(help="exact, fast or compiled.")] = "exact",
    dtype: Annotated[
        Literal["float16", "float32"] | None,
        typer.Option(help="Stored type; default: float32 for exact, else float16."),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Images a batch; default 32, GPU 256.")] = None,
    shard: Annotated[int, typer.Option(help="Images committed together.")] = 1024,
    workers: Annotated[int | None, typer.Option(help="Decoding threads beside a GPU.")] = None,
    no_embeddings: Annotated[
        bool, typer.Option("--no-embeddings", help="Do not keep the image embeddings.")
    ] = False,
    content_hash: Annotated[
        bool, typer.Option("--content-hash", help="Keep each file's SHA-256.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad image.")] = False,
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Scan images and keep every unit's peak, its place and the mean.

    Stop it at any time; the same command goes on where it was.
    """
    found = open_images(images, label_column)
    with console.status("loading the model"):
        clip = load(model, device=device)
    with Bar("scanning", "images") as bar:

        def show(state: ScanProgress) -> None:
            bar.show(state.done, state.total, f"{state.skipped:,} skipped" if state.skipped else "")

        summary = run_scan(
            clip,
            found,
            [path for part in layers for path in part.split(",") if path],
            out,
            precision=parse_precision(precision),
            dtype=dtype,
            batch_size=batch,
            shard_size=shard,
            embeddings=not no_embeddings,
            content_hash=content_hash,
            strict=strict,
            workers=workers,
            progress=show,
        )
    out_console.print(summary)


@app.command()
def examples(
    run: RunArgument,
    neuron: Annotated[str, typer.Argument(help="LAYER:UNIT, such as visual.layer4:89.")],
    count: Annotated[int, typer.Option(help="Images at each end.")] = 16,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The gallery; default: NEURON.html here.")
    ] = None,
    label_column: LabelOption = "label",
) -> None:
    """Show the images that excite a neuron most: a table here, a gallery in a file."""
    address = Neuron.parse(neuron)
    opened = Activations.open(run)
    opened.check(address)
    shown = open_images(images, label_column) if images else images_of(opened)
    found = top_examples(opened, shown, address, count=count)
    out_console.print(Text(str(address), style="bold"), found)
    path = out or Path(f"{neuron.replace(':', '-')}.html")
    say_path("gallery", gallery(path, opened, found))


@app.command()
def report(
    run: RunArgument,
    neurons: Annotated[list[str], typer.Argument(help="LAYER:UNIT, one or more.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The report's folder.")],
    count: Annotated[int, typer.Option(help="Images at each end.")] = 16,
    per_bucket: Annotated[int, typer.Option(help="Images from each bucket.")] = 6,
    by: Annotated[
        str | None, typer.Option(help="Column that groups the images: each group's top, first.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="An album that `neurons visualize` made.")
    ] = None,
    probe: Annotated[
        Path | None, typer.Option(help="A probe of this run: the classes that neurons serve.")
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            help="See which of these each neuron reads: strings parted by commas, a file, or "
            "names: the images' class names and symbols. Needs the run's model."
        ),
    ] = None,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    label_column: LabelOption = "label",
) -> None:
    """Write a page a neuron and an index; it opens from disk, without a network."""
    addresses = [Neuron.parse(text) for text in neurons]
    opened = Activations.open(run)
    for address in addresses:
        opened.check(address)
    shown = open_images(images, label_column) if images else images_of(opened)
    further = None
    if words is not None:
        clip = load(str(opened.spec.provenance["model"]["name"]))
        opened.check_clip(clip)
        with Bar("reading", "strings") as bar:
            further = read_strings(
                clip,
                addresses,
                parse_vocabulary(None if words == "names" else words, clip, shown.class_names),
                progress=bar.show,
            )
    written: list[str] = []
    with Bar("writing pages", "pages") as bar:

        def show(page: Page) -> None:
            written.append(page.title)
            bar.show(len(written), len(set(addresses)))

        index = write_report(
            opened,
            addresses,
            out,
            image_set=shown,
            count=count,
            per_bucket=per_bucket,
            by=by,
            pictures=pictures,
            probe=None if probe is None else open_probe(probe, run=run)[0],
            further=further,
            done=show,
        )
    say_path("report", index)


@app.command()
def census(
    run: RunArgument,
    layer: Annotated[str, typer.Argument(help="Module path, such as visual.layer4.")],
    by: Annotated[str, typer.Option(help="Column that says how things are shown.")] = "rendition",
    among: Annotated[str, typer.Option(help="Its values that must agree, parted by commas.")] = (
        "flat,outline,word"
    ),
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    label_column: LabelOption = "label",
) -> None:
    """Count the units whose top class is the same as picture, outline and word."""
    opened = Activations.open(run)
    opened.layer(layer)
    shown = open_images(images, label_column) if images else images_of(opened)
    with console.status("shuffling labels to see what chance gives"):
        found = run_census(opened, shown, layer, by=by, among=among.split(","))
    out_console.print(found)


@app.command()
def visualize(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    targets: Annotated[
        list[str],
        typer.Argument(
            help="LAYER:UNIT, LAYER with --all, text:A SENTENCE, image:FILE, random:SEED, or "
            "walk:A|B[|C] between sentences or units."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for pictures and pages.")],
    every: Annotated[bool, typer.Option("--all", help="Every unit of the layers named.")] = False,
    run: Annotated[
        Path | None, typer.Option(help="A run of this model: how pictures compare with images.")
    ] = None,
    facets: Annotated[
        list[str],
        typer.Option(help="A folder of facet folders (face, text, ...), or miniature."),
    ] = [],  # noqa: B006 - typer reads the default, nobody writes to it
    facet_column: Annotated[
        str | None, typer.Option(help="Column that names the facet; default: the folder.")
    ] = None,
    negative: Annotated[bool, typer.Option("--negative", help="What silences them.")] = False,
    seeds: Annotated[int, typer.Option(help="Plain pictures of each target.")] = 2,
    diverse: Annotated[float, typer.Option(help="How far to drive them apart in style.")] = 0.0,
    stops: Annotated[int, typer.Option(help="Pictures along a walk.")] = 5,
    steps: Annotated[int, typer.Option(help="Of the ascent.")] = 512,
    size: Annotated[int | None, typer.Option(help="Side in px; default: the model's.")] = None,
    paint: Annotated[
        str, typer.Option(help="fourier, alpha, pixels, maco, or maco:IMAGES for their spectrum.")
    ] = "fourier",
    transforms: Annotated[str, typer.Option(help="goh2021, lucent or none.")] = "goh2021",
    precision: Annotated[str, typer.Option(help="exact, fast or compiled.")] = "exact",
    batch: Annotated[int | None, typer.Option(help="Images a pass; default 16, GPU 64.")] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    device: DeviceOption = None,
) -> None:
    """Make pictures of what neurons, sentences or images look like to the model.

    Stop it at any time; the same command goes on where it was.
    """
    with console.status("loading the model"):
        clip = load(model, device=device)
    opened = None if run is None else Activations.open(run, clip=clip)
    wanted = parse_picture_targets(clip, targets, every=every, stops=stops, negative=negative)
    probes = None
    if facets:
        shown = open_images(facets, "label")
        by = "facet" if facets == [MINIATURE] else facet_column
        with Bar("seeing facets", "images") as bar:
            probes = facet_probes(clip, shown, by=by, progress=bar.show)
        out_console.print(probes)
    settings = Settings(
        steps=steps,
        size_px=size,
        paint=parse_paint(paint, size or clip.preprocess.size[0]),
        transforms=parse_transforms(transforms),
        precision=parse_precision(precision),
        batch=batch,
        seed=seed,
    )
    with Bar("climbing", "units", per_minute=True) as bar:
        kept = [0, len(wanted)]

        def keep(made: Visualization, n: int, total: int) -> None:
            kept[:] = n, total
            bar.show(n, total)

        def step(done: int) -> None:
            if done % 8 == 0 or done == steps:
                bar.show(kept[0], kept[1], f"step {done:,} of {steps:,}")

        index = visualize_to(
            clip,
            wanted,
            out,
            settings=settings,
            series=Series(
                n_seeds=seeds, facets=probes.weights() if probes else None, diversity=diverse
            ),
            run=opened,
            done=keep,
            step_done=step,
            told=lambda text: console.print(text, highlight=False),
        )
    out_console.print(_picture_table(out, wanted))
    say_path("pictures", index)


def _picture_table(out: Path, wanted: Sequence[Target], most: int = 20) -> Table:
    album = open_album(out)
    listed = table("target", "activation", "above images", "units it excites most")
    for target in wanted[:most]:
        made = album.get(as_objective(target).name)
        first = made.plain()[0]
        known = first.reaches is not None
        listed.add_row(
            Text(made.target),
            "dead" if made.dead else f"{first.activation:.3g}",
            f"{first.percentile:.1%}" if known and not made.dead else "-",
            ", ".join(str(e.unit) for e in first.excited) or "-",
        )
    if len(wanted) > most:
        listed.add_row(f"... {len(wanted) - most:,} more on the pages", "", "", "")
    return listed


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for run and report.")] = Path(
        "demo"
    ),
) -> None:
    """Do the whole job in a minute, without a network, on the toolkit's own small CLIP."""
    bars: dict[str, Bar] = {}
    units = {"drawing": "pictures", "scanning": "images", "writing pages": "pages"}
    with contextlib.ExitStack() as stack:

        def tell(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = stack.enter_context(Bar(what, units[what]))
            bars[what].show(done, total)
            if done == total:
                bars[what].stop()

        made = run_demo(out, tell=tell)
    out_console.print(made.census.blocks()[0].text, soft_wrap=True)  # type: ignore[union-attr]
    listed = table("neuron", "chosen for")
    for neuron, why in made.shown.items():
        listed.add_row(Text(str(neuron)), Text(why))
    out_console.print(listed)
    say_path("report", made.index)


def _say_version(asked: bool) -> None:
    if asked:
        out_console.print(f"neurons {version('multimodal-neurons')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Show it.")
    ] = False,
) -> None:
    """Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""


def main() -> None:
    """Run the command line: every error that a user can cause is one line, exit code 2."""
    debug = "--debug" in sys.argv
    try:
        app(args=[argument for argument in sys.argv[1:] if argument != "--debug"])
    except NeuronsError as error:
        if debug:
            raise
        console.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        if debug:
            raise
        console.print("stopped; the same command goes on where it was")
        sys.exit(130)
