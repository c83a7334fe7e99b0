"""Which concepts lie between three others? A plane through the joint space, as a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.concept_plane import (
    chart_through,
    check_side,
    check_three,
    window_of,
    zooms,
)
from neurons.readouts.concept_plane_anchors import TEXT, Anchor, told_mixed
from neurons.readouts.concept_plane_blocks import (
    anchor_table,
    class_table,
    drawn_map,
    hues_on,
    marks_at,
    sample_table,
    walk_table,
)
from neurons.readouts.concept_plane_controls import (
    PlacedAnchor,
    PlacedPicture,
    pictured,
    placed_anchors,
    samples_of_space,
    shares_elsewhere,
    walks_between,
)
from neurons.readouts.concept_plane_map import Doubt, PlaneMap, doubt_of, map_of, regions_of
from neurons.readouts.concept_plane_pictures import PictureAt, SeenImages
from neurons.readouts.concept_plane_points import FallenImages, PointSample, Walk, fallen_images
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Area, Block, MapMark, RegionMap, Regions, Table
from neurons.results.result import Result
from neurons.results.table import Row

_FALLEN = 14
# share of the map from which a class is named in the verdict
_LARGE = 0.01
# pictures across a zoom
_FEW = 4


def concept_plane(
    clip: Clip,
    anchors: Sequence[Anchor],
    readout: ZeroShot,
    *,
    side: int = 120,
    zoom: int = 4,
    seen: SeenImages | None = None,
    picture_at: PictureAt | None = None,
    pictures: int = 7,
    seed: int = 0,
) -> ConceptPlane:
    """Map the nearest class at each point of a plane through three points of the joint space.

    Parameters
    ----------
    clip : Clip
    anchors : sequence of Anchor, three
        See `text_anchor`, `image_anchor` and `unit_anchor`.
    readout : ZeroShot
        The classes. Texts among the anchors that are no class are added.
    side : int
        Cells of a map, across.
    zoom : int >= 0
        Maps from the whole sphere to the surroundings of the first anchor.
    seen : SeenImages, optional
        Real images, to be placed on the plane.
    picture_at : callable, optional
        Gives pictures at points, such as `nearest_pictures`.
    pictures : int >= 1
        Of them across.
    seed : int
        Of random points and planes.

    Returns
    -------
    ConceptPlane

    Raises
    ------
    OptionError
        If there are not three anchors, they fix no plane, or the grid is too coarse or too fine.

    Notes
    -----
    Where the nearest of some directions is the one with the largest cosine, each class has one
    convex region of the sphere (an intersection of half spheres), so that the number of regions
    says nothing here: it does in pixel space.
    """
    names = [each.name for each in anchors]
    check_three(names)
    check_side(side)
    chart = chart_through(np.stack([each.vector for each in anchors]), names)
    classes, directions = _classes_of(anchors, readout)
    doubt = doubt_of(directions, seed=seed)
    window = window_of(chart)
    main = map_of(chart, window, directions, side, doubt)
    zoomed = tuple(
        map_of(chart, each, directions, max(side // 2, 60), doubt) for each in zooms(chart, zoom)
    )
    fallen = None
    if seen is not None:
        fallen = fallen_images(chart, window, seen, directions, classes, count=_FALLEN, seed=seed)
    return ConceptPlane(
        provenance={
            "model": clip.provenance(),
            "anchors": [f"{each.kind}:{each.name}" for each in anchors],
            "classes": list(classes),
            "templates": list(readout.templates),
            "seed": seed,
            **({} if seen is None else {"images": seen.images.provenance()}),
        },
        names=tuple(names),
        class_names=classes,
        anchors=placed_anchors(chart, anchors, classes, directions),
        warning=told_mixed(anchors),
        doubt=doubt,
        plane=main,
        zooms=zoomed,
        other_planes=shares_elsewhere(directions, window.half, seed),
        samples=samples_of_space(directions, classes, doubt, seen, seed),
        walks=walks_between(chart, names, classes, directions),
        fallen=fallen,
        pictures=() if picture_at is None else pictured(chart, window, picture_at, pictures),
        zoom_pictures=()
        if picture_at is None
        else tuple(pictured(chart, each.window, picture_at, _FEW) for each in zoomed),
    )


@dataclass(frozen=True)
class ConceptPlane(Result):
    """The nearest class at each point of a plane through three concepts.

    Parameters
    ----------
    names : tuple of str, three
    class_names : tuple of str
    anchors : tuple of PlacedAnchor
    warning : str
        Says if the anchors are of several kinds.
    doubt : Doubt
    plane : PlaneMap
    zooms : tuple of PlaneMap
    other_planes : mapping of str to ndarray of float64, (planes, classes)
        Shares of the classes on planes through three other classes, and through random points.
    samples : tuple of PointSample
    walks : tuple of Walk
    fallen : FallenImages, optional
    pictures : tuple of PlacedPicture
        On the first map.
    zoom_pictures : tuple of tuple of PlacedPicture
        On each zoom.
    """

    names: tuple[str, ...]
    class_names: tuple[str, ...]
    anchors: tuple[PlacedAnchor, ...]
    warning: str
    doubt: Doubt
    plane: PlaneMap
    zooms: tuple[PlaneMap, ...]
    other_planes: dict[str, NDArray[np.float64]]
    samples: tuple[PointSample, ...]
    walks: tuple[Walk, ...]
    fallen: FallenImages | None
    pictures: tuple[PlacedPicture, ...]
    zoom_pictures: tuple[tuple[PlacedPicture, ...], ...]

    @property
    def title(self) -> str:
        """The three anchors."""
        return f"The plane through {', '.join(self.names[:2])} and {self.names[2]}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give classes on the plane, and how much of it says little."""
        seen = self.plane
        return (
            ("classes compared", f"{len(self.class_names):,}"),
            ("classes on the plane", f"{len(regions_of(seen, self.class_names)):,}"),
            ("grey", f"{seen.share_of(seen.grey & ~seen.far):.1%}"),
            ("no class near", f"{seen.share_of(seen.far):.1%}"),
            ("points", f"{seen.n_places:,}"),
        )

    def verdict(self) -> str:
        """Say what warns of the map first; then which classes it shows."""
        found = regions_of(self.plane, self.class_names)
        large = [each for each in found if each.share >= _LARGE]
        shares = ", ".join(f"{each.name} {each.share:.0%}" for each in large[:6])
        rest = sum(each.share for each in found) - sum(each.share for each in large[:6])
        more = len(found) - len(large[:6])
        told = (
            f"{len(found):,} of {len(self.class_names):,} classes are nearest somewhere on this "
            f"map: {shares}{f', and {more:,} more have {rest:.1%} together' if more else ''}."
        )
        wrong = [
            f"{each.name} is answered {each.answer}"
            for each in self.anchors
            if each.kind == TEXT and each.answer != each.name
        ]
        if wrong:
            told += f" {'; '.join(wrong)}."
        grey = self.plane.share_of(self.plane.grey | self.plane.far)
        told += (
            f' At {grey:.0%} of its points "nearest" says little: the next class is about as near, '
            f"or none is nearer than to a random direction."
        )
        if self.fallen is not None:
            least, median, _ = self.fallen.quantiles
            told += (
                f" Real images lie far from it: of {self.fallen.n:,} the median is {median:.2f} "
                f"radians away, the nearest {least:.2f} (random directions: "
                f"{self.fallen.random:.2f})."
            )
        return f"{self.warning} {told}".strip()

    def blocks(self) -> tuple[Block, ...]:
        """Show the map, zooms, pictures, real images, and the numbers with their controls."""
        return (
            self._map(),
            *self._zooms(),
            *self._pictures(),
            *self._fallen(),
            walk_table(self.walks),
            self._classes(),
            sample_table(self.samples),
            anchor_table(self.anchors),
        )

    def rows(self) -> Sequence[Row]:
        """One row per class on the map."""
        place = {name: k for k, name in enumerate(self.class_names)}
        return [
            {
                "class": each.name,
                "share": each.share,
                "share_clear": each.clear,
                "regions": each.pieces,
                "n_points": self.plane.n_places,
                **{
                    f"share_{name.replace(' ', '_')}": float(values[:, place[each.name]].mean())
                    for name, values in self.other_planes.items()
                },
            }
            for each in regions_of(self.plane, self.class_names)
        ]

    def _hues(self) -> dict[str, float]:
        return hues_on(self.plane, self.class_names)

    def _anchor_marks(self, seen: PlaneMap) -> tuple[MapMark, ...]:
        places = np.array([[each.x, each.y] for each in self.anchors])
        told = [f"{each.kind}: {each.name}" for each in self.anchors]
        return marks_at(seen.window, places, [each.name for each in self.anchors], told)

    def _map(self) -> Regions:
        seen = self.plane
        drawn = drawn_map(seen, self.class_names, self._hues(), marks=self._anchor_marks(seen))
        return Regions(
            "The nearest class at each point",
            (drawn,),
            f"Great-circle coordinates: {2 * seen.window.half:.2f} radians across, true from the "
            f"centre. Grey: the margin to the next class is below {self.doubt.margin:.3f}, a tenth "
            f"of the median class's own. Hatched: the nearest class has a cosine below "
            f"{self.doubt.cosine:.2f}, which one random direction in 20 reaches. Point at a region "
            f"for its name.",
        )

    def _zooms(self) -> tuple[Regions, ...]:
        if not self.zooms:
            return ()
        hues, maps = self._hues(), []
        for i, seen in enumerate(self.zooms):
            half = seen.window.half
            title = f"{2 * half:.2g} radians across" if i else "the whole sphere"
            following = self.zooms[i + 1].window if i + 1 < len(self.zooms) else None
            drawn = drawn_map(
                seen,
                self.class_names,
                hues,
                title=title,
                marks=[MapMark("", m.x, m.y, m.told) for m in self._anchor_marks(seen)],
                frame=following,
                small=True,
            )
            maps.append(drawn)
        note = (
            f"From the whole sphere to the surroundings of {self.names[0]}; a frame is what the "
            f"next map shows. Dots: the anchors. Outside of the circle there is no place."
        )
        return (Regions("Zoom", tuple(maps), note),)

    def _pictures(self) -> tuple[Regions, ...]:
        if not self.pictures:
            return ()
        note = "What stands at points of the same map. Point at a picture for which it is."
        found = [Regions("Pictures at points", (self._with(self.plane, self.pictures),), note)]
        if self.zoom_pictures:
            shown = zip(self.zooms, self.zoom_pictures, strict=True)
            maps = tuple(self._with(seen, few) for seen, few in shown)
            found.append(Regions("The same zooms as pictures", maps))
        return tuple(found)

    def _with(self, seen: PlaneMap, pictures: Sequence[PlacedPicture]) -> RegionMap:
        """Lay pictures on a map, without its names."""
        places = np.array([[each.x, each.y] for each in pictures])
        across = max(int(np.ceil(len(pictures) ** 0.5)), 1)
        marks = [
            MapMark(each.told, float(x), float(y), each.told, each.image, 0.86 / across)
            for each, (x, y) in zip(pictures, seen.window.shares(places), strict=True)
        ]
        drawn = drawn_map(seen, self.class_names, self._hues(), marks=marks)
        bare: tuple[Area, ...] = tuple(replace(each, shown=False) for each in drawn.areas)
        title = f"{2 * seen.window.half:.2g} radians across"
        return replace(drawn, title=title, areas=bare, grey=())

    def _fallen(self) -> tuple[Regions, ...]:
        if self.fallen is None or not self.fallen.nearest:
            return ()
        images = self.fallen.nearest
        shares = self.plane.window.shares(np.array([[each.x, each.y] for each in images]))
        marks = [
            MapMark(
                each.label or each.name,
                float(x),
                float(y),
                f"{each.name}: {each.distance:.2f} radians from the plane; nearest class "
                f"{each.own}, at this place {each.there}",
                each.image,
                0.07,
            )
            for each, (x, y) in zip(images, shares, strict=True)
        ]
        drawn = drawn_map(self.plane, self.class_names, self._hues(), marks=marks)
        distances = [each.distance for each in images]
        note = (
            f"The {len(images)} of {self.fallen.n:,} images that lie nearest to the plane and fall "
            f"on this map, {min(distances):.2f} to {max(distances):.2f} radians from it; all: "
            f"median {self.fallen.quantiles[1]:.2f}; random directions {self.fallen.random:.2f}. "
            f"{self.fallen.same} of all images have the same nearest class as the place where "
            f"they fall: what is seen on the plane is little of an image."
        )
        return (Regions("Real images where they fall", (drawn,), note),)

    def _classes(self) -> Table:
        about = (
            "Regions: connected; in the joint space a class has one convex region by geometry, and "
            "more are slivers thinner than a cell, or the far side, which a flat map parts."
        )
        return class_table(self.plane, self.class_names, self.other_planes, pieces=about)


def _classes_of(
    anchors: Sequence[Anchor], readout: ZeroShot
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Give the readout's classes, and texts among the anchors that are none of them."""
    more = [each for each in anchors if each.kind == TEXT and each.name not in readout.class_names]
    vectors = [readout.directions, *(each.vector[None] for each in more)]
    stacked = np.concatenate([np.asarray(each, np.float64) for each in vectors])
    names = (*readout.class_names, *(each.name for each in more))
    if len(names) < 2:
        raise OptionError("one class is nearest everywhere; name two or more")
    return names, stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
