"""How do lesions become a folder of pages: a map of the network, each cell a module's page?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.folder_kinds import LESIONS
from neurons.folders import check_folder, folder_for_writing
from neurons.interventions.lesion_result import Lesions
from neurons.interventions.module_lesions import module_lesions
from neurons.network.clip import Clip
from neurons.pages import Page, write
from neurons.readouts.readout import Readout, readout_provenance
from neurons.recipes.lesion_pictures import check_pictures, lesion_pictures
from neurons.recipes.write_result import keep_result
from neurons.results.result import Result
from neurons.results.saved import plain
from neurons.studies.representation.lesion import EACH_TO_ZERO, LesionPlan, lesion
from neurons.visualization.request import DEFAULT, Settings

Progress = Callable[[int, int], None]


def lesion_to(
    clip: Clip,
    images: ImageSet,
    out: str | Path,
    *,
    readout: Readout,
    plan: LesionPlan = EACH_TO_ZERO,
    recalibrate: bool = False,
    watch: str | None = None,
    top_k: int = 10,
    n: int = 200,
    seed: int = 0,
    visualize: Neuron | str | None = None,
    settings: Settings = DEFAULT,
    replace: bool = False,
    progress: Progress = lambda done, total: None,
    picture_done: Progress = lambda done, total: None,
) -> Lesions:
    """Measure lesions into a folder, and write its pages; go on where it stopped.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    out : str or Path
        Folder. ``out/index.html`` is the map; ``out/result`` holds the result and its table.
    readout : Readout
    plan : LesionPlan
    recalibrate : bool
        These, like ``top_k``, ``n``, ``seed`` and ``progress``, as `lesion` takes them.
    watch : str, optional
        A layer whose units' top images are compared; default: the layer of the unit that is
        visualized, else the last block.
    top_k : int
    n : int
    seed : int
    visualize : Neuron or str, optional
        A unit whose pictures are made intact and under the most and least harmful lesions.
    settings : Settings
        Of these pictures.
    replace : bool
        Whether lesions there that were asked for with other settings may be replaced.
    progress : callable
    picture_done : callable
        Takes how many of how many pictures are made.

    Returns
    -------
    Lesions

    Raises
    ------
    OutputExistsError
        If the folder holds lesions that were asked for otherwise, and may not be replaced.
    RunLockedError
        If another process is writing it.
    LayerNotFoundError, LabelsMissingError, OptionError
        As `lesion`, or if pictures cannot be made under such lesions.
    """
    out = Path(out)
    unit = None if visualize is None else Neuron.of(visualize)
    if unit is not None:
        watch = unit.layer if watch is None else watch
        check_pictures(plan.hows, watch, unit)
    made_with: dict[str, Any] = {
        "model": clip.provenance(),
        "images": images.provenance(),
        "readout": readout_provenance(readout),
        "plan": plain(plan, {}),
        "recalibrate": recalibrate,
        "watch": watch,
        "top_k": top_k,
        "n": n,
        "seed": seed,
        "visualize": None if unit is None else str(unit),
        "pictures": None if unit is None else settings.provenance(clip),
        # the last bits of what is kept depend on these
        "device": clip.device.type,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": {"torch": torch.__version__},
    }
    check_folder(out, LESIONS, made_with, replace=replace)
    with folder_for_writing(out, LESIONS, made_with, replace=replace):
        found = lesion(
            clip,
            images,
            readout=readout,
            plan=plan,
            recalibrate=recalibrate,
            watch=watch,
            top_k=top_k,
            n=n,
            seed=seed,
            kept=out / "kept",
            progress=progress,
        )
        below: tuple[Result, ...] = ()
        if unit is not None:
            below = (
                lesion_pictures(clip, found, unit, out, settings=settings, step_done=picture_done),
            )
        keep_result(out / "result", found, replace=True)
        _write_pages(out, found, images, below)
    return found


def _write_pages(out: Path, found: Lesions, images: ImageSet, below: tuple[Result, ...]) -> None:
    above = Page.of(found, below=below)
    title = f"{found.title} · {above.subtitle}" if above.subtitle else found.title
    write(out, _pages(found, images), title=title, above=above)


def _pages(found: Lesions, images: ImageSet) -> Iterator[Page]:
    """Make a page for each module, in the order of running."""
    ids = images.ids

    @lru_cache(maxsize=1000)
    def thumbnail(row: int) -> bytes:
        return images.small(row).encoded

    for path in dict.fromkeys(each.lesions[0].module for each in found.single):
        shown = module_lesions(found, path, thumbnail=thumbnail, ids=ids)
        yield Page.of(shown, summary=shown.short())
