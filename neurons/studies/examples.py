"""Which images excite a neuron, which do not, and what lies between? (Goh et al. 2021, Fig. 1)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.blocks import Bars, Block, Curve, Gallery, Note, Strip, Table, Tile
from neurons.errors import OptionError
from neurons.images import ImageSet
from neurons.preprocess import Box, Preprocess, crop
from neurons.results import Result
from neurons.stats import Interval, skewness, wilson
from neurons.store import LayerSpec
from neurons.thumbnails import thumbnail

Values = NDArray[np.float32]

# Goh et al. show dataset examples at ten levels of a neuron's activation
N_BUCKETS = 10


@dataclass(frozen=True)
class Example:
    """One image and what the unit said of it.

    Parameters
    ----------
    index : int
        In the image set.
    image_id : str
    label : str
        The class's name; empty where there is none.
    peak, mean : float
        Of the unit over the image's map.
    box : Box or None
        Around the peak, the size of the layer's effective receptive field, in shares of the image.
        None where the units have no place, or the map is flat.
    thumbnail, crop : bytes
        Encoded pictures of the image and of the part in the box; the latter empty without a box.
    """

    index: int
    image_id: str
    label: str
    peak: float
    mean: float
    box: Box | None
    thumbnail: bytes
    crop: bytes

    def tile(self) -> Tile:
        """Show it in a gallery."""
        caption = self.label or self.image_id.rpartition("/")[2]
        return Tile(self.thumbnail, f"{self.peak:.3g}", caption, self.image_id, self.box, self.crop)


@dataclass(frozen=True)
class ClassLift:
    """How much more frequent a class is among the top images than in the whole set.

    Parameters
    ----------
    name : str
    n_top, n : int
        Images of the class among the top ones and in the set.
    lift : float, >= 0
        Share among the top over share in the set; 1 says "as everywhere".
    interval : Interval
        95 % Wilson interval of the share among the top, over the share in the set. It is each
        class's own: with many classes, a few lie above 1 by chance.
    """

    name: str
    n_top: int
    n: int
    lift: float
    interval: Interval


@dataclass(frozen=True)
class TopExamples(Result):
    """The images that excite a unit most and least.

    Parameters
    ----------
    neuron : str
    n : int
        Images that were compared.
    n_skipped : int
        Bad images, which no statement is about.
    top, bottom : tuple of Example
        From the largest peak down, and from the smallest up; equal peaks by image id.
    n_top : int
        Size of the top share that ``lifts`` is about.
    lifts : tuple of ClassLift
        Classes over-represented there, by the interval's lower bound; empty without labels.
    """

    neuron: str
    n: int
    n_skipped: int
    top: tuple[Example, ...]
    bottom: tuple[Example, ...]
    n_top: int
    lifts: tuple[ClassLift, ...]

    def blocks(self) -> tuple[Block, ...]:
        """Top gallery, classes at the top, bottom gallery."""
        n = f"n = {self.n:,} images" + (f", {self.n_skipped:,} skipped" if self.n_skipped else "")
        told: list[Block] = [
            Gallery(
                "Images that excite it most",
                tuple(example.tile() for example in self.top),
                f"Under each image the unit's peak activation. {n}. The box is the layer's "
                "effective receptive field around the peak: where the input mattered on average, "
                "not the edge of what was seen.",
            )
        ]
        if self.lifts:
            told.append(
                Bars(
                    f"Classes over-represented among the top {self.n_top:,}",
                    tuple(lift.name for lift in self.lifts),
                    tuple(lift.lift for lift in self.lifts),
                    "lift",
                    tuple(lift.interval.low for lift in self.lifts),
                    tuple(lift.interval.high for lift in self.lifts),
                    1.0,
                    "Share among the top over share in the set, with a 95 % Wilson interval for "
                    "each class by itself; 1 is chance. Among many classes a few exceed 1 by "
                    "chance.",
                )
            )
        told.append(
            Gallery(
                "Images that excite it least",
                tuple(example.tile() for example in self.bottom),
                "After a ReLU many images share the value 0; equal values are ordered by name.",
            )
        )
        return tuple(told)


@dataclass(frozen=True)
class Bucket:
    """Images whose peak lies in one part of the unit's range.

    Parameters
    ----------
    low, high : float
        Bounds; the upper one belongs to the last bucket only.
    n : int
        Images in it.
    sampled : tuple of Example
        Drawn from them at random, without replacement.
    """

    low: float
    high: float
    n: int
    sampled: tuple[Example, ...]


@dataclass(frozen=True)
class Spectrum(Result):
    """The whole range of a unit, not only its top.

    Parameters
    ----------
    neuron : str
    n, n_skipped : int
    state : str
        ``dead`` (0 everywhere), ``constant`` (one other value everywhere) or ``alive``.
    minimum, maximum, mean, std : float
        Of the peaks over images.
    skewness : float
        nan unless alive.
    sparsity : float in [0, 1]
        Share of images whose peak is exactly 0.
    buckets : tuple of Bucket
        Of equal width, from the bottom of the range to the top; one if the unit is not alive.
    density_x, density : tuple of float
        Centres of finer bins, and the probability density of the peaks there.
    """

    neuron: str
    n: int
    n_skipped: int
    state: str
    minimum: float
    maximum: float
    mean: float
    std: float
    skewness: float
    sparsity: float
    buckets: tuple[Bucket, ...]
    density_x: tuple[float, ...]
    density: tuple[float, ...]

    def blocks(self) -> tuple[Block, ...]:
        """Buckets from strong to weak, the density, the numbers."""
        if self.state != "alive":
            return (
                Note(
                    f"{self.neuron} is {self.state}: its peak is {self.minimum:.4g} in each of "
                    f"{self.n:,} images. Nothing here says why."
                ),
            )
        strips = tuple(
            Gallery(
                f"{bucket.low:.3g} to {bucket.high:.3g} · {bucket.n:,} "
                f"image{'' if bucket.n == 1 else 's'}",
                tuple(example.tile() for example in bucket.sampled),
            )
            for bucket in reversed(self.buckets)
        )
        numbers = (
            ("images", f"{self.n:,}"),
            ("maximum", f"{self.maximum:.4g}"),
            ("minimum", f"{self.minimum:.4g}"),
            ("mean ± std", f"{self.mean:.4g} ± {self.std:.4g}"),
            ("skewness", f"{self.skewness:.2f}"),
            ("sparsity", f"{self.sparsity:.1%}"),
        )
        return (
            Strip(
                "The whole spectrum",
                strips,
                "Buckets of equal width over the unit's range, images drawn from each at random "
                "(Goh et al. 2021). If the upper buckets show other things than the top images, "
                "the unit is not what its top says.",
            ),
            Curve(
                "Density of the peak activation",
                self.density_x,
                self.density,
                "peak activation",
                "density",
                log=True,
            ),
            Table("Distribution over images", ("", "peak activation"), numbers),
        )


def top_examples(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron,
    *,
    count: int = 16,
    top_share: float = 0.01,
    n_classes: int = 10,
) -> TopExamples:
    """Find the images that excite a unit most and least, and the classes at the top.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    neuron : Neuron
    count : int >= 1
        Images at each end.
    top_share : float in (0, 1]
        Share of the images that counts as "the top" for class lifts; at least 50 images.
    n_classes : int
        Classes to list.

    Returns
    -------
    TopExamples
        Exact: what sorting all images gives.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold the unit.
    StaleActivationsError
        If these are not the images of the run.
    OptionError
        If a number is out of range.

    Notes
    -----
    Dataset examples show what excites a unit in this set. They do not show that the unit responds
    to nothing else: see `spectrum`.
    """
    if count < 1:
        raise OptionError(f"--count is {count}; it must be 1 or more")
    if not 0 < top_share <= 1:
        raise OptionError(f"top_share is {top_share}; it must be over 0 and at most 1")
    study = _Study(activations, images, neuron)
    good = study.good
    largest = extremes(study.peaks, good, images.ids, count, largest=True)
    smallest = extremes(study.peaks, good, images.ids, count, largest=False)
    n_top = min(len(good), max(50, round(top_share * len(good))))
    lifts: tuple[ClassLift, ...] = ()
    if images.labels is not None and len(good):
        top = extremes(study.peaks, good, images.ids, n_top, largest=True)
        lifts = class_lifts(images.labels, images.class_names, top, good)[:n_classes]
    return TopExamples(
        provenance=dict(activations.spec.provenance),
        neuron=str(neuron),
        n=len(good),
        n_skipped=study.n_skipped,
        top=study.examples(largest),
        bottom=study.examples(smallest),
        n_top=n_top,
        lifts=lifts,
    )


def spectrum(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron,
    *,
    per_bucket: int = 6,
    n_buckets: int = N_BUCKETS,
    seed: int = 0,
) -> Spectrum:
    """Show images from the whole range of a unit's activation.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    neuron : Neuron
    per_bucket : int >= 0
        Images to draw from each bucket.
    n_buckets : int >= 1
    seed : int
        For the draw.

    Returns
    -------
    Spectrum

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError, StaleActivationsError, OptionError
        As `top_examples`.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021: dataset examples
    sampled from uniform intervals of the activation.
    """
    if n_buckets < 1 or per_bucket < 0:
        raise OptionError(f"{n_buckets} buckets of {per_bucket} images make no spectrum")
    study = _Study(activations, images, neuron)
    peaks = study.peaks[study.good].astype(np.float64)
    low, high = (float(peaks.min()), float(peaks.max())) if len(peaks) else (0.0, 0.0)
    state = "alive" if high > low else "dead" if high == 0 else "constant"
    edges = np.linspace(low, high, n_buckets + 1) if state == "alive" else np.array([low, high])
    generator = torch.Generator().manual_seed(seed)
    buckets = []
    for i, members in enumerate(bucket_members(peaks, edges)):
        drawn = torch.randperm(len(members), generator=generator)[:per_bucket].numpy()
        rows = sorted(study.good[members[drawn]], key=lambda row: -study.peaks[row])
        sampled = study.examples(rows)
        buckets.append(Bucket(float(edges[i]), float(edges[i + 1]), len(members), sampled))
    density, bins = np.histogram(peaks, bins=60, density=True) if state == "alive" else ([], [])
    centres = (np.asarray(bins)[:-1] + np.asarray(bins)[1:]) / 2
    return Spectrum(
        provenance=dict(activations.spec.provenance),
        neuron=str(neuron),
        n=len(peaks),
        n_skipped=study.n_skipped,
        state=state,
        minimum=low,
        maximum=high,
        mean=float(peaks.mean()) if len(peaks) else float("nan"),
        std=float(peaks.std()) if len(peaks) else float("nan"),
        skewness=skewness(peaks),
        sparsity=float((peaks == 0).mean()) if len(peaks) else float("nan"),
        buckets=tuple(buckets),
        density_x=tuple(centres.tolist()),
        density=tuple(np.asarray(density).tolist()),
    )


def extremes(
    peaks: Values, good: NDArray[np.intp], ids: Sequence[str], count: int, *, largest: bool
) -> list[int]:
    """Find the rows of the largest (or smallest) peaks; equal peaks in the order of their ids.

    Parameters
    ----------
    peaks : ndarray, (images,)
    good : ndarray of int
        Rows to look at.
    ids : sequence of str
    count : int
        Fewer are returned where there are fewer rows.
    largest : bool

    Returns
    -------
    list of int
    """
    count = min(count, len(good))
    if count == 0:
        return []
    keys = -peaks[good] if largest else peaks[good]
    # only rows that can be among them are compared by name: after a ReLU, half a set is tied at 0
    bound = np.partition(keys, count - 1)[count - 1]
    inside, tied = good[keys < bound], good[keys == bound]
    order = {int(row): float(key) for row, key in zip(good, keys, strict=True) if key < bound}
    first = sorted((int(row) for row in inside), key=lambda row: (order[row], ids[row]))
    rest = heapq.nsmallest(count - len(first), (int(row) for row in tied), key=lambda row: ids[row])
    return first + rest


def bucket_members(
    peaks: NDArray[np.float64], edges: NDArray[np.float64]
) -> list[NDArray[np.intp]]:
    """Tell which values lie in each bucket: [low, high), the last one [low, high]."""
    last = len(edges) - 2
    which = np.clip(np.searchsorted(edges, peaks, side="right") - 1, 0, last)
    return [np.flatnonzero(which == i) for i in range(last + 1)]


def class_lifts(
    labels: NDArray[np.int32],
    class_names: Sequence[str],
    top: Sequence[int],
    good: NDArray[np.intp],
) -> tuple[ClassLift, ...]:
    """Compare the classes of the top rows with those of all rows; unlabelled rows are left out.

    Returns
    -------
    tuple of ClassLift
        Of every class with at least two images at the top (one alone is no evidence), by the
        interval's lower bound.
    """
    known, known_top = labels[good], labels[np.asarray(top, dtype=np.intp)]
    known, known_top = known[known >= 0], known_top[known_top >= 0]
    in_set = np.bincount(known, minlength=len(class_names))
    in_top = np.bincount(known_top, minlength=len(class_names))
    lifts = []
    for label in np.flatnonzero(in_top >= 2).tolist():
        share = in_set[label] / len(known)
        at_top = int(in_top[label]) / len(known_top)
        interval = wilson(int(in_top[label]), len(known_top)).scaled(1 / share)
        name = class_names[label]
        lifts.append(
            ClassLift(name, int(in_top[label]), int(in_set[label]), at_top / share, interval)
        )
    return tuple(sorted(lifts, key=lambda lift: (-lift.interval.low, lift.name)))


class _Study:
    """What both studies read: the unit's peaks, which images count, and how one is shown."""

    def __init__(self, activations: Activations, images: ImageSet, neuron: Neuron) -> None:
        activations.check_images(images)
        self._activations, self._images, self._neuron = activations, images, neuron
        self._layer = activations.layer(neuron.layer)
        self._preprocess = activations.preprocess()
        self.peaks = activations.peak(neuron)
        self.good = activations.good_rows()
        self.n_skipped = len(images) - len(self.good)
        self._means: Values = activations.mean(neuron)
        self._positions = activations.position(neuron)

    def examples(self, rows: Sequence[int]) -> tuple[Example, ...]:
        """Show some rows: decode the images and cut out what the peaks point at."""
        return tuple(self._example(int(row)) for row in rows)

    def _example(self, row: int) -> Example:
        images = self._images
        pixels = images.pixels(row)
        height, width = pixels.shape[:2]
        box = None
        if self.peaks[row] != self._means[row]:
            position = int(self._positions[row])
            box = peak_box(self._layer, position, self._preprocess, width, height)
        label = ""
        if images.labels is not None and images.labels[row] >= 0:
            label = images.class_names[images.labels[row]]
        return Example(
            index=row,
            image_id=images.ids[row],
            label=label,
            peak=float(self.peaks[row]),
            mean=float(self._means[row]),
            box=box,
            thumbnail=thumbnail(pixels),
            crop=b"" if box is None else thumbnail(crop(pixels, box)),
        )


def peak_box(
    layer: LayerSpec, position: int, preprocess: Preprocess, width: int, height: int
) -> Box | None:
    """Place the layer's effective field around a peak, on the original image.

    Parameters
    ----------
    layer : LayerSpec
    position : int
        row * map width + column.
    preprocess : Preprocess
    width, height : int
        Of the original image, px.

    Returns
    -------
    Box or None
        None where the layer's units have no place (a 1 x 1 map).
    """
    if layer.height * layer.width == 1:
        return None
    left, top, right, bottom = layer.field
    x = (position % layer.width + 0.5) / layer.width
    y = (position // layer.width + 0.5) / layer.height
    box = Box(x + left, y + top, x + right, y + bottom)
    return preprocess.on_image(box, width=width, height=height)
