"""Which units answer to a concept, or to one image?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import NeuronAddress, RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import read_groups
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, FoundUnits, ImageSet, SimilarUnits, UnitsOfImage
    from neurons.activations.new_image import NewImage


def find(
    run: RunPath,
    concept: str | None = None,
    /,
    *,
    layer: Annotated[tuple[str, ...], Parameter(name=("--layer", "-l"))] = (),
    image: str | None = None,
    like: NeuronAddress | None = None,
    groups: Path | None = None,
    count: int = 10,
    permutations: int = 100,
    seed: int = 0,
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Find the units for a concept: `neurons find RUN spider`; for one image; or like one unit.

    Parameters
    ----------
    concept : str, optional
        A class; a word in the names of several classes; several classes, parted by commas; or a
        group of --groups.
    layer : tuple of str
        Only this layer; repeat for more. Default: all of the run.
    image : str, optional
        Instead of a concept: an image's id or file name; or a file that the run does not hold,
        which its model reads.
    like : Neuron, optional
        Instead of a concept: the address of a unit, such as visual.layer4:89, to find those that
        answer alike.
    groups : Path, optional
        A file of groups of classes, one a line: "animal: dog, cat, horse".
    count : int
        Units to show.
    permutations : int
        Draws of random images, or of images in another order, which the units are compared with.
    seed : int
        Of the draws, and of the halves that choose and test.
    """
    answer = to.answer("find", locals())
    if sum(each is not None for each in (concept, image, like)) != 1:
        raise OptionError(
            "find takes a concept, such as spider, an image by --image, or a unit by --like: one "
            "of them"
        )
    known = read_groups(groups) if groups is not None else {}
    wanted: str | tuple[str, ...] = concept or ""
    if concept is not None:
        parts = tuple(part.strip() for part in concept.split(",") if part.strip())
        if not parts:
            raise OptionError("the concept is empty; give a class, such as spider")
        wanted = known.get(concept.strip(), parts if len(parts) > 1 else parts[0])

    opened = neurons.Activations.open(run)
    for path in layer:
        opened.layer(path)
    shown = images.of(opened)
    found: FoundUnits | UnitsOfImage | SimilarUnits
    with Bar("comparing units", "units") as bar:
        if image is not None:
            asked = _image_of(opened, shown, image, layer)
            found = neurons.units_of_image(
                opened, shown, asked, layers=layer, count=count, progress=bar.show
            )
        elif like is not None:
            found = neurons.similar_units(
                opened,
                shown,
                like,
                layers=layer,
                count=count,
                n_permutations=permutations,
                seed=seed,
                progress=bar.show,
            )
        else:
            found = neurons.find_units(
                opened,
                shown,
                wanted,
                name=concept or "",
                layers=layer,
                count=count,
                n_permutations=permutations,
                seed=seed,
                progress=bar.show,
            )
    say(found.verdict())
    out_console.print(_drawn(found))
    if answer is not None:
        say_path("pages", answer.write(found))
    few = " ".join(found.neurons()[:3])
    if few:
        say(f"look at them: neurons report {run} {few} --out report")


def _image_of(
    run: Activations, images: ImageSet, image: str, layers: Sequence[str]
) -> str | NewImage:
    """Take a file that the run does not hold as a new image, read by the run's model."""
    from neurons.data.image_names import rows_called

    if not Path(image).is_file() or rows_called(images, image):
        return image
    from neurons.activations.new_image import read_new_image

    return read_new_image(run, neurons.clip_of(run), image, layers=layers)


def _drawn(found: FoundUnits | UnitsOfImage | SimilarUnits) -> Table:
    """Draw the units, one line each."""
    from neurons import SimilarUnits, UnitsOfImage

    if isinstance(found, SimilarUnits):
        drawn = table("neuron", "correlation (95 %)", "p")
        for alike in found.units:
            low, high = alike.interval.low, alike.interval.high
            number = f"{alike.correlation:.2f} ({low:.2f} to {high:.2f})"
            drawn.add_row(alike.neuron, number, f"{alike.p_value:.2g}")
        return drawn
    if isinstance(found, UnitsOfImage):
        drawn = table("neuron", "peak", "place", "standard deviations above the mean")
        for unit in found.units:
            place = f"{unit.place:,} of {unit.n:,}"
            drawn.add_row(unit.neuron, f"{unit.peak:.3g}", place, f"{unit.deviations:.1f}")
        return drawn
    several = len(found.classes) > 1
    heads = ("neuron", "passes", "AUPRC (95 %)", "AUC", "p")
    drawn = table(*heads, *(("classes",) if several else ()))
    for each in found.units:
        low, high = each.interval.low, each.interval.high
        drawn.add_row(
            each.neuron,
            "yes" if each.passes else "no",
            f"{each.auprc:.2f} ({low:.2f}-{high:.2f})",
            f"{each.auc:.2f}",
            f"{each.p_value:.2g}",
            *((f"{len(each.finds)} of {each.n_classes}",) if several else ()),
        )
    return drawn
