"""What did a user ask of a probe? A folder with the path, the probe and its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.data.images import ImageSet
from neurons.errors import RunNotFoundError, StaleActivationsError
from neurons.files import write_file
from neurons.folder_kinds import CLASSES
from neurons.folders import check_folder, folder_for_writing
from neurons.network.clip import Clip
from neurons.pages import Page, check_page_file, single_file, write
from neurons.readouts.probe import Probe
from neurons.recipes.class_list import ClassList
from neurons.recipes.write_result import keep_result, kind_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.causal import causal_check
from neurons.studies.probe.compose import compose
from neurons.studies.probe.stability import Stability

_WHERE = "where.json"
# in a probe's folder: its own pages, and those of its classes
PAGES, CLASS_PAGES = "report", "classes"


def write_probe(
    found: Probe,
    run: Activations,
    out: str | Path,
    *,
    again: Stability | None = None,
    replace: bool = False,
) -> Path:
    """Keep a probe where its path lies, with a page.

    Parameters
    ----------
    found : Probe
    run : Activations
        The one that was probed.
    out : str or Path
        The folder that `probe` kept its strengths in.
    again : Stability, optional
    replace : bool
        Whether another probe that is there, such as one of another strength of the same path, may
        be replaced.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    OutputExistsError
        If another probe is there, and may not be replaced.
    """
    out = Path(out)
    keep_result(out, found, replace=replace)
    write_file(out / _WHERE, (json.dumps({"run": str(run.path.resolve())}) + "\n").encode())
    more = () if again is None else (again,)
    for other in more:
        keep_result(out / kind_of(other), other, replace=replace)
    # what was found is the lead; the classes come before how the strength was chosen
    page = Page.of(found, above=(ClassList.of(found),), below=more)
    return write(
        out / PAGES,
        [page],
        title=f"What makes a class in {short_name(run.model_name)}",
        names=found.class_names,
        beside=[out / CLASS_PAGES],
    )


def open_probe(folder: str | Path, *, run: str | Path | None = None) -> tuple[Probe, Activations]:
    """Open a probe, and the run that it was fitted to, where it lay then or where it is now.

    Raises
    ------
    RunNotFoundError
        If there is no probe, or its run is not there any more.
    StaleActivationsError
        If the run is another one.
    """
    found = Probe.load(folder)
    if run is None:
        where = Path(folder) / _WHERE
        if not where.is_file():
            raise RunNotFoundError(f"{str(folder)!r} does not tell its run; name the run")
        run = json.loads(where.read_text())["run"]
    try:
        opened = Activations.open(run)
    except RunNotFoundError as error:
        raise RunNotFoundError(f"{error}; say where the probe's run is now") from None
    try:
        opened.check_provenance(found.provenance["run"])
    except StaleActivationsError as error:
        told = str(error).partition("(")[2].rpartition(")")[0]
        raise StaleActivationsError(
            f"the probe at {str(folder)!r} is of another run than {str(opened.path)!r} ({told}); "
            f"give a probe that was fitted to this run, or that probe's own run"
        ) from None
    return found, opened


def compose_to(
    found: Probe,
    run: Activations,
    names: Sequence[str],
    out: str | Path,
    *,
    images: ImageSet | None = None,
    clip: Clip | None = None,
    n_units: int = 5,
    n_random: int = 20,
    beside: Sequence[str | Path] = (),
    single: str | Path | None = None,
    replace: bool = False,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write a page per class: its units, their images, and whether the network needs them.

    The folder grows: its index lists all pages there. Each class has a folder, too, with its
    composition and its causal check to be loaded again.

    Parameters
    ----------
    found : Probe
    run : Activations
        The one that was probed.
    names : sequence of str
        Classes.
    out : str or Path
        It belongs to one probe, and one way to check it.
    images : ImageSet, optional
        Default: the run's, where they lay.
    clip : Clip, optional
        The run's model: for the causal check.
    n_units : int >= 1
        As `causal_check` takes it, like ``n_random``.
    n_random : int >= 20
    beside : sequence of str or Path
        Other pages, such as the probe's own and a report of units: they link to each other.
    single : str or Path, optional
        Writes all the classes' pages into this one file, too.
    replace : bool
        Whether pages of another probe may be replaced.
    progress : callable
        Takes the class, how many edits are done, and of how many.
    told : callable
        Takes a remark, such as that pages were there and are written again.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    OutputExistsError, OptionError
        If the folder holds pages of another probe, or something else.
    NeuronsError
        As `compose` and `causal_check`; nothing is written if a class is not known.
    """
    out, unique = Path(out), list(dict.fromkeys(names))
    for name in unique:
        found.index_of(name)
    made_of = _made_of(found, n_units, n_random, checked=clip is not None)
    check_folder(out, CLASSES, made_of, replace=replace)
    if single is not None:
        check_page_file(Path(single), made_of, replace=replace)
    shown = images or images_of(run)

    def pages() -> Iterator[Page]:
        for name in unique:
            made: tuple[Result, ...] = (compose(found, run, shown, name),)
            if clip is not None:
                check = causal_check(
                    found,
                    clip,
                    run,
                    shown,
                    name,
                    n_units=n_units,
                    n_random=n_random,
                    progress=partial(progress, name),
                )
                made += (check,)
            page = Page.of(made[0], below=made[1:])
            for each in made:
                place = out / Path(page.file_name).stem / kind_of(each)
                keep_result(place, each, replace=replace)
            yield page

    with folder_for_writing(out, CLASSES, made_of, replace=replace):
        index = write(
            out,
            pages(),
            title=f"What makes a class in {short_name(run.model_name)}",
            names=found.class_names,
            beside=[Path(each) for each in beside],
            told=told,
        )
    if single is not None:
        single_file(out, single, replace=replace)
    return index


def _made_of(found: Probe, n_units: int, n_random: int, *, checked: bool) -> dict[str, object]:
    """Tell what pages of classes depend on: the probe, the strength chosen, and the check."""
    made_of: dict[str, object] = {"probe": dict(found.provenance), "strength": found.step.strength}
    if checked:
        made_of["check"] = {"n_units": n_units, "n_random": n_random}
    return made_of
