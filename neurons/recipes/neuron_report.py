"""Which studies make a job? The only place where they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from neurons.activations.run import Activations, images_of, model_name
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.pages import Page, write, write_single
from neurons.readouts.probe import Probe
from neurons.results.result import Result
from neurons.studies.probe.roles import roles
from neurons.studies.units.examples import TopExamples, top_examples
from neurons.studies.units.spectrum import Spectrum, spectrum
from neurons.studies.units.top_by_group import top_by
from neurons.studies.units.top_strings import TopStrings, top_strings
from neurons.visualization.album import open_album


def report(
    run: Activations | str | Path,
    neurons: Sequence[Neuron],
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
    """Write a page a neuron and an index: what excites each, and what lies between.

    Parameters
    ----------
    run : Activations, str or Path
    neurons : sequence of Neuron
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
        What else is known of a neuron, such as what it `reads`: drawn before its images.
    done : callable, optional
        Called after each page.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError, StaleActivationsError, ImagesNotFoundError
        See the studies; nothing is written if an address is wrong.
    """
    opened = run if isinstance(run, Activations) else Activations.open(run)
    if not neurons:
        raise OptionError("no neuron to report; name some, such as visual.layer4:89")
    unique = list(dict.fromkeys(neurons))
    for neuron in unique:
        opened.check(neuron)
    shown = image_set or images_of(opened)
    opened.check_images(shown)
    album = None if pictures is None else open_album(pictures)
    if album is not None:
        for neuron in unique:
            album.check(str(neuron))

    def pages() -> Iterator[Page]:
        for neuron in unique:
            top = top_examples(opened, shown, neuron, count=count)
            whole = spectrum(opened, shown, neuron, per_bucket=per_bucket)
            groups = [top_by(opened, shown, neuron, by=by)] if by else []
            made = [album.get(str(neuron))] if album is not None else []
            serves = (
                [roles(probe, opened, shown, neuron)]
                if probe is not None and probe.layer == neuron.layer
                else []
            )
            more = [further[neuron]] if further is not None and neuron in further else []
            yield neuron_page(opened, top, whole, *groups, *made, *serves, *more)

    return write(out, pages(), title=f"Neurons of {model_name(opened)}", done=done)


def neuron_page(run: Activations, top: TopExamples, whole: Spectrum, *first: Result) -> Page:
    """Compose the page of one neuron; what comes ``first`` stands above its top images."""
    alive = whole.state == "alive"
    facts = [
        ("state", whole.state),
        ("images", f"{whole.n:,}"),
        ("maximum", f"{whole.maximum:.3g}"),
        *([("skewness", f"{whole.skewness:.2f}")] if alive else []),
        *([("sparsity", f"{whole.sparsity:.0%}")] if alive else []),
    ]
    results = (*first, top, whole) if alive else (whole,)
    return Page(top.neuron, _subtitle(run, top), tuple(facts), results)


def gallery(path: str | Path, run: Activations, top: TopExamples) -> Path:
    """Write the top examples of one neuron as one self-contained HTML file."""
    maximum = f"{top.top[0].peak:.3g}" if top.top else "none"
    facts = (("images", f"{top.n:,}"), ("maximum", maximum))
    return write_single(path, Page(top.neuron, _subtitle(run, top), facts, (top,)))


def _subtitle(run: Activations, top: TopExamples) -> str:
    neuron = Neuron.parse(top.neuron)
    layer = run.layer(neuron.layer)
    places = f", {layer.height} × {layer.width} places" if layer.height * layer.width > 1 else ""
    return f"{model_name(run)} · unit {neuron.unit} of {layer.units:,}{places}"


def read_strings(
    clip: Clip,
    neurons: Sequence[Neuron],
    words: Sequence[str],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[Neuron, TopStrings]:
    """Find what neurons read, for their pages in a report.

    Parameters
    ----------
    clip : Clip
    neurons : sequence of Neuron
        All are asked in one pass.
    words : sequence of str
        Strings to try, such as class names.
    progress : callable
        Takes how many of how many strings have been looked at.
    """
    unique = list(dict.fromkeys(neurons))
    return dict(zip(unique, top_strings(clip, unique, words, progress=progress), strict=True))
