"""What can the toolkit show in a minute, without a network?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurons.activations.average_precision import average_precision, places
from neurons.activations.run import Activations
from neurons.activations.scan import scan
from neurons.address import Neuron
from neurons.data.images import ImageSet, images
from neurons.data.opening import MINIATURE
from neurons.drawn_world import labelled_pictures
from neurons.drawn_world.concepts import concepts
from neurons.folder_kinds import DEMO
from neurons.folders import check_folder
from neurons.network.clip import load
from neurons.pages import Page
from neurons.recipes.atlas import atlas
from neurons.recipes.neuron_report import report
from neurons.recipes.write_result import write_result
from neurons.studies.units.census import Census, census
from neurons.studies.units.label_units import UnitLabels, label_units

LAYER = "visual.layer4"
BY = "rendition"
# average precision: of random directions in a layer 1.4 % reach it for some class
_PASSING = 0.3
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Demo:
    """What a demonstration made.

    Parameters
    ----------
    index : Path
        The report's first page.
    census : Census
    shown : dict from Neuron to str
        The reported neurons, each with the reason why.
    labels : UnitLabels
    atlas : Path
        The first page of the atlas of all units.
    """

    index: Path
    census: Census
    shown: dict[Neuron, str]
    labels: UnitLabels
    atlas: Path


def demo(out: Path, *, replace: bool = False, tell: Tell = lambda what, done, total: None) -> Demo:
    """Scan the miniature's pictures, report a telling few of its units, and map and name them all.

    Parameters
    ----------
    out : Path
        Folder for the run, the report, the names and the atlas; a second call goes on with what is
        there.
    replace : bool
        Whether what another version made there may be replaced.
    tell : callable
        Takes what is being done, how much of it is done, and of how much.

    Returns
    -------
    Demo

    Raises
    ------
    OutputExistsError, OptionError
        If the folder holds something else, or cannot be written.
    """
    check_folder(out, DEMO)
    labelled_pictures.folder(progress=lambda done, total: tell("drawing", done, total))
    pictures, clip = images(MINIATURE), load(MINIATURE)
    scan(
        clip,
        pictures,
        [LAYER],
        out / "run",
        replace=replace,
        progress=lambda state: tell("scanning", state.done, state.total),
    )
    run = Activations.open(out / "run")
    counted = census(run, pictures, LAYER, by=BY)
    shown = telling(counted, worths(run, pictures, counted))
    written: list[str] = []

    def done(page: Page) -> None:
        written.append(page.title)
        tell("writing the report", len(written), len(shown))

    index = report(
        run, list(shown), out / "report", image_set=pictures, by=BY, replace=replace, done=done
    )
    labels = label_units(
        run,
        pictures,
        LAYER,
        progress=lambda done, total: tell("naming units", done, total),
    )
    write_result(out / "labels", labels, settings={"command": "demo"}, replace=replace)
    site = atlas(
        run,
        LAYER,
        out / "atlas",
        image_set=pictures,
        by=BY,
        tables=[labels, counted],
        replace=replace,
        progress=tell,
    )
    return Demo(index, counted, shown, labels, site)


def worths(run: Activations, pictures: ImageSet, counted: Census) -> dict[int, float]:
    """Give for each multimodal unit how well it finds its class in the group where it does worst.

    Average precision among the images of one group; the lead of a mean says less: a unit may lead
    in a class by the mean and have a picture of another one on top.
    """
    labels = pictures.require_labels()
    shown = np.array([str(value) for value in pictures.column(counted.by)])
    found = {}
    for k, name in enumerate(counted.class_names):
        for unit in counted.units_of(name):
            peaks = run.peak(f"{counted.layer}:{unit}")
            each = []
            for value in counted.among:
                rows = np.flatnonzero(shown == value)
                place = places(peaks[rows, None])[labels[rows] == k]
                each.append(float(average_precision(place)[0]))
            found[unit] = min(each)
    return found


def telling(counted: Census, worth: Mapping[int, float]) -> dict[Neuron, str]:
    """Choose the unit that finds each of a few concepts best, and a polysemantic one.

    Parameters
    ----------
    counted : Census
    worth : mapping of int to float
        Of each multimodal unit, as `worths` gives it. The best comes first; a concept that no
        multimodal unit finds with 0.3 or more in every group is left out.
    """
    emotions = [name for name, each in concepts().items() if each.family == "emotions"]
    found = []
    for names in (["finance"], ["spider"], ["winter"], emotions):
        units = [
            (unit, name)
            for name in names
            for unit in counted.units_of(name)
            if worth[unit] >= _PASSING
        ]
        found += sorted(units, key=lambda each: -worth[each[0]])[:1]
    shown = {}
    for unit, name in sorted(found, key=lambda each: -worth[each[0]]):
        shown[Neuron(counted.layer, unit)] = f"{name}, as picture, outline and word"
    for unit in counted.polysemantic_units()[:1]:
        tops = [counted.class_names[top] for top in counted.tops[:, unit]]
        what = ", ".join(f"{name} as {way}" for name, way in zip(tops, counted.among, strict=True))
        shown[Neuron(counted.layer, unit)] = f"polysemantic: {what}"
    return shown
