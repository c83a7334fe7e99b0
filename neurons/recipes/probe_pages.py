"""What did a user ask of a probe? A folder with the path, the probe and its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.data.images import ImageSet
from neurons.errors import RunNotFoundError
from neurons.files import write_file
from neurons.network.clip import Clip
from neurons.pages import Page, write
from neurons.readouts.probe import Probe
from neurons.recipes.write_result import keep_result, kind_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.causal import causal_check
from neurons.studies.probe.compose import compose
from neurons.studies.probe.stability import Stability

_WHERE = "where.json"
_PAGES = "report"


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
    page = Page.of(found, below=more)
    return write(out / _PAGES, [page], title=f"What makes a class in {short_name(run.model_name)}")


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
    opened.check_provenance(found.provenance["run"])
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
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Path:
    """Write a page per class: its units, their images, and whether the network needs them.

    Each class has a folder, too, with its composition and its causal check to be loaded again.

    Parameters
    ----------
    found : Probe
    run : Activations
        The one that was probed.
    names : sequence of str
        Classes.
    out : str or Path
    images : ImageSet, optional
        Default: the run's, where they lay.
    clip : Clip, optional
        The run's model: for the causal check.
    n_units : int >= 1
        As `causal_check` takes it, like ``n_random``.
    n_random : int >= 20
    progress : callable
        Takes the class, how many edits are done, and of how many.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    NeuronsError
        As `compose` and `causal_check`; nothing is written if a class is not known.
    """
    out, shown = Path(out), images or images_of(run)
    for name in names:
        found.index_of(name)

    def pages() -> Iterator[Page]:
        for name in names:
            made: tuple[Result, ...] = (compose(found, run, shown, name),)
            if clip is not None:
                made += (
                    causal_check(
                        found,
                        clip,
                        run,
                        shown,
                        name,
                        n_units=n_units,
                        n_random=n_random,
                        progress=partial(progress, name),
                    ),
                )
            page = Page.of(made[0], below=made[1:])
            for each in made:
                keep_result(out / Path(page.file_name).stem / kind_of(each), each)
            yield page

    return write(out, pages(), title=f"What makes a class in {short_name(run.model_name)}")
