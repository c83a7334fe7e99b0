"""What is each unit of a layer called?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import neurons
from neurons.cli.options import RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import listed
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.cli.unit_options import LayerOption, only_layer

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, UnitLabels
    from neurons.data.concepts import Concept

NONE = "none"
_SHOWN = 20


def label(
    run: RunPath,
    /,
    layer: LayerOption = None,
    *,
    columns: str | None = None,
    within: str | None = None,
    vocabulary: str | None = None,
    untrained: Path | None = None,
    at_least: float = 0.3,
    seed: int = 0,
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Name the units of a layer; a name has passed an exam that fake units fail, or is none.

    Parameters
    ----------
    layer : str, optional
        Module path, such as visual.layer4; default: the run's, if it has one only.
    columns : str, optional
        Columns whose values are names, too, parted by commas; default: those of text with 2 to 100
        values; none for no column.
    within : str, optional
        Columns that part the classes, parted by commas: rendition gives "spider, word".
    vocabulary : str, optional
        Words that the run's own model looks for in the images: a file of a word a line, a .csv
        file with columns word and family, or shipped. Such names are circular, and said to be.
    untrained : Path, optional
        A run of the same images with MODEL/untrained: one more kind of fake unit.
    at_least : float
        Score that a name has to exceed, whatever fake units reach.
    seed : int
        Of the halves that propose and examine, and of the fake units.
    """
    answer = to.answer("label", locals())
    opened = neurons.Activations.open(run)
    path = only_layer(opened, layer)
    other = None if untrained is None else neurons.Activations.open(untrained)
    shown = images.of(opened)
    words, further = _words(opened, vocabulary)
    with Bar(f"naming the units of {path}", "units") as bar:
        found = neurons.label_units(
            opened,
            shown,
            path,
            columns=None if columns is None else [] if columns == NONE else listed(columns),
            within=() if within is None else listed(within),
            families=words,
            further=further,
            untrained=other,
            at_least=at_least,
            seed=seed,
            progress=bar.show,
        )
    say(found.verdict())
    if found.passing.successes:
        out_console.print(_drawn(found))
    if found.passing.successes > _SHOWN:
        say(f"the first {_SHOWN} of {found.passing.successes:,} names; --out FOLDER has them all")
    if answer is not None:
        say_path("pages", answer.write(found))


def _words(
    run: Activations, vocabulary: str | None
) -> tuple[dict[str, str] | None, tuple[Concept, ...]]:
    """Give the families of words, and which images show them if the model is to say so."""
    from neurons.activations.zero_shot_concepts import zero_shot_concepts
    from neurons.readouts.vocabulary import read_vocabulary, shipped_vocabulary

    if vocabulary is None:
        return None, ()
    # before the model is loaded: there may be no words in it
    known = read_vocabulary(vocabulary)
    clip = neurons.clip_of(run)
    return {**shipped_vocabulary(), **known}, zero_shot_concepts(run, clip, known)


def _drawn(found: UnitLabels) -> Table:
    """Draw the surest names, one line each."""
    drawn = table("neuron", "name", "family", "AUPRC (95 %)", "chance", "also")
    for column, least in zip(drawn.columns, (17, 4, 4, 16, 6, 4), strict=True):
        column.no_wrap, column.overflow, column.min_width = True, "ellipsis", least
    ours = sorted((each for each in found.units if each.passed), key=lambda each: -each.score)
    for each in ours[:_SHOWN]:
        low, high = each.interval.low, each.interval.high
        drawn.add_row(
            f"{found.layer}:{each.unit}",
            each.name,
            each.family,
            f"{each.auprc:.2f} ({low:.2f}-{high:.2f})",
            f"{each.prevalence:.3f}",
            each.second or "-",
        )
    return drawn
