"""For which units is one image, of the run or of one's own, among their strongest?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.lost_values import told_units_not_finite
from neurons.activations.new_image import NewImage
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.image_names import row_of
from neurons.data.images import ImageSet
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.results.blocks import Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]
_PICTURED, _TOP = 5, 6


def units_of_image(
    activations: Activations,
    images: ImageSet,
    image: str | int | NewImage,
    *,
    layers: Sequence[str] = (),
    count: int = 10,
    progress: Progress = lambda done, total: None,
) -> UnitsOfImage:
    """Find the units for which an image is most extreme, among the images of a run.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    image : str, int or NewImage
        Its id, the end of its id from a slash on (its file's name), or its number in the set; or an
        image that the run does not hold, as `read_new_image` gives it.
    layers : sequence of str
        Default: every layer of the run.
    count : int >= 1
        Units to tell of.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    UnitsOfImage

    Raises
    ------
    OptionError
        If there is no such image, several are so called, or it was skipped.
    LayerNotFoundError
        If the run does not hold a layer.
    StaleActivationsError
        If these are not the images of the run.

    Notes
    -----
    Units are ordered by the image's place among all images, then by how many standard deviations
    the peak lies above the unit's mean. With many units some have any image in front: the result
    says how many would by chance.
    """
    activations.check_images(images)
    if count < 1:
        raise OptionError(f"count is {count}; it must be 1 or more")
    good = activations.good_rows()
    paths = [
        activations.layer(path).path
        for path in layers or [layer.path for layer in activations.layers]
    ]
    if isinstance(image, NewImage):
        name, at = image.name, None
        peak = float(image.peaks[paths[0]][0])
        shown = Example(-1, name, "", peak, nan, None, thumbnail(image.pixels), b"")
    else:
        row = row_of(images, image)
        if row not in good:
            raise OptionError(
                f"image {images.ids[row]!r} was skipped: {activations.skipped()[row]}"
            )
        name, at = images.ids[row], int(np.searchsorted(good, row))
        (shown,) = UnitActivations(activations, images, Neuron(paths[0], 0)).examples([row])
    found: list[tuple[int, float, str, int, float]] = []
    done, total = 0, sum(activations.layer(path).units for path in paths)
    for path in paths:
        for start, peaks in peak_blocks(activations, path, good):
            n_units = peaks.shape[1]
            if isinstance(image, NewImage):
                own, itself = image.peaks[path][start : start + n_units], 1
            else:
                own, itself = peaks[at], 0
            spread = peaks.std(0, dtype=np.float64)
            above = (own - peaks.mean(0, dtype=np.float64)) / np.where(spread > 0, spread, 1)
            place = (peaks >= own).sum(0) + itself
            found += [
                (int(place[i]), float(above[i]), path, start + i, float(own[i]))
                for i in np.flatnonzero((spread > 0) & np.isfinite(own)).tolist()
            ]
            done += n_units
            progress(done, total)
    first = [each[0] == 1 for each in found]
    found.sort(key=lambda each: (each[0], -each[1]))
    n_images = len(good) + (at is None)
    return UnitsOfImage(
        provenance=activations.provenance(),
        image=name,
        picture=shown,
        layers=tuple(paths),
        n_units=total,
        n_alive=len(found),
        n_images=n_images,
        n_first=sum(first),
        units=tuple(
            _unit(activations, images, each, n_images, i < _PICTURED)
            for i, each in enumerate(found[:count])
        ),
        not_finite="".join(told_units_not_finite(activations.lost(path), path) for path in paths),
    )


@dataclass(frozen=True)
class ImageUnit:
    """A unit, and where one image stands among all by its peak.

    Parameters
    ----------
    neuron : str
    peak : float
        On the image.
    place : int
        From 1, the strongest; images with equal peaks share the last of their places.
    n : int
        Images.
    deviations : float
        How far the peak lies above the unit's mean, in standard deviations over images.
    top : tuple of Example
        The unit's strongest images; empty for units further down.
    """

    neuron: str
    peak: float
    place: int
    n: int
    deviations: float
    top: tuple[Example, ...]


@dataclass(frozen=True)
class UnitsOfImage(Result):
    """The units for which an image is most extreme.

    Parameters
    ----------
    image : str
        Its id.
    picture : Example
        The image.
    layers : tuple of str
    n_units, n_alive, n_images : int
        Units that were compared, those whose peak differs between images, and images, a new one
        counted in.
    n_first : int
        Units that no other image excites as much.
    units : tuple of ImageUnit
    not_finite : str
        Says which units gave NaN or infinity and were not compared; empty if none.
    """

    image: str
    picture: Example
    layers: tuple[str, ...]
    n_units: int
    n_alive: int
    n_images: int
    n_first: int
    units: tuple[ImageUnit, ...]
    not_finite: str = ""

    def neurons(self) -> tuple[str, ...]:
        """Give the units' addresses, in order."""
        return tuple(each.neuron for each in self.units)

    @property
    def title(self) -> str:
        """The image."""
        return f"Units for {self.image}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Units compared, images, and how many units have this image first."""
        return (
            ("units compared", f"{self.n_units:,}"),
            ("images", f"{self.n_images:,}"),
            ("units with it first", f"{self.n_first:,}"),
            ("by chance", f"{self._by_chance():.2g}"),
        )

    def verdict(self) -> str:
        """Say of how many units it is the strongest image, beside what chance gives."""
        if not self.units:
            nothing = f"Nothing here: every unit says the same of all {self.n_images:,} images."
            return self.not_finite + nothing
        best = self.units[0]
        few = "No more than chance gives: " if self.n_first <= 2 * self._by_chance() else ""
        return (
            f"{self.not_finite}{few}{self.image} is the strongest image of {self.n_first:,} of "
            f"{self.n_alive:,} units; if every image were as likely, it would be of "
            f"{self._by_chance():.2g}. It stands out most in {best.neuron}: peak "
            f"{best.peak:.3g}, place {best.place:,} of {best.n:,}, {best.deviations:.1f} standard "
            f"deviations above the mean."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the image, the strongest images of the first units, and the numbers."""
        tile = self.picture.tile()
        galleries = tuple(
            Gallery(f"{each.neuron} · place {each.place:,}", tuple(e.tile() for e in each.top))
            for each in self.units
            if each.top
        )
        strips = (Strip("What else excites these units", galleries),) if galleries else ()
        return (
            Gallery("The image", (tile,), "The peak below it is of the first unit compared."),
            *strips,
            Table(
                "Units in which it stands out",
                ("neuron", "peak", "place", "standard deviations"),
                tuple(
                    (
                        each.neuron,
                        f"{each.peak:.3g}",
                        f"{each.place:,} of {each.n:,}",
                        f"{each.deviations:.1f}",
                    )
                    for each in self.units
                ),
                "Place 1 is the strongest image of the unit. Standard deviations above the "
                "unit's mean over all images.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "neuron": each.neuron,
                "image": self.image,
                "peak": each.peak,
                "place": each.place,
                "n": each.n,
                "deviations": each.deviations,
            }
            for each in self.units
        ]

    def _by_chance(self) -> float:
        return self.n_alive / self.n_images if self.n_images else 0.0


def _unit(
    activations: Activations,
    images: ImageSet,
    found: tuple[int, float, str, int, float],
    n: int,
    pictured: bool,
) -> ImageUnit:
    place, deviations, path, unit, peak = found
    neuron = Neuron(path, unit)
    top = UnitActivations(activations, images, neuron).strongest(_TOP) if pictured else ()
    return ImageUnit(str(neuron), peak, place, n, deviations, top)
