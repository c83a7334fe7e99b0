"""Where do the points of a plane come to rest if they are seen and said again and again?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.network.clip import Clip
from neurons.readouts.concept_plane import chart_through, check_side, is_place, window_of
from neurons.readouts.concept_plane_anchors import Anchor, told_mixed
from neurons.readouts.concept_plane_attractors import Settled, image_and_word, settle
from neurons.readouts.concept_plane_blocks import drawn_map, hues_of, marks_at
from neurons.readouts.concept_plane_map import (
    Doubt,
    Nearest,
    PlaneMap,
    map_from,
    nearest_classes,
    regions_of,
)
from neurons.readouts.concept_plane_pictures import SeenImages
from neurons.readouts.concept_plane_points import like_those, uniform
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Block, Gallery, Regions, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

_N_POINTS, _SHOWN = 2000, 12


@dataclass(frozen=True)
class Attractor:
    """An image where points come to rest.

    Parameters
    ----------
    name, said : str
        The image, and the class that it is seen as.
    share : float in [0, 1]
        Of the plane's points.
    steps : float
        Mean, until nothing changed.
    at_random : Share
        Of uniformly random points that come to rest there.
    image : bytes
    """

    name: str
    said: str
    share: float
    steps: float
    at_random: Share
    image: bytes = field(repr=False)


def attractor_map(
    clip: Clip,
    anchors: Sequence[Anchor],
    readout: ZeroShot,
    seen: SeenImages,
    *,
    side: int = 80,
    seed: int = 0,
) -> AttractorMap:
    """Colour each point of a plane by the image where it comes to rest.

    A point is seen as its nearest image, the image is said as its nearest class, the class is a
    point again, and so on, until the same image comes back. Every point settles: the cosine of
    image and class never falls.

    Parameters
    ----------
    clip : Clip
    anchors : sequence of Anchor, three
    readout : ZeroShot
        The classes.
    seen : SeenImages
    side : int
        Cells of the map, across.
    seed : int
        Of random points, the control: what the images attract from everywhere.

    Raises
    ------
    OptionError
        As `chart_through`, or if the grid is too coarse or too fine.
    """
    check_side(side)
    names = [each.name for each in anchors]
    chart = chart_through(np.stack([each.vector for each in anchors]), names)
    window = window_of(chart)
    places = window.grid(side)
    points = chart.points(places)
    way = image_and_word(seen, readout.directions)
    found = settle(points, way)
    known = is_place(places)
    random = settle(uniform(points.shape[1], _N_POINTS, seed), way).at
    usual = settle(like_those(seen.embeddings, _N_POINTS, seed), way).at
    order, laid = _ordered(found, known)
    said = nearest_classes(seen.embeddings[order], readout.directions).classes
    own = nearest_classes(points, readout.directions).classes
    kept = said[np.maximum(laid, 0)] == own
    reached = [
        Attractor(
            seen.name(i),
            readout.class_names[int(said[k])],
            float((laid[known] == k).mean()),
            float(found.steps[known & (laid == k)].mean()),
            Share(int((random == i).sum()), len(random)),
            seen.picture(i),
        )
        for k, i in enumerate(order.tolist())
    ]
    flat = np.zeros(len(laid))
    plain = map_from(
        window, Nearest(laid, flat + 1, flat + 1), side, Doubt(0.0, -1.0), outside=~known
    )
    places_of_anchors, _ = chart.places(chart.anchors)
    return AttractorMap(
        provenance={
            "model": clip.provenance(),
            "images": seen.images.provenance(),
            "n_images": len(seen),
            "anchors": [f"{each.kind}:{each.name}" for each in anchors],
            "classes": list(readout.class_names),
            "seed": seed,
        },
        names=tuple(names),
        warning=told_mixed(anchors),
        n_images=len(seen),
        places=places_of_anchors,
        attractors=tuple(reached),
        plane=plain,
        steps=found.steps.reshape(side, side),
        kept=Share(int(kept[known].sum()), int(known.sum())),
        from_images=len(np.unique(usual)),
        from_anywhere=len(np.unique(random)),
    )


@dataclass(frozen=True)
class AttractorMap(Result):
    """The images where the points of a plane come to rest.

    Parameters
    ----------
    names : tuple of str, three
    warning : str
    n_images : int
        That could be come to.
    places : ndarray of float64, (3, 2)
        Of the anchors.
    attractors : tuple of Attractor
        By their share of the plane.
    plane : PlaneMap
        Whose classes are the attractors.
    steps : ndarray of int, (side, side)
    kept : Share
        Points whose nearest class is the one where they come to rest.
    from_images, from_anywhere : int
        Attractors of as many random points, drawn like the images, and uniformly.
    """

    names: tuple[str, ...]
    warning: str
    n_images: int
    places: NDArray[np.float64] = field(repr=False)
    attractors: tuple[Attractor, ...]
    plane: PlaneMap
    steps: NDArray[np.intp] = field(repr=False)
    kept: Share
    from_images: int
    from_anywhere: int

    @property
    def title(self) -> str:
        """The plane."""
        return f"Attractors on the plane through {', '.join(self.names[:2])} and {self.names[2]}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give attractors, steps and how many points keep their class."""
        return (
            ("attractors", f"{len(self.attractors):,} of {self.n_images:,} images"),
            ("steps", f"{self.steps.mean():.1f} (at most {self.steps.max()})"),
            ("keep their class", f"{self.kept.value:.1%}"),
        )

    def verdict(self) -> str:
        """Say what the plane comes to."""
        first = ", ".join(f"{e.name} ({e.said}) {e.share:.0%}" for e in self.attractors[:3])
        told = (
            f"The plane comes to rest at {len(self.attractors):,} of {self.n_images:,} images: "
            f"{first}; after {self.steps.mean():.1f} steps on average, {self.steps.max()} at most. "
            f"{self.kept.value:.0%} of {self.kept.n:,} points end at an image of the class that "
            f"was nearest. {_N_POINTS:,} random points come to {self.from_anywhere:,} images if "
            f"drawn uniformly, to {self.from_images:,} if drawn like the images."
        )
        return f"{self.warning} {told}".strip()

    def blocks(self) -> tuple[Block, ...]:
        """Show the map, and the images."""
        called = self._called()
        told = [f"anchor {name}" for name in self.names]
        marks = marks_at(self.plane.window, self.places, ("",) * 3, told)
        hues = hues_of(called)
        tiles = tuple(
            Tile(e.image, f"{e.share:.1%}", e.said, e.name) for e in self.attractors[:_SHOWN]
        )
        return (
            Regions(
                "Where each point comes to rest",
                (drawn_map(self.plane, called, hues, marks=marks),),
                "A point is seen as its nearest image, this is said as its nearest class, and so "
                "on, until the same image comes back. Dots: the anchors.",
            ),
            Gallery("The images where the plane comes to rest", tiles),
            self._table(),
        )

    def rows(self) -> Sequence[Row]:
        """One row per attractor."""
        return [
            {
                "image": each.name,
                "class": each.said,
                "share": each.share,
                "steps": each.steps,
                "uniformly_random": each.at_random,
                "n_points": self.plane.n_places,
            }
            for each in self.attractors
        ]

    def _called(self) -> tuple[str, ...]:
        """Name attractors by their class, and by their image where two have one class."""
        said = [each.said for each in self.attractors]
        return tuple(
            each.said if said.count(each.said) == 1 else f"{each.said} ({each.name})"
            for each in self.attractors
        )

    def _table(self) -> Table:
        pieces = {e.name: e.pieces for e in regions_of(self.plane, self._called())}
        rows = tuple(
            (
                each.name,
                each.said,
                f"{each.share:.1%}",
                f"{pieces[called]}",
                f"{each.steps:.1f}",
                f"{each.at_random.value:.1%}",
            )
            for each, called in zip(self.attractors, self._called(), strict=True)
        )
        return Table(
            "Attractors",
            ("image", "seen as", "share", "regions", "steps", "random points"),
            rows,
            f"Share of {self.plane.n_places:,} points of the plane; random points: the share of "
            f"{_N_POINTS:,} uniformly random points of the whole space, the control.",
        )


def _ordered(
    found: Settled, known: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Rank the attractors by their share; -1 where a point did not settle."""
    which, counts = np.unique(found.at[known & (found.at >= 0)], return_counts=True)
    order = which[np.argsort(-counts, kind="stable")]
    rank = {int(i): k for k, i in enumerate(order)}
    return order, np.array([rank.get(int(i), -1) for i in found.at], np.int64)
