"""What is there in a layer? An atlas of all its units, to be searched and browsed from disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurons.activations.remembered import RememberedActivations
from neurons.activations.run import Activations, images_of
from neurons.address import Neuron
from neurons.data.decoding import quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.remembered import SmallImages
from neurons.errors import OptionError
from neurons.folder_kinds import ATLAS
from neurons.folders import check_folder, folder_for_writing
from neurons.pages.atlas import AtlasContent, write_atlas
from neurons.readouts.probe import Probe
from neurons.recipes.atlas_pictures import pictures_of, strongest_images
from neurons.recipes.export import write_units
from neurons.recipes.layer_facts import LayerFacts, check_tables, grouping, layer_facts
from neurons.recipes.unit_page import UnitPages, album_of
from neurons.recipes.write_result import kind_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.results.table import as_arrow
from neurons.studies.probe.roles import ProbeRoles
from neurons.visualization.album import Album

# images that excite a unit most which a list may show
_TOP = 9
# a row per unit, with all columns
TABLE = "units.csv"
Tell = Callable[[str, int, int], None]


def atlas(
    run: Activations | str | Path,
    layer: str,
    out: str | Path,
    *,
    image_set: ImageSet | None = None,
    count: int = 12,
    per_bucket: int = 4,
    by: str | None = None,
    pictures: str | Path | None = None,
    probe: Probe | None = None,
    tables: Sequence[Result] = (),
    further: Mapping[Neuron, Result] | None = None,
    n_similar: int = 20,
    seed: int = 0,
    workers: int = 2,
    replace: bool = False,
    progress: Tell = lambda what, done, total: None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write an atlas of a layer: a page per unit, a map, a search, and pictures with their units.

    After a stop or a kill, the same call goes on where it was.

    Parameters
    ----------
    run : Activations, str or Path
    layer : str
        Of the run.
    out : str or Path
        Folder; ``index.html`` in it opens from disk, without a network, and ``units.csv`` has a row
        per unit with all that is known.
    image_set : ImageSet, optional
        Default: the images where they lay when the run was made.
    count : int >= 1
        Images at each end of a unit's range, on its page.
    per_bucket : int >= 0
        Images from each bucket of the range.
    by : str, optional
        A column that groups the images: pages show the top of each group, and units are counted
        that have one class in all of them. Default: ``rendition``, if there is one.
    pictures : str or Path, optional
        An album that `visualize_to` made: units that it holds show their pictures.
    probe : Probe, optional
        Of this run: units of its layer show the classes that they serve.
    tables : sequence of Result
        What else is known of the units, such as their `label_units`: any result whose rows name
        neurons of the layer. Units are called by the first column ``name`` among them.
    further : mapping of Neuron to Result, optional
        What else is known of a neuron, such as its `top_strings`: drawn before its images.
    n_similar : int >= 1
        Units most alike to each.
    seed : int
        Of the map, and of what is drawn at random.
    workers : int >= 1
        Threads that draw pages.
    replace : bool
        Whether an atlas of other settings may be replaced.
    progress : callable
        Takes what is being done, how much of it is done, and of how much.
    told : callable
        Takes a remark, such as that there is no census, and why.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    StaleActivationsError, MismatchError
        If the images, the probe, the album or a table are of another run.
    AlbumNotFoundError, ImagesNotFoundError
        If there is no album, or the images are not where they lay any more.
    OutputExistsError
        If the folder is an atlas of other settings.
    OptionError
        If the folder holds something else, a table says nothing of these units, or a number is out
        of range.
    """
    opened = run if isinstance(run, Activations) else Activations.open(run)
    opened.layer(layer)
    if count < 1 or per_bucket < 0 or n_similar < 1 or workers < 1:
        raise OptionError(
            f"{count} images, {per_bucket} per bucket, {n_similar} similar units, {workers} "
            f"workers: each is 1 or more, per bucket 0 or more"
        )
    neurons = [f"{layer}:{unit}" for unit in range(opened.layer(layer).units)]
    check_tables(opened, neurons, probe, tables)
    album = None if pictures is None else album_of(opened, pictures)
    asked = {"count": count, "per_bucket": per_bucket, "by": by, "n_similar": n_similar}
    made_of = _made_of(opened, layer, {**asked, "seed": seed}, probe, tables, album, further or {})
    out = Path(out)
    check_folder(out, ATLAS, made_of, replace=replace)
    whole = image_set or images_of(opened)
    opened.check_images(whole)
    by = grouping(whole, by)
    shown, remembered = SmallImages.of(whole), RememberedActivations.of(opened)
    with folder_for_writing(out, ATLAS, made_of, replace=replace), quiet_decoders():
        known = layer_facts(
            opened,
            shown,
            layer,
            by=by,
            probe=probe,
            tables=tables,
            n_similar=n_similar,
            seed=seed,
            progress=progress,
            told=told,
        )
        pages = UnitPages(
            remembered,
            shown,
            count,
            per_bucket,
            by,
            album,
            None if probe is None or probe.layer != layer else ProbeRoles(probe, opened, shown),
            further or {},
        )
        told(known.verdict())
        told(known.map.verdict())
        content = _content(opened, shown, known, pages, made_of, seed, progress)
        write_units(known, out / TABLE, replace=True)
        return write_atlas(out, content, workers=workers, progress=progress)


def _content(
    run: Activations,
    images: SmallImages,
    known: LayerFacts,
    pages: UnitPages,
    made_of: Mapping[str, Any],
    seed: int,
    progress: Tell,
) -> AtlasContent:
    """Put together what is known of the layer."""
    top = strongest_images(run, known.layer, _TOP)
    shown, which = pictures_of(
        run,
        images,
        known.layer,
        top,
        seed=seed,
        progress=lambda done, total: progress("finding what answers to images", done, total),
    )
    return AtlasContent(
        layer=known.layer,
        model=short_name(run.model_name),
        verdict=known.verdict(),
        facts=(*known.facts(), ("shown", which)),
        neurons=known.neurons,
        heads=known.heads(),
        columns=known.columns,
        places=known.map.places,
        map_note=known.map.verdict(),
        similar=known.nearest.units,
        similarity=known.nearest.correlations,
        top=top,
        pictures=shown,
        page=lambda unit: pages.page(Neuron(known.layer, unit)),
        provenance={**run.provenance(), "atlas": made_of["atlas"]},
        table=TABLE,
    )


def _made_of(
    run: Activations,
    layer: str,
    asked: Mapping[str, Any],
    probe: Probe | None,
    tables: Sequence[Result],
    album: Album | None,
    further: Mapping[Neuron, Result],
) -> dict[str, Any]:
    """Tell what an atlas depends on: one of anything else would be taken for this."""
    told = run.provenance()
    made_of: dict[str, Any] = {
        key: told[key] for key in ("model", "images", "precision") if key in told
    }
    what: dict[str, Any] = {"layer": layer, **asked}
    what |= {kind_of(table): _digest([table]) for table in tables}
    if probe is not None:
        what["probe"] = {**probe.provenance, "strength": probe.step.strength}
    if album is not None:
        what["album"] = album.made_of()
    if further:
        what["further"] = _digest(list(further.values()))
    return {**made_of, "atlas": what}


def _digest(results: Sequence[Result]) -> str:
    """Tell results apart by their numbers."""
    found = hashlib.sha256()
    for result in results:
        found.update(repr(as_arrow(result.rows()).to_pydict()).encode("utf-8", "backslashreplace"))
    return found.hexdigest()[:16]
