"""What does a model answer between three images, in pixel space, as dbViz shows it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.data.decoding import Pixels
from neurons.data.image_names import input_of
from neurons.data.thumbnails import thumbnail
from neurons.network.clip import Clip
from neurons.readouts.concept_plane import Window, check_side, check_three
from neurons.readouts.concept_plane_blocks import CLIPPED, class_table, drawn_map, hues_on
from neurons.readouts.concept_plane_map import Doubt, PlaneMap, doubt_of, regions_of
from neurons.readouts.concept_plane_pixels import (
    PixelChart,
    pixel_chart,
    pixel_map,
    shuffled_pixels,
)
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Block, MapMark, Regions
from neurons.results.result import Result
from neurons.results.table import Row

# pictures of the plane across
_ACROSS = 5
_SMALL = 96


def pixel_plane(
    clip: Clip,
    pictures: Sequence[Pixels],
    names: Sequence[str],
    readout: ZeroShot,
    *,
    side: int = 32,
    zoom: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PixelPlane:
    """Map what a model answers to the images of a plane through three images.

    As a control, the pixels of all three are put in the same random order: the plane is the same
    then, and shows nothing.

    Parameters
    ----------
    clip : Clip
    pictures : sequence of ndarray of uint8, (height, width, 3), three
        Resized as the model takes them.
    names : sequence of str
    readout : ZeroShot
        The classes.
    side : int
        Cells of a map, across: the model sees side x side images a map.
    zoom : int >= 0
        Further maps around the first image, each of half the side of the one before it.
    seed : int
        Of the control's order.
    progress : callable
        Takes how many of how many images were seen.

    Returns
    -------
    PixelPlane

    Raises
    ------
    OptionError
        If there are not three images, they are equal or lie on one line, or the grid is too coarse
        or too fine.

    References
    ----------
    Somepalli et al., "Can neural nets learn the same model twice? Investigating reproducibility
    and double descent from the decision boundary perspective", CVPR 2022.
    """
    check_three(names)
    check_side(side)
    inputs = torch.stack([input_of(clip.preprocess, each) for each in pictures])
    chart = pixel_chart(inputs, names)
    doubt = doubt_of(readout.directions, seed=seed)
    near = chart.places[0]
    half = chart.window().half
    windows = [chart.window()]
    windows += [Window(float(near[0]), float(near[1]), half / 2**i) for i in range(1, zoom + 1)]
    done, total = 0, side * side * (len(windows) + 1)

    def seen(images: int) -> None:
        nonlocal done
        done += images
        progress(done, total)

    def mapped(laid: PixelChart, window: Window) -> PlaneMap:
        return pixel_map(clip, laid, window, readout.directions, side, doubt, progress=seen)

    maps = tuple(mapped(chart, window) for window in windows)
    nothing = pixel_chart(shuffled_pixels(inputs, seed), names)
    return PixelPlane(
        provenance={
            "model": clip.provenance(),
            "anchors": [f"image:{name}" for name in names],
            "classes": list(readout.class_names),
            "templates": list(readout.templates),
            "seed": seed,
        },
        names=tuple(names),
        class_names=readout.class_names,
        places=chart.places,
        images=tuple(thumbnail(each) for each in pictures),
        doubt=doubt,
        plane=maps[0],
        zooms=maps[1:],
        control=mapped(nothing, nothing.window()),
        pictures=_pictures(chart),
    )


@dataclass(frozen=True)
class PixelPlane(Result):
    """What a model answers to the images of a plane through three images.

    Parameters
    ----------
    names : tuple of str, three
    class_names : tuple of str
    places : ndarray of float64, (3, 2)
        Of the three images, in grey levels RMS.
    images : tuple of bytes
    doubt : Doubt
    plane : PlaneMap
    zooms : tuple of PlaneMap
    control : PlaneMap
        Of the same plane with the pixels of all images in one random order.
    pictures : tuple of bytes
        Images of the plane, row by row.
    """

    names: tuple[str, ...]
    class_names: tuple[str, ...]
    places: NDArray[np.float64] = field(repr=False)
    images: tuple[bytes, ...]
    doubt: Doubt
    plane: PlaneMap
    zooms: tuple[PlaneMap, ...]
    control: PlaneMap
    pictures: tuple[bytes, ...]

    @property
    def title(self) -> str:
        """The three images."""
        return f"The pixel plane through {', '.join(self.names[:2])} and {self.names[2]}"

    @property
    def n_pieces(self) -> int:
        """Connected regions of all classes."""
        return sum(each.pieces for each in regions_of(self.plane, self.class_names))

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give classes, regions, and how much of the plane was clipped."""
        found, seen = regions_of(self.plane, self.class_names), self.plane
        return (
            ("classes on the plane", f"{len(found):,} of {len(self.class_names):,}"),
            ("regions", f"{self.n_pieces:,}"),
            ("grey", f"{seen.share_of(seen.grey):.1%}"),
            ("clipped", f"{seen.share_of(seen.clipped > CLIPPED):.1%}"),
            ("images seen", f"{seen.n_places:,}"),
        )

    def verdict(self) -> str:
        """Say how many regions there are, beside the same plane with pixels shuffled."""
        found = regions_of(self.plane, self.class_names)
        control = regions_of(self.control, self.class_names)
        shares = ", ".join(f"{each.name} {each.share:.0%}" for each in found[:4])
        most = max(found, key=lambda each: each.pieces)
        cut = self.plane.share_of(self.plane.clipped > CLIPPED)
        return (
            f"{len(found):,} classes in {self.n_pieces:,} connected regions ({shares}); "
            f"{most.name} is in most pieces: {most.pieces}. With the pixels in a random order the "
            f"same plane has {len(control):,} classes in {sum(e.pieces for e in control):,} "
            f"regions. On {cut:.0%} of the map more than {CLIPPED:.0%} of the pixels' values lie "
            f"outside of black and white and were clipped: these points are no longer on the plane."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the map with the three images on it, zooms, images of the plane, and numbers."""
        hues = hues_on(self.plane, self.class_names)
        levels = f"{2 * self.plane.window.half:.0f} grey levels across"
        titles = (levels, *(f"{2 * each.window.half:.0f} across" for each in self.zooms))
        maps = (self.plane, *self.zooms)
        beside = [
            drawn_map(
                seen,
                self.class_names,
                hues,
                title=title,
                marks=[MapMark("", m.x, m.y, m.told) for m in self._marks(seen)],
                frame=maps[i + 1].window if i + 1 < len(maps) else None,
                small=True,
            )
            for i, (seen, title) in enumerate(zip(maps, titles, strict=True))
        ]
        beside.append(
            drawn_map(self.control, self.class_names, hues, title="pixels shuffled", small=True)
        )
        main = drawn_map(self.plane, self.class_names, hues, marks=self._marks(self.plane))
        return (
            Regions(
                "The answer to each image of the plane",
                (main,),
                f"Distances are grey levels, RMS over an image. Grey: the margin is below "
                f"{self.doubt.margin:.3f}. Hatched: over {CLIPPED:.0%} of the values were clipped, "
                f"or the nearest class is no nearer than to a random direction "
                f"({self.doubt.cosine:.2f}).",
            ),
            Regions("Zoom, and the control", tuple(beside), "Dots: the three images."),
            Regions("Images of the plane", (replace(main, marks=self._pictured(), grey=()),)),
            class_table(
                self.plane,
                self.class_names,
                {"pixels shuffled": self.control.shares(len(self.class_names))[None]},
                pieces="Regions: connected; how fragmented the answers are.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per class on the map."""
        control = self.control.shares(len(self.class_names))
        place = {name: k for k, name in enumerate(self.class_names)}
        return [
            {
                "class": each.name,
                "share": each.share,
                "share_clear": each.clear,
                "regions": each.pieces,
                "n_points": self.plane.n_places,
                "share_pixels_shuffled": float(control[place[each.name]]),
            }
            for each in regions_of(self.plane, self.class_names)
        ]

    def _pictured(self) -> tuple[MapMark, ...]:
        """Place the pictures of the plane on the map, row by row."""
        size = 1 / _ACROSS
        return tuple(
            MapMark(
                "", (i % _ACROSS + 0.5) * size, (i // _ACROSS + 0.5) * size, "", each, 0.86 * size
            )
            for i, each in enumerate(self.pictures)
        )

    def _marks(self, seen: PlaneMap) -> list[MapMark]:
        shares = seen.window.shares(self.places)
        placed = zip(self.names, shares, self.images, strict=True)
        return [
            MapMark(name, float(x), float(y), name, image, 0.09)
            for name, (x, y), image in placed
            if 0 <= x <= 1 and 0 <= y <= 1
        ]


def _pictures(chart: PixelChart) -> tuple[bytes, ...]:
    # as coarse as a page shows it
    steps = (np.arange(_ACROSS) + 0.5) / _ACROSS * 2 - 1
    half = chart.window().half
    x, y = np.meshgrid(half * steps, -half * steps)
    pixels, _ = chart.images(np.column_stack([x.ravel(), y.ravel()]))
    shown = pixels.permute(0, 2, 3, 1).numpy()
    return tuple(thumbnail(np.ascontiguousarray(each), side=_SMALL) for each in shown)
