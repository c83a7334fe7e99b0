"""How do many targets become an album of pictures, and its pages?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from neurons.activations.run import Activations
from neurons.network.clip import Clip
from neurons.pages import Page, write
from neurons.results.provenance import short_name
from neurons.studies.visualization.visualize import TWO_SEEDS, Series, visualize_each
from neurons.visualization.album import album_for_writing
from neurons.visualization.objectives import Target, as_objective
from neurons.visualization.request import DEFAULT, Settings
from neurons.visualization.result import Visualization


def visualize_to(
    clip: Clip,
    targets: Sequence[Target],
    out: str | Path,
    *,
    settings: Settings = DEFAULT,
    series: Series = TWO_SEEDS,
    run: Activations | None = None,
    replace: bool = False,
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
    replace : bool
        Whether pictures there that were made with other settings may be replaced.
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
    OutputExistsError
        If the folder holds pictures that were made with other settings, and may not be replaced.
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
    with album_for_writing(out, depends_on, replace=replace) as album:
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
        pages = (Page.of(album.get(name)) for name in by_name)
        return write(out, pages, title=f"What neurons of {short_name(clip.name)} want to see")
