"""What is known of some neurons? A page per neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

import neurons
from neurons.address import Neuron
from neurons.cli.language_options import LanguageOptions
from neurons.cli.options import NeuronAddresses, ProbeOption, RunImageOptions, RunPath
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, console, out_console, say, say_path, table
from neurons.cli.unit_options import ChoiceOptions, LayerChoiceOptions, only_layer, table_of
from neurons.errors import OptionError
from neurons.folder_kinds import REPORT

if TYPE_CHECKING:
    from neurons import Activations, ImageSet
    from neurons.pages import Page


@Parameter(name="*", group="Choice")
@dataclass(frozen=True, kw_only=True)
class MostOptions:
    """Units that are worth a look, instead of addresses.

    Parameters
    ----------
    most : str, optional
        interesting: units whose names passed their exam, sure ones of many families first.
    n : int
        How many of these.
    labels : Path, optional
        Names that `neurons label --out` wrote; default: they are found first.
    """

    most: Literal["interesting"] | None = None
    n: int = 20
    labels: Path | None = None


@Parameter(name="*", group="Pages")
@dataclass(frozen=True, kw_only=True)
class ShownOptions:
    """How many images a page shows.

    Parameters
    ----------
    count : int
        Images at each end.
    per_bucket : int
        Images from each bucket.
    """

    count: int = 16
    per_bucket: int = 6


def report(
    run: RunPath,
    addresses: Annotated[NeuronAddresses, Parameter(name="neurons")] = (),
    /,
    *,
    to: OutOptions,
    choice: LayerChoiceOptions = LayerChoiceOptions(),
    most: MostOptions = MostOptions(),
    shown: ShownOptions = ShownOptions(),
    by: str | None = None,
    pictures: Path | None = None,
    probe: ProbeOption = None,
    language: LanguageOptions = LanguageOptions(),
    single_file: Path | None = None,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Write a page per neuron and an index; it opens from disk, without a network.

    Parameters
    ----------
    addresses : tuple of Neuron
        LAYER:UNIT, lists (LAYER:3,7), ranges (LAYER:0-20), or a file of them; or none, and
        --most, --top, --sort or --where instead.
    by : str, optional
        Column that groups the images: each group's top, first.
    pictures : Path, optional
        An album that `neurons visualize` made.
    probe : Path, optional
        A probe of this run: the classes that neurons serve.
    single_file : Path, optional
        All pages in this one file, too, to be sent to somebody.
    """
    from neurons.recipes.probe_pages import CLASS_PAGES, PAGES, open_probe

    _check_choice(addresses, choice, most)
    to.check(REPORT)
    opened = neurons.Activations.open(run)
    for address in addresses:
        opened.check(address)
    path = None if addresses else only_layer(opened, choice.layer)
    pictured = images.of(opened)
    if path is not None and most.most is not None:
        addresses = _interesting(opened, pictured, path, by, most)
    elif path is not None:
        addresses = _chosen(opened, pictured, path, by, choice)
    further = language.of(opened, pictured, addresses)
    written: list[str] = []
    with Bar("writing pages", "pages") as bar:

        def show(page: Page) -> None:
            written.append(page.title)
            bar.show(len(written), len(set(addresses)))

        index = neurons.report(
            opened,
            addresses,
            to.out,
            image_set=pictured,
            count=shown.count,
            per_bucket=shown.per_bucket,
            by=by,
            pictures=pictures,
            probe=None if probe is None else open_probe(probe, run=run)[0],
            further=further,
            beside=() if probe is None else (probe / CLASS_PAGES, probe / PAGES),
            single=single_file,
            replace=to.replace,
            done=show,
            told=lambda text: console.print(text, highlight=False),
        )
    say_path("report", index)
    if single_file is not None:
        say_path("single file", single_file)


def _check_choice(
    addresses: Sequence[Neuron], choice: LayerChoiceOptions, most: MostOptions
) -> None:
    """Refuse neither addresses nor a choice, and both."""
    asked = most.most is not None
    if addresses and (choice.made or choice.layer is not None or asked):
        raise OptionError(
            "name neurons, or choose a layer's by --most, --top, --sort and --where: not both"
        )
    if asked and choice.made:
        raise OptionError("--most interesting picks by itself: leave out --top, --sort and --where")
    if not asked and most.labels is not None:
        raise OptionError("--labels is for --most interesting: give both")
    if not addresses and not choice.made and not asked:
        raise OptionError(
            "no neuron to report: name some, such as visual.layer4:89 or visual.layer4:0-20, or "
            "choose by --most interesting or --top 20 --sort lift; `neurons units` shows what "
            "there is"
        )
    choice.check()


def _interesting(
    run: Activations, images: ImageSet, layer: str, by: str | None, most: MostOptions
) -> tuple[Neuron, ...]:
    """Pick units by their names, which are read or found, and say why each."""
    from neurons.cli.atlas import read_labels
    from neurons.differences import check_belongs
    from neurons.recipes.interesting import interesting
    from neurons.recipes.unit_columns import unit_columns

    if most.labels is None:
        with Bar(f"naming the units of {layer}", "units") as bar:
            labels = neurons.label_units(run, images, layer, progress=bar.show)
    else:
        labels = read_labels(most.labels)
        told = f"labels {str(most.labels)!r}"
        check_belongs(told, labels.provenance, f"run {str(run.path)!r}", run.provenance())
    known = table_of(run, images, layer, by)
    columns = unit_columns(known.neurons(), [labels, known])
    picked = interesting(known.neurons(), columns, n=most.n)
    say(labels.verdict())
    drawn = table("neuron", "picked for")
    for each in picked:
        drawn.add_row(Text(each.neuron), Text(each.why))
    out_console.print(drawn)
    return tuple(Neuron.parse(each.neuron) for each in picked)


def _chosen(
    run: Activations, images: ImageSet, layer: str, by: str | None, choice: ChoiceOptions
) -> tuple[Neuron, ...]:
    """Choose a layer's units by what the table of its units says."""
    found = choice.of(table_of(run, images, layer, by))
    if not found.units:
        raise OptionError(found.verdict())
    return tuple(map(Neuron.parse, found.neurons()))
