"""Strings to values to studies: the commands on typographic attacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.attacks.image_folder import build_attacked
from neurons.attacks.published_sets import synthetic, typographic_set
from neurons.cli.parse_attack import (
    ZERO_SHOT,
    listed,
    parse_lettering,
    parse_readout,
    parse_readouts,
    parse_rows,
    parse_targets,
    parse_vocabulary,
)
from neurons.cli.terminal import (
    Bar,
    DeviceOption,
    ImagesOption,
    LabelOption,
    ModelOption,
    console,
    open_images,
    out_console,
    say_path,
)
from neurons.errors import OptionError
from neurons.interventions.saved_edits import load_edit, save_edit
from neurons.network.clip import Clip, load
from neurons.network.inference import parse_precision
from neurons.recipes.write_result import write_titled as write_result
from neurons.results.blocks import as_text
from neurons.studies.typography.attack import attack
from neurons.studies.typography.bench import bench as run_bench
from neurons.studies.typography.black_box_search import BlackBoxSearch, search_black_box
from neurons.studies.typography.defence import defend as run_defence
from neurons.studies.typography.hijack import hijack as run_hijack
from neurons.studies.typography.string_search import Search, search_words
from neurons.studies.typography.stroop import COLOURS
from neurons.studies.typography.stroop import stroop as run_stroop

attack_app = typer.Typer(
    name="attack",
    help="Typographic attacks on a model of your own: build, measure, explain, mend.",
    no_args_is_help=True,
)

OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for the pages.")]
ClassesOption = Annotated[
    str | None,
    typer.Option(help="What to choose from, parted by commas, or a file; default: the images'."),
]
PromptsOption = Annotated[
    str, typer.Option(help="auto, openai (80 templates), plain, miniature, or a file.")
]
CountOption = Annotated[int, typer.Option("--n", help="Images, drawn at random.")]
OnlyOption = Annotated[
    str | None, typer.Option(help="Images to draw from: COLUMN=VALUE,VALUE of their table.")
]
SeedOption = Annotated[int, typer.Option(help="Of images and places.")]
PrecisionOption = Annotated[str, typer.Option(help="exact or fast.")]
FontOption = Annotated[str | None, typer.Option(help="A bundled typeface, or a font file.")]
SizeOption = Annotated[
    float | None, typer.Option("--size", help="Height of the letters, px; instead of --area.")
]
AreaOption = Annotated[
    float | None, typer.Option(help="Share of the pixels to change; default 0.07.")
]
PlaceOption = Annotated[
    str, typer.Option(help="article (eight places), random, least-salient, or X,Y in shares.")
]
ColourOption = Annotated[
    str | None, typer.Option(help="Of the letters: #rrggbb or a name; default black.")
]
PlateOption = Annotated[
    str | None, typer.Option(help="Colour of a paper behind the word; default: none.")
]
ProbeOption = Annotated[
    Path | None,
    typer.Option(help="A fitted probe's folder: it reads the classes too, beside zero-shot."),
]
LayerOption = Annotated[str | None, typer.Option(help="Module path; default: the last block.")]
VocabularyOption = Annotated[
    str | None,
    typer.Option(help="Strings parted by commas, or a file; default: class names and symbols."),
]


@attack_app.command()
def build(
    images: ImagesOption,
    text: Annotated[list[str], typer.Option("--text", help="What to write; repeat for more.")],
    out: OutOption,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    colour: ColourOption = None,
    stroke: Annotated[int | None, typer.Option(help="Outline, px; default 1.")] = None,
    stroke_colour: Annotated[str | None, typer.Option(help="Default: white.")] = None,
    plate: PlateOption = None,
    rotation: Annotated[float, typer.Option(help="Degrees, counter-clockwise.")] = 0.0,
    opacity: Annotated[float, typer.Option(help="From 0 to 1.")] = 1.0,
    repeats: Annotated[bool, typer.Option("--repeats", help="Eight small copies.")] = False,
    side: Annotated[int | None, typer.Option(help="Resize the shorter side to, px.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="Images; default: all.")] = None,
    seed: SeedOption = 0,
    label_column: LabelOption = "label",
) -> None:
    """Write words on images and keep them as PNG files, with a table of what is true of each.

    Stop it at any time; the same command goes on where it was.
    """
    lettering = parse_lettering(
        font=font,
        size_px=size,
        area=area,
        place=place,
        colour=colour,
        stroke_px=stroke,
        stroke_colour=stroke_colour,
        plate=plate,
        rotation_deg=rotation,
        opacity=opacity,
        repeats=repeats,
    )
    with Bar("writing", "images") as bar:
        made = build_attacked(
            open_images(images, label_column),
            text,
            lettering,
            out,
            side_px=side,
            n=n,
            seed=seed,
            progress=bar.show,
        )
    skipped = f", {len(made.skipped):,} skipped" if made.skipped else ""
    out_console.print(f"{made.n:,} images{skipped}")
    say_path("images", made.path)


@attack_app.command()
def run(
    model: ModelOption,
    images: ImagesOption,
    targets: Annotated[str, typer.Option(help="CLASS or TEXT=CLASS, parted by commas.")],
    out: OutOption,
    classes: ClassesOption = None,
    prompts: PromptsOption = "auto",
    probe: ProbeOption = None,
    n: CountOption = 200,
    only: OnlyOption = None,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    colour: ColourOption = None,
    plate: PlateOption = None,
    foreign: Annotated[str | None, typer.Option(help="The word of no class.")] = None,
    edit: Annotated[Path | None, typer.Option(help="An edit that `defend` wrote.")] = None,
    layer: LayerOption = None,
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Write words on images and count how often the answer follows, beside four controls."""
    lettering = parse_lettering(
        font=font, size_px=size, area=area, place=place, colour=colour, plate=plate
    )
    wanted = parse_targets(targets)
    shown, clip = open_images(images, label_column), _load(model, device)
    readouts = parse_readouts(clip, shown, classes, prompts, probe)
    with Bar("attacking", "images") as bar:
        found = attack(
            clip,
            shown,
            wanted,
            readouts=readouts,
            lettering=lettering,
            n=n,
            rows=parse_rows(shown, only),
            foreign=foreign,
            edits={} if edit is None else load_edit(edit, clip=clip),
            layer=layer,
            seed=seed,
            precision=parse_precision(precision),
            progress=bar.show,
        )
    facts = [("images", f"{found.n:,}"), ("success", f"{found.pooled().value:.3f}")]
    title = f"Attack: {', '.join(target.text for target in wanted)}"
    index = write_result(out, clip, found, title=title, facts=facts)
    _say(found.blocks()[0].text)  # type: ignore[union-attr]
    say_path("pages", index)


