"""What stands on the page of a neuron? What each study says of it, the same in every report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from neurons.activations.remembered import RememberedActivations
from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.remembered import RememberedImages
from neurons.differences import check_belongs
from neurons.pages import Page
from neurons.recipes.pictures import BesidePhotographs
from neurons.recipes.unit_summary import facts_of, lead_of, summary_of
from neurons.results.provenance import short_name
from neurons.results.result import Result
from neurons.studies.probe.roles import ProbeRoles
from neurons.studies.units.examples import TopExamples, top_examples
from neurons.studies.units.spectrum import Spectrum, spectrum
from neurons.studies.units.top_by_group import top_by
from neurons.visualization.album import Album, open_album


@dataclass(frozen=True)
class UnitPages:
    """How the pages of a run's neurons are composed.

    Parameters
    ----------
    run : RememberedActivations
    images : RememberedImages
        Of the run.
    count : int >= 1
        Images at each end of a neuron's range.
    per_bucket : int >= 0
        Images from each bucket of the range.
    by : str, optional
        A column that groups the images: the top of each group comes first.
    album : Album, optional
        Neurons that it holds gain their made pictures.
    served : ProbeRoles, optional
        Units of the probe's layer gain the classes that they serve.
    further : mapping of Neuron to Result, or to several
        What else is known of a neuron: drawn before its images.
    """

    run: RememberedActivations
    images: RememberedImages
    count: int = 16
    per_bucket: int = 6
    by: str | None = None
    album: Album | None = None
    served: ProbeRoles | None = None
    further: Mapping[Neuron, Result | Sequence[Result]] = field(default_factory=dict)

    def page(self, neuron: Neuron) -> Page:
        """Compose the page of one neuron."""
        run, images = self.run, self.images
        more: list[Result] = []
        if self.by is not None:
            more.append(top_by(run, images, neuron, by=self.by))
        top = top_examples(run, images, neuron, count=self.count)
        if self.album is not None and self.album.has(str(neuron)):
            more.append(BesidePhotographs.of(self.album.get(str(neuron)), top.top))
        if self.served is not None and self.served.layer == neuron.layer:
            more.append(self.served.of(neuron))
        known = self.further.get(neuron, ())
        more += [known] if isinstance(known, Result) else known
        whole = spectrum(run, images, neuron, per_bucket=self.per_bucket)
        return neuron_page(run, top, whole, *more, n_classes=len(images.class_names))


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
        subtitle_of(run, top),
        facts_of(top, whole, n_classes),
        results,
        lead_of(top, whole, n_classes),
        summary_of(top, whole, n_classes),
    )


def album_of(run: Activations, path: str | Path, neurons: Sequence[Neuron] = ()) -> Album:
    """Open an album of a run's model and images that holds some neurons.

    Raises
    ------
    AlbumNotFoundError
        If there is none, or it lacks one of the neurons.
    MismatchError
        If it is of another model, or of other images.
    """
    album = open_album(path)
    check_belongs(
        f"album {str(path)!r}", album.made_of(), f"run {str(run.path)!r}", run.provenance()
    )
    for neuron in neurons:
        album.check(str(neuron))
    return album


def subtitle_of(run: Activations, top: TopExamples) -> str:
    """Name the model, and which of how many units with how many places it is."""
    neuron = Neuron.parse(top.neuron)
    layer = run.layer(neuron.layer)
    places = f", {layer.height} × {layer.width} places" if layer.height * layer.width > 1 else ""
    return f"{short_name(run.model_name)} · unit {neuron.unit} of {layer.units:,}{places}"
