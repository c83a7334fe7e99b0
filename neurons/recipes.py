"""Which studies make a job? The only place where they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.album import album_for_writing, open_album
from neurons.ascent import DEFAULT, Settings
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.images import ImageSet, images
from neurons.model import Clip
from neurons.objectives import Target, as_objective
from neurons.probe import Probe
from neurons.report import Page, write, write_single
from neurons.results import Result
from neurons.studies.examples import TopExamples, top_examples
from neurons.studies.groups import top_by
from neurons.studies.roles import roles
from neurons.studies.spectrum import Spectrum, spectrum
from neurons.studies.visualize import TWO_SEEDS, Series, visualize_each
from neurons.visualization import Visualization


def images_of(run: Activations) -> ImageSet:
    """Open the images that a run was made of, where they lay then.

    Raises
    ------
    ImagesNotFoundError
        If they were a list of files, or are not there any more.
    """
    where: dict[str, Any] = run.spec.provenance["where"]
    if where["images"] is None:
        raise ImagesNotFoundError(
            f"run {str(run.path)!r} was made of a list of files; name them again with --images"
        )
    try:
        return images(where["images"], label_column=where["label_column"])
    except ImagesNotFoundError as error:
        raise ImagesNotFoundError(f"{error}; say where they are now with --images") from None


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


def visualize_to(
    clip: Clip,
    targets: Sequence[Target],
    out: str | Path,
    *,
    settings: Settings = DEFAULT,
    series: Series = TWO_SEEDS,
    run: Activations | None = None,
    done: Callable[[Visualization, int, int], None] = lambda made, n, total: None,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Make pictures of many targets into an album, and a page for each; go on where it stopped.

    Parameters
    ----------
    clip : Clip
    targets : sequence of Neuron or Objective
    out : str or Path
        The album's folder. What is there already is not made again.
    settings : Settings
    series : Series
    run : Activations, optional
        These, like ``step_done`` and ``told``, as `visualize_each` takes them.
    done : callable
        Takes each target's pictures as they are kept, and how many of how many are.
    step_done : callable
    told : callable

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    StaleActivationsError
        If the folder holds pictures that were made in another way.
    RunLockedError
        If another process is writing there.
    """
    out = Path(out)
    by_name = {as_objective(target).name: target for target in targets}
    depends_on = {
        "model": clip.provenance(),
        "settings": settings.provenance(clip),
        "series": series.provenance(),
        "run": None if run is None else run.provenance(),
    }
    with album_for_writing(out, depends_on) as album:
        missing = [target for name, target in by_name.items() if not album.has(name)]
        n = len(by_name) - len(missing)
        if missing:
            for made in visualize_each(
                clip,
                missing,
                settings=settings,
                series=series,
                run=run,
                step_done=step_done,
                told=told,
            ):
                album.keep(made)
                n += 1
                done(made, n, len(by_name))
        pages = (_picture_page(clip, album.get(name)) for name in by_name)
        return write(out, pages, title=f"What neurons of {short_name(clip.name)} want to see")


def _picture_page(clip: Clip, made: Visualization) -> Page:
    facts = [("state", "dead" if made.dead else "alive"), ("steps", f"{made.steps:,}")]
    if not made.dead:
        facts.append(("activation", f"{made.plain()[0].activation:.3g}"))
        if made.n_images:
            facts.append(("above images", f"{made.plain()[0].percentile:.1%}"))
    return Page(made.target, short_name(clip.name), tuple(facts), (made,))


def gallery(path: str | Path, run: Activations, top: TopExamples) -> Path:
    """Write the top examples of one neuron as one self-contained HTML file."""
    maximum = f"{top.top[0].peak:.3g}" if top.top else "none"
    facts = (("images", f"{top.n:,}"), ("maximum", maximum))
    return write_single(path, Page(top.neuron, _subtitle(run, top), facts, (top,)))


def model_name(run: Activations) -> str:
    """Give the name of a run's model as a title."""
    return short_name(run.spec.provenance["model"]["name"])


def short_name(model: str) -> str:
    """Give a model's name as a title: of a folder, its last part."""
    return Path(model).name if model.startswith("local-dir:") else model


def _subtitle(run: Activations, top: TopExamples) -> str:
    neuron = Neuron.parse(top.neuron)
    layer = run.layer(neuron.layer)
    places = f", {layer.height} × {layer.width} places" if layer.height * layer.width > 1 else ""
    return f"{model_name(run)} · unit {neuron.unit} of {layer.units:,}{places}"
