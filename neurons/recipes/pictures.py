"""How do many targets become an album of pictures, and its pages?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.activations.unit_activations import Example
from neurons.data.images import ImageSet
from neurons.errors import NeuronsError
from neurons.network.clip import Clip
from neurons.pages import Page, write
from neurons.results.blocks import Beside, Block, Gallery
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.studies.units.examples import top_examples
from neurons.studies.visualization.visualize import TWO_SEEDS, Series, visualize_each
from neurons.visualization.album import album_for_writing
from neurons.visualization.objectives import Target, as_objective
from neurons.visualization.request import DEFAULT, Settings
from neurons.visualization.result import Visualization

_N_PHOTOGRAPHS = 6


@dataclass(frozen=True)
class BesidePhotographs(Result):
    """Made pictures, with the images that excite the same unit most beside them.

    Parameters
    ----------
    made : Visualization
    photographs : tuple of Example
    """

    made: Visualization
    photographs: tuple[Example, ...]

    @classmethod
    def of(cls, made: Visualization, photographs: Sequence[Example]) -> BesidePhotographs:
        """Put them beside each other; the first few images are shown."""
        return cls(made.provenance, made, tuple(photographs[:_N_PHOTOGRAPHS]))

    @property
    def title(self) -> str:
        """The target."""
        return self.made.title

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Those of the pictures."""
        return self.made.facts()

    def verdict(self) -> str:
        """Say what the pictures reach."""
        return self.made.verdict()

    def rows(self) -> Sequence[Row]:
        """One row per picture."""
        return self.made.rows()

    def blocks(self) -> tuple[Block, ...]:
        """Draw both galleries in one row, and the evidence below."""
        if self.made.dead:
            return ()
        most = Gallery(
            "Images that excite it most",
            tuple(example.tile() for example in self.photographs),
            "Of the run. What both sides share is more likely to be what the unit answers to.",
        )
        pictures = self.made.gallery()
        beside = Beside(pictures.title, dataclasses.replace(pictures, title="Made"), most)
        return (beside, *self.made.below())


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
        images = None if run is None else _seen(run, told)
        pages = (_page(album.get(name), run, images) for name in by_name)
        names = () if images is None else images.class_names
        title = f"What excites neurons of {short_name(clip.name)}"
        return write(out, pages, title=title, names=names, told=told)


def _page(made: Visualization, run: Activations | None, images: ImageSet | None) -> Page:
    """Give a target's page; the run's own images stand beside the pictures of a unit."""
    if run is None or images is None or not made.unit or made.downwards or made.dead:
        return Page.of(made)
    top = top_examples(run, images, made.unit, count=_N_PHOTOGRAPHS).top
    return Page.of(BesidePhotographs.of(made, top))


def _seen(run: Activations, told: Callable[[str], None]) -> ImageSet | None:
    """Open the run's images, unless they are not there any more: then pictures stand alone."""
    try:
        images = images_of(run)
        run.check_images(images)
    except NeuronsError as error:
        told(f"no images beside the pictures: {error}")
        return None
    return images
