"""What is known of a neuron? Its page, where every study says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.pages import Page, write, write_single
from neurons.readouts.probe import Probe
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.roles import roles
from neurons.studies.units.examples import TopExamples, top_examples
from neurons.studies.units.spectrum import Spectrum, spectrum
from neurons.studies.units.top_by_group import top_by
from neurons.studies.units.top_strings import TopStrings, top_strings
from neurons.visualization.album import open_album


def report(
    run: Activations | str | Path,
    neurons: Sequence[Neuron | str],
    out: str | Path,
    *,
    image_set: ImageSet | None = None,
    count: int = 16,
    per_bucket: int = 6,
    by: str | None = None,
    pictures: str | Path | None = None,
    probe: Probe | None = None,
    further: Mapping[Neuron, Result] | None = None,
    done: Callable[[Page], None] | None = None,
) -> Path:
    """Write a page per neuron and an index: what excites each, and what lies between.

    Parameters
    ----------
    run : Activations, str or Path
    neurons : sequence of Neuron or str
        Such as ``visual.layer4:89``; each has one page, however often it is named.
    out : str or Path
        Folder; it opens from disk, without a network.
    image_set : ImageSet, optional
        Default: the images where they lay when the run was made.
    count : int >= 1
        Images at each end of a neuron's range.
    per_bucket : int >= 0
        Images from each bucket of the range.
    by : str, optional
        A column that groups the images, such as ``rendition``: the top of each group comes first.
    pictures : str or Path, optional
        An album that `visualize_to` made: each page gains its neuron's pictures.
    probe : Probe, optional
        Of this run: the pages of its layer's units gain the classes that they serve.
    further : mapping of Neuron to Result, optional
        What else is known of a neuron, such as its `top_strings`: drawn before its images.
    done : callable, optional
        Called after each page.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold a unit; nothing is written then.
    StaleActivationsError
        If these are not the images of the run, or the probe is of another run.
    ImagesNotFoundError
        If the images are not where they lay any more.
    AlbumNotFoundError
        If there is no album, or it lacks a neuron.
    OptionError
        If no neuron is named.
    """
    opened = run if isinstance(run, Activations) else Activations.open(run)
    if not neurons:
        raise OptionError("no neuron to report; name some, such as visual.layer4:89")
    unique = list(dict.fromkeys(map(Neuron.of, neurons)))
    for neuron in unique:
        opened.check(neuron)
    shown = image_set or images_of(opened)
    opened.check_images(shown)
    album = None if pictures is None else open_album(pictures)
    if album is not None:
        for neuron in unique:
            album.check(str(neuron))

    def page_of(neuron: Neuron) -> Page:
        first: list[Result] = []
        if by:
            first.append(top_by(opened, shown, neuron, by=by))
        if album is not None:
            first.append(album.get(str(neuron)))
        if probe is not None and probe.layer == neuron.layer:
            first.append(roles(probe, opened, shown, neuron))
        if further is not None and neuron in further:
            first.append(further[neuron])
        top = top_examples(opened, shown, neuron, count=count)
        whole = spectrum(opened, shown, neuron, per_bucket=per_bucket)
        return neuron_page(opened, top, whole, *first)

    return write(
        out, map(page_of, unique), title=f"Neurons of {short_name(opened.model_name)}", done=done
    )


def neuron_page(run: Activations, top: TopExamples, whole: Spectrum, *first: Result) -> Page:
    """Compose the page of one neuron; what comes ``first`` stands above its top images."""
    # a dead unit has no top images: all are equal
    above = (*first, top) if whole.state == "alive" else ()
    return Page.of(whole, subtitle=_subtitle(run, top), above=above)


def gallery(path: str | Path, run: Activations, top: TopExamples) -> Path:
    """Write the top examples of one neuron as one self-contained HTML file."""
    return write_single(path, Page.of(top, subtitle=_subtitle(run, top)))


def _subtitle(run: Activations, top: TopExamples) -> str:
    neuron = Neuron.parse(top.neuron)
    layer = run.layer(neuron.layer)
    places = f", {layer.height} × {layer.width} places" if layer.height * layer.width > 1 else ""
    return f"{short_name(run.model_name)} · unit {neuron.unit} of {layer.units:,}{places}"


def read_strings(
    clip: Clip,
    neurons: Sequence[Neuron | str],
    words: Sequence[str],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[Neuron, TopStrings]:
    """Find the strings that excite neurons most, for their pages in a report.

    Parameters
    ----------
    clip : Clip
    neurons : sequence of Neuron or str
        All are asked in one pass.
    words : sequence of str
        Strings to try, such as class names.
    progress : callable
        Takes how many of how many strings have been looked at.
    """
    unique = list(dict.fromkeys(map(Neuron.of, neurons)))
    return dict(zip(unique, top_strings(clip, unique, words, progress=progress), strict=True))
