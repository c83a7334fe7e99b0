"""What is known of a neuron? Its page, where every study says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.differences import check_belongs
from neurons.errors import OptionError
from neurons.folder_kinds import REPORT
from neurons.folders import check_folder, folder_for_writing
from neurons.network.clip import Clip
from neurons.pages import Page, check_page_file, single_file, write, write_single
from neurons.readouts.probe import Probe
from neurons.recipes.pictures import BesidePhotographs
from neurons.recipes.unit_summary import facts_of, lead_of, summary_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.roles import roles
from neurons.studies.units.examples import TopExamples, top_examples
from neurons.studies.units.spectrum import Spectrum, spectrum
from neurons.studies.units.top_by_group import top_by
from neurons.studies.units.top_strings import TopStrings, top_strings
from neurons.visualization.album import Album, open_album


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
    beside: Sequence[str | Path] = (),
    single: str | Path | None = None,
    replace: bool = False,
    done: Callable[[Page], None] | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write a page per neuron into a report, which grows: its index lists all pages there.

    Parameters
    ----------
    run : Activations, str or Path
    neurons : sequence of Neuron or str
        Such as ``visual.layer4:89``; each has one page, however often it is named.
    out : str or Path
        Folder; it opens from disk, without a network. It belongs to one run: pages of other images,
        another model or precision are refused.
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
    beside : sequence of str or Path
        Other reports of the same run, such as the classes that `compose_to` writes: the pages link
        to each other.
    single : str or Path, optional
        Writes the whole report into this one file, too.
    replace : bool
        Whether a report of another run may be replaced.
    done : callable, optional
        Called after each page.
    told : callable
        Takes a remark, such as that pages were there and are written again.

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
    MismatchError
        If the album is of another model, or of other images.
    ImagesNotFoundError
        If the images are not where they lay any more.
    AlbumNotFoundError
        If there is no album, or it lacks a neuron.
    OutputExistsError
        If the folder is the report of another run.
    OptionError
        If no neuron is named, or the folder holds something else.
    """
    opened = run if isinstance(run, Activations) else Activations.open(run)
    if not neurons:
        raise OptionError("no neuron to report; name some, such as visual.layer4:89")
    unique = list(dict.fromkeys(map(Neuron.of, neurons)))
    for neuron in unique:
        opened.check(neuron)
    out, made_of = Path(out), _made_of(opened)
    check_folder(out, REPORT, made_of, replace=replace)
    shown = image_set or images_of(opened)
    opened.check_images(shown)
    album = None if pictures is None else _album_of(opened, pictures, unique)
    if probe is not None:
        opened.check_provenance(probe.provenance["run"])
    if single is not None:
        check_page_file(Path(single), made_of, replace=replace)

    def page_of(neuron: Neuron) -> Page:
        more: list[Result] = []
        if by is not None:
            more.append(top_by(opened, shown, neuron, by=by))
        top = top_examples(opened, shown, neuron, count=count)
        if album is not None:
            more.append(BesidePhotographs.of(album.get(str(neuron)), top.top))
        if probe is not None and probe.layer == neuron.layer:
            more.append(roles(probe, opened, shown, neuron))
        if further is not None and neuron in further:
            more.append(further[neuron])
        whole = spectrum(opened, shown, neuron, per_bucket=per_bucket)
        return neuron_page(opened, top, whole, *more, n_classes=len(shown.class_names))

    with folder_for_writing(out, REPORT, made_of, replace=replace):
        index = write(
            out,
            map(page_of, unique),
            title=f"Neurons of {short_name(opened.model_name)}",
            names=shown.class_names,
            beside=[Path(each) for each in beside],
            done=done,
            told=told,
        )
    if single is not None:
        single_file(out, single, replace=replace)
    return index


def neuron_page(
    run: Activations, top: TopExamples, whole: Spectrum, *first: Result, n_classes: int = 0
) -> Page:
    """Compose the page of one neuron; what comes ``first`` stands above its top images.

    Parameters
    ----------
    run : Activations
    top : TopExamples
    whole : Spectrum
    *first : Result
    n_classes : int
        Classes of the image set; 0 where it has no labels.
    """
    # a dead unit has no top images: all are equal
    results = (*first, top, whole) if whole.alive else (*first, whole)
    return Page(
        whole.title,
        _subtitle(run, top),
        facts_of(top, whole, n_classes),
        results,
        lead_of(top, whole, n_classes),
        summary_of(top, whole, n_classes),
    )


def _made_of(run: Activations) -> dict[str, object]:
    """Tell what a report is of: pages of anything else would be taken for pages of this."""
    told = run.provenance()
    return {key: told[key] for key in ("model", "images", "precision") if key in told}


def _album_of(run: Activations, path: str | Path, neurons: Sequence[Neuron]) -> Album:
    """Open an album of this run's model and images that holds all the neurons."""
    album = open_album(path)
    check_belongs(
        f"album {str(path)!r}", album.made_of(), f"run {str(run.path)!r}", run.provenance()
    )
    for neuron in neurons:
        album.check(str(neuron))
    return album


def gallery(
    path: str | Path,
    run: Activations,
    neuron: Neuron | str,
    *,
    image_set: ImageSet | None = None,
    count: int = 16,
    replace: bool = False,
) -> tuple[Path, TopExamples]:
    """Write the top examples of one neuron as one self-contained HTML file.

    Parameters
    ----------
    path : str or Path
    run : Activations
    neuron : Neuron or str
    image_set : ImageSet, optional
        Default: the images where they lay when the run was made.
    count : int >= 1
        Images at each end.
    replace : bool
        Whether a gallery of other settings may be replaced.

    Raises
    ------
    OutputExistsError, OptionError
        If another gallery, or another file, is there; or as `top_examples`.
    """
    run.check(neuron)
    settings = {"run": run.provenance(), "neuron": str(neuron), "count": count}
    check_page_file(Path(path), settings, replace=replace)
    top = top_examples(run, image_set or images_of(run), neuron, count=count)
    page = Page.of(top, subtitle=_subtitle(run, top))
    return write_single(path, page, settings=settings, replace=replace), top


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
    run: Activations | None = None,
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
    run : Activations, optional
        Of this model: what images reach is said beside what strings reach.
    progress : callable
        Takes how many of how many strings have been looked at.
    """
    unique = list(dict.fromkeys(map(Neuron.of, neurons)))
    return dict(
        zip(unique, top_strings(clip, unique, words, run=run, progress=progress), strict=True)
    )
