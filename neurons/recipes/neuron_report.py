"""What is known of a neuron? Its page, where every study says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neurons.activations.remembered import RememberedActivations
from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.remembered import RememberedImages
from neurons.errors import OptionError
from neurons.folder_kinds import REPORT
from neurons.folders import check_folder, folder_for_writing
from neurons.network.clip import Clip
from neurons.pages import Page, check_page_file, single_file, write, write_single
from neurons.readouts.probe import Probe
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.unit_directions import UnitDirections
from neurons.recipes.unit_page import UnitPages, album_of, subtitle_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.roles import ProbeRoles
from neurons.studies.units.examples import TopExamples, top_examples
from neurons.studies.units.top_strings import TopStrings, top_strings
from neurons.studies.words.unit_texts import UnitTexts, rank_texts


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
    further: Mapping[Neuron, Result | Sequence[Result]] | None = None,
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
    further : mapping of Neuron to Result, or to several, optional
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
    album = None if pictures is None else album_of(opened, pictures, unique)
    if probe is not None:
        opened.check_provenance(probe.provenance["run"])
    if single is not None:
        check_page_file(Path(single), made_of, replace=replace)

    pages = UnitPages(
        RememberedActivations.of(opened),
        RememberedImages.of(shown),
        count,
        per_bucket,
        by,
        album,
        None if probe is None else ProbeRoles(probe, opened, shown),
        further or {},
    )

    with folder_for_writing(out, REPORT, made_of, replace=replace):
        index = write(
            out,
            map(pages.page, unique),
            title=f"Neurons of {short_name(opened.model_name)}",
            names=shown.class_names,
            beside=[Path(each) for each in beside],
            done=done,
            told=told,
        )
    if single is not None:
        single_file(out, single, replace=replace)
    return index


def _made_of(run: Activations) -> dict[str, object]:
    """Tell what a report is of: pages of anything else would be taken for pages of this."""
    told = run.provenance()
    return {key: told[key] for key in ("model", "images", "precision") if key in told}


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
    page = Page.of(top, subtitle=subtitle_of(run, top))
    return write_single(path, page, settings=settings, replace=replace), top


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


def ranked_texts(
    clip: Clip,
    directions: UnitDirections,
    neurons: Sequence[Neuron],
    candidates: TextCandidates,
    *,
    run: Activations | None = None,
) -> dict[Neuron, UnitTexts]:
    """Find the texts that neurons of a layer ask for, for their pages in a report.

    Parameters
    ----------
    clip : Clip
    directions : UnitDirections
    neurons : sequence of Neuron
        Those that add nothing to the embedding are left out: they ask for no text.
    candidates : TextCandidates
        Texts to try.
    run : Activations, optional
        For the provenance.
    """
    pointing = [each for each in neurons if directions.of(each.unit).any()]
    if not pointing:
        return {}
    found = rank_texts(clip, directions, pointing, candidates, run=run)
    return dict(zip(pointing, found, strict=True))
