"""What is known of some neurons? A page per neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.address import Neuron
from neurons.cli.options import NeuronAddresses, ProbeOption, RunImageOptions, RunPath
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, console, say_path
from neurons.cli.unit_options import ChoiceOptions, LayerChoiceOptions, only_layer, table_of
from neurons.errors import OptionError
from neurons.folder_kinds import REPORT

if TYPE_CHECKING:
    from neurons import Activations, ImageSet, TopStrings
    from neurons.pages import Page


def report(
    run: RunPath,
    addresses: Annotated[NeuronAddresses, Parameter(name="neurons")] = (),
    /,
    *,
    to: OutOptions,
    choice: LayerChoiceOptions = LayerChoiceOptions(),
    count: int = 16,
    per_bucket: int = 6,
    by: str | None = None,
    pictures: Path | None = None,
    probe: ProbeOption = None,
    words: str | None = None,
    single_file: Path | None = None,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Write a page per neuron and an index; it opens from disk, without a network.

    Parameters
    ----------
    addresses : tuple of Neuron
        LAYER:UNIT, lists (LAYER:3,7), ranges (LAYER:0-20), or a file of them; or none, and
        --top, --sort or --where instead.
    count : int
        Images at each end.
    per_bucket : int
        Images from each bucket.
    by : str, optional
        Column that groups the images: each group's top, first.
    pictures : Path, optional
        An album that `neurons visualize` made.
    probe : Path, optional
        A probe of this run: the classes that neurons serve.
    words : str, optional
        See which of these each neuron reads: strings parted by commas, a file, or names: the
        images' class names and symbols. Needs the run's model.
    single_file : Path, optional
        All pages in this one file, too, to be sent to somebody.
    """
    from neurons.recipes.probe_pages import CLASS_PAGES, PAGES, open_probe

    _check_choice(addresses, choice)
    to.check(REPORT)
    opened = neurons.Activations.open(run)
    for address in addresses:
        opened.check(address)
    path = None if addresses else only_layer(opened, choice.layer)
    shown = images.of(opened)
    if path is not None:
        addresses = _chosen(opened, shown, path, by, choice)
    further = None if words is None else _read(opened, addresses, words, shown.class_names)
    written: list[str] = []
    with Bar("writing pages", "pages") as bar:

        def show(page: Page) -> None:
            written.append(page.title)
            bar.show(len(written), len(set(addresses)))

        index = neurons.report(
            opened,
            addresses,
            to.out,
            image_set=shown,
            count=count,
            per_bucket=per_bucket,
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


def _check_choice(addresses: Sequence[Neuron], choice: LayerChoiceOptions) -> None:
    """Refuse neither addresses nor a choice, and both."""
    if addresses and (choice.made or choice.layer is not None):
        raise OptionError(
            "name neurons, or choose a layer's by --top, --sort and --where: not both"
        )
    if not addresses and not choice.made:
        raise OptionError(
            "no neuron to report: name some, such as visual.layer4:89 or visual.layer4:0-20, or "
            "choose by --top 20 --sort lift; `neurons units` shows what there is"
        )
    choice.check()


def _chosen(
    run: Activations, images: ImageSet, layer: str, by: str | None, choice: ChoiceOptions
) -> tuple[Neuron, ...]:
    """Choose a layer's units by what the table of its units says."""
    found = choice.of(table_of(run, images, layer, by))
    if not found.units:
        raise OptionError(found.verdict())
    return tuple(map(Neuron.parse, found.neurons()))


def _read(
    run: Activations, addresses: Sequence[Neuron], words: str, class_names: Sequence[str]
) -> Mapping[Neuron, TopStrings]:
    """See which words each neuron reads, with the run's own model."""
    from neurons.cli.parse_attack import parse_vocabulary
    from neurons.recipes.neuron_report import read_strings

    # before the model is loaded: there may be no strings in it
    tried = parse_vocabulary(None if words == "names" else words, run.model_name, class_names)
    clip = neurons.load(run.model_name)
    run.check_clip(clip)
    with Bar("reading", "strings") as bar:
        return read_strings(clip, addresses, tried, run=run, progress=bar.show)