@attack_app.command()
def search(
    model: ModelOption,
    images: ImagesOption,
    target: Annotated[str, typer.Option(help="The class that images are to become.")],
    out: OutOption,
    vocabulary: VocabularyOption = None,
    budget: Annotated[
        int | None, typer.Option(help="Ask for so many answers alone: no units, no scores.")
    ] = None,
    count: Annotated[int, typer.Option(help="Strings to confirm.")] = 5,
    classes: ClassesOption = None,
    prompts: PromptsOption = "auto",
    probe: ProbeOption = None,
    n: CountOption = 64,
    only: OnlyOption = None,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    layer: LayerOption = None,
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Find the strings that make a class of images, and say why and what the ranking is worth."""
    lettering = parse_lettering(font=font, size_px=size, area=area, place=place)
    shown, clip = open_images(images, label_column), _load(model, device)
    also = parse_readouts(clip, shown, classes, prompts, probe)
    readout = also.pop(ZERO_SHOT)
    words = parse_vocabulary(vocabulary, clip, readout.class_names)
    rows, kind = parse_rows(shown, only), parse_precision(precision)
    found: Search | BlackBoxSearch
    with Bar("searching", "strings" if budget is None else "answers") as bar:
        if budget is None:
            found = search_words(
                clip, shown, target, words, readout=readout, lettering=lettering, count=count,
                n=n, rows=rows, layer=layer, seed=seed, precision=kind, also=also,
                progress=bar.show,
            )  # fmt: skip
        else:
            found = search_black_box(
                clip, shown, target, words, readout=readout, budget=budget, lettering=lettering,
                count=count, n=n, rows=rows, seed=seed, precision=kind, also=also,
                progress=bar.show,
            )  # fmt: skip
    best = found.confirmed[0]
    facts = [("best string", best.text), ("success", f"{best.success.value:.3f}")]
    index = write_result(out, clip, found, title=f"Strings for {target}", facts=facts)
    _say(found.blocks()[0].text)  # type: ignore[union-attr]
    out_console.print(as_text(found.blocks()[1]))
    say_path("pages", index)


@attack_app.command()
def bench(
    model: ModelOption,
    set_: Annotated[
        str,
        typer.Option(
            "--set", help="scam:PATH, rta100:PATH, paint:PATH, labelled:PATH or synthetic:IMAGES."
        ),
    ],
    out: OutOption,
    prompts: Annotated[
        str | None, typer.Option(help="A file of templates; default: the set's published ones.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Of each part; default: all.")] = None,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Measure a published set under one protocol, beside what was published.

    ``synthetic:IMAGES`` takes labelled images and writes a wrong class's name on each.
    """
    kind, _, source = set_.partition(":")
    if kind == "synthetic":
        lettering = parse_lettering(font=font, size_px=size, area=area, place=place)
        asked = synthetic(open_images([source], label_column), lettering, seed=seed)
    else:
        asked = typographic_set(set_)
    clip = _load(model, device)
    with Bar("reading", "images") as bar:
        found = run_bench(
            clip,
            asked,
            templates=() if prompts is None else listed(prompts),
            n=n,
            seed=seed,
            precision=parse_precision(precision),
            progress=bar.show,
        )
    index = write_result(out, clip, found, title=f"Benchmark: {found.set_name}")
    out_console.print(as_text(found.blocks()[0]))
    say_path("pages", index)


@attack_app.command()
def hijack(
    model: ModelOption,
    neuron: Annotated[str, typer.Option(help="LAYER:UNIT, such as visual.layer4:89.")],
    out: OutOption,
    images: ImagesOption = [],  # noqa: B006 - typer reads the default, nobody writes to it
    run: Annotated[
        Path | None, typer.Option("--run", help="A run: its images are attacked.")
    ] = None,
    vocabulary: VocabularyOption = None,
    text: Annotated[str | None, typer.Option(help="Attack with this, not the strongest.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The class to make; default: what the string means.")
    ] = None,
    n_with: Annotated[
        int, typer.Option("--with", help="Other carriers to silence with the neuron.")
    ] = 3,
    draws: Annotated[int, typer.Option(help="Random units to compare with.")] = 20,
    classes: ClassesOption = None,
    prompts: PromptsOption = "auto",
    probe: ProbeOption = None,
    n: CountOption = 200,
    only: OnlyOption = None,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Follow a neuron to its words and their attack, then silence it and attack again."""
    lettering = parse_lettering(font=font, size_px=size, area=area, place=place)
    address, clip = Neuron.parse(neuron), _load(model, device)
    if run is None and not images:
        raise OptionError("no images to attack; name a run with --run, or images with --images")
    shown = (
        open_images(images, label_column)
        if images or run is None
        else images_of(Activations.open(run, clip=clip))
    )
    also = parse_readouts(clip, shown, classes, prompts, probe)
    readout = also.pop(ZERO_SHOT)
    with Bar("knocking out", "passes") as bar:
        found = run_hijack(
            clip,
            shown,
            address,
            parse_vocabulary(vocabulary, clip, readout.class_names),
            readout=readout,
            text=text,
            class_name=target,
            lettering=lettering,
            n=n,
            rows=parse_rows(shown, only),
            n_with=n_with,
            n_random=draws,
            seed=seed,
            precision=parse_precision(precision),
            also=also,
            progress=bar.show,
        )
    facts = [("string", found.attack.text), ("success", f"{found.attack.success.value:.3f}")]
    index = write_result(out, clip, found, title=f"Hijack: {address}", facts=facts)
    _say(found.blocks()[0].text)  # type: ignore[union-attr]
    say_path("pages", index)


@attack_app.command()
def defend(
    model: ModelOption,
    images: ImagesOption,
    out: OutOption,
    layers: Annotated[
        list[str], typer.Option("--layers", "-l", help="To choose one from; default: four.")
    ] = [],  # noqa: B006 - typer reads the default, nobody writes to it
    wanted: Annotated[float, typer.Option(help="Attack success that is asked for.")] = 0.1,
    cost: Annotated[float, typer.Option(help="Clean accuracy that may be lost for it.")] = 0.02,
    classes: ClassesOption = None,
    prompts: PromptsOption = "auto",
    n: CountOption = 200,
    only: OnlyOption = None,
    font: FontOption = None,
    size: SizeOption = None,
    area: AreaOption = None,
    place: PlaceOption = "article",
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    label_column: LabelOption = "label",
    device: DeviceOption = None,
) -> None:
    """Silence the fewest units that carry words and no pictures; keep them as edit.json."""
    lettering = parse_lettering(font=font, size_px=size, area=area, place=place)
    shown, clip = open_images(images, label_column), _load(model, device)
    readout = parse_readout(clip, shown, classes, prompts)
    with Bar("silencing", "passes") as bar:
        found = run_defence(
            clip,
            shown,
            readout=readout,
            layers=[path for part in layers for path in part.split(",") if path] or None,
            wanted=wanted,
            max_cost=cost,
            lettering=lettering,
            n=n,
            rows=parse_rows(shown, only),
            seed=seed,
            precision=parse_precision(precision),
            progress=bar.show,
        )
    facts = [
        ("units silenced", f"{len(found.units):,}"),
        ("success", f"{found.defended().success.value:.3f}"),
        ("clean accuracy", f"{found.defended().accuracy.value:.3f}"),
    ]
    index = write_result(out, clip, found, title="Defence", facts=facts)
    kept = save_edit(out / "edit.json", found.edits(), clip=clip)
    _say(found.blocks()[0].text)  # type: ignore[union-attr]
    say_path("edit", kept)
    say_path("pages", index)


@attack_app.command()
def stroop(
    model: ModelOption,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the pages.")] = None,
    prompts: PromptsOption = "auto",
    n_each: Annotated[int, typer.Option("--n", help="Places of each word and colour.")] = 4,
    seed: SeedOption = 0,
    precision: PrecisionOption = "exact",
    device: DeviceOption = None,
) -> None:
    """Write colours' names in and on other colours: does the model name the word or the colour."""
    clip = _load(model, device)
    readout = parse_readout(clip, None, ",".join(COLOURS), prompts)
    with Bar("asking", "conditions") as bar:
        found = run_stroop(
            clip,
            readout=readout,
            n_each=n_each,
            seed=seed,
            precision=parse_precision(precision),
            progress=bar.show,
        )
    _say(found.blocks()[0].text)  # type: ignore[union-attr]
    if out is not None:
        say_path("pages", write_result(out, clip, found, title="Stroop"))


def _load(model: str, device: str | None) -> Clip:
    with console.status("loading the model"):
        return load(model, device=device)


def _say(text: str) -> None:
    out_console.print(Text(text), soft_wrap=True)
