"""Which units does a text ask for, in general or in one image?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import neurons
from neurons.cli.linear_options import LinearOptions
from neurons.cli.options import DeviceOptions, RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.cli.unit_options import LayerOption, only_layer
from neurons.errors import NeuronsError, OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, Clip, ImageSet, WantedInImage, WantedUnits
    from neurons.readouts.text_candidates import TextCandidates

_WORDS = 3


def wanted(
    run: RunPath,
    text: str,
    /,
    *,
    image: str | None = None,
    against: str = "",
    layer: LayerOption = None,
    vocabulary: str = "shipped",
    count: int = 10,
    seed: int = 0,
    linear: LinearOptions = LinearOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Find the units that a text asks for: `neurons wanted RUN "a photo of winter"`.

    Parameters
    ----------
    text : str
        A sentence or a word.
    image : str, optional
        One image: its id or file name in the run, or any file. Its score for the text is parted
        into units and places.
    against : str
        Another text: what the first asks for more than this one.
    layer : str, optional
        Module path, such as visual.layer4; default: the run's, if it has one only.
    vocabulary : str
        Words that the text is compared with: shipped, or a file of a word a line.
    count : int
        Units to show.
    seed : int
        Of random directions and controls.
    """
    from neurons.data.image_names import picture_called
    from neurons.readouts.frozen_readouts import frozen_readout
    from neurons.readouts.vocabulary import SHIPPED, read_vocabulary

    answer = to.answer("wanted", locals())
    if not text.strip():
        raise OptionError("the text is empty; give one, such as 'a photo of winter'")
    opened = neurons.Activations.open(run)
    path = only_layer(opened, layer)
    shown = images.of(opened)
    if image is not None:
        picture_called(shown, image)
    known = None if vocabulary == SHIPPED else list(read_vocabulary(vocabulary))
    clip = on.load_of(opened)
    opened.check_clip(clip)
    readout = frozen_readout(clip, path)
    words = _words(clip, text, against, known)
    if answer is not None:
        answer = answer.made_of(clip, shown)
    found: WantedUnits | WantedInImage
    if image is None:
        directions = linear.directions(clip, shown, path)
        found = neurons.wanted_units(
            opened,
            shown,
            readout,
            directions,
            text,
            against=against,
            words=words,
            names=_names(opened, shown, path),
            count=count,
            seed=seed,
        )
    else:
        found = neurons.wanted_in_image(
            opened,
            shown,
            readout,
            text,
            image,
            against=against,
            words=words,
            names=_names(opened, shown, path),
            count=count,
            seed=seed,
        )
    say(found.verdict())
    out_console.print(_drawn(found))
    if isinstance(found, neurons.WantedInImage):
        say(f"sum check: {found.told_sum()}")
    if answer is not None:
        say_path("pages", answer.write(found))
    few = " ".join(found.neurons()[:3])
    say(f"look at them: neurons report {run} {few} --out report")


def _words(clip: Clip, text: str, against: str, known: list[str] | None) -> TextCandidates:
    """Embed the words that the text is compared with; refuse the text before, if need be."""
    from neurons.readouts.reference_words import reference_words
    from neurons.readouts.text_weights import check_asked

    check_asked(clip, text, against)
    with Bar("embedding words", "words") as bar:
        return reference_words(clip, known, progress=bar.show)


def _names(run: Activations, images: ImageSet, layer: str) -> dict[str, str]:
    """Name the layer's units where the images have labels."""
    if images.labels is None:
        return {}
    try:
        with Bar(f"naming the units of {layer}", "units") as bar:
            found = neurons.label_units(run, images, layer, progress=bar.show)
    except NeuronsError as error:
        say(f"no names: {error}")
        return {}
    return {f"{layer}:{each.unit}": each.name for each in found.units if each.passed}


def _drawn(found: WantedUnits | WantedInImage) -> Table:
    """Draw the units, one line each."""
    from neurons import WantedInImage

    if isinstance(found, WantedInImage):
        drawn = table("neuron", "name", "share", "row, column", "words it speaks for here")
        for share in found.units:
            where = f"{share.row + 1}, {share.column + 1}" if share.row >= 0 else "-"
            unit = share.unit
            few = ", ".join(unit.words[:_WORDS])
            drawn.add_row(unit.neuron, unit.name or "-", f"{share.share:+.4f}", where, few)
        return drawn
    drawn = table("neuron", "name", "cosine", "z", "p", "weight x mean", "words for it")
    for each in found.units:
        drawn.add_row(
            each.unit.neuron,
            each.unit.name or "-",
            f"{each.cosine:.2f}",
            f"{each.z:.1f}",
            f"{each.p_value:.2g}",
            f"{each.contribution:.3g}",
            ", ".join(each.unit.words[:_WORDS]),
        )
    return drawn
