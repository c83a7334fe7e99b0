"""Which concepts lie between three others? The command that draws the space between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.checks import MINIATURE, check_images, check_model
from neurons.cli.options import (
    ClassOptions,
    DeviceOptions,
    ImageOptions,
    ModelArgument,
    RunImageOptions,
    RunOption,
)
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from neurons import Activations, Clip, ImageSet
    from neurons.readouts.concept_plane_anchors import Anchor
    from neurons.readouts.concept_plane_pictures import PictureAt, SeenImages
    from neurons.readouts.readout import ZeroShot
    from neurons.results.result import Result

_TEXT, _IMAGE, _UNIT = "text", "image", "unit"
_KINDS = (_TEXT, _IMAGE, _UNIT)
_FORMS = 'text:A SENTENCE, image:FILE or unit:LAYER:UNIT, such as "text:cat"'
JOINT, PIXELS = "joint", "pixels"
_NEAREST, _MADE, _NONE = "nearest", "made", "none"
_SIDES = {JOINT: 120, PIXELS: 32}
_ZOOMS = {JOINT: 4, PIXELS: 1}


@Parameter(name="*", group="Plane")
@dataclass(frozen=True, kw_only=True)
class PlaneOptions:
    """Through which points, and how finely.

    Parameters
    ----------
    of : tuple of str
        Three of text:A SENTENCE, image:FILE (or an image of the run, or of --images) and
        unit:LAYER:UNIT.
    space : str
        joint (of texts and images) or pixels (between three images).
    grid : int, optional
        Cells of a map across; default: 120, in pixel space 32.
    zoom : int, optional
        Further maps, around the first point; default: 4, in pixel space 1.
    attractors : bool
        Also where each point comes to rest if it is seen as the nearest image and said as the
        nearest class again and again.
    seed : int
        Of random points, planes and draws.
    """

    of: Annotated[tuple[str, ...], Parameter(consume_multiple=True)]
    space: str = JOINT
    grid: int | None = None
    zoom: int | None = None
    attractors: bool = False
    seed: int = 0

    def check(self) -> None:
        """Refuse what makes no plane, before a model is loaded."""
        from neurons.readouts.concept_plane import check_side

        kinds = [_parted(each)[0] for each in self.of]
        if len(self.of) != 3 or len(set(self.of)) != 3:
            why = f"{len(self.of)} were named" if len(self.of) != 3 else "two of them are the same"
            raise OptionError(
                f"a plane goes through three different points, and {why}; write {_FORMS}"
            )
        if self.space not in _SIDES:
            raise OptionError(f"no space {self.space!r}; there are: {', '.join(_SIDES)}")
        if self.space == PIXELS and set(kinds) != {_IMAGE}:
            raise OptionError("a plane in pixel space goes through three images: image:FILE")
        if self.space == PIXELS and self.attractors:
            raise OptionError("attractors are those of the joint space; leave out --space pixels")
        check_side(self.side)
        if self.steps < 0:
            raise OptionError(f"a zoom of {self.steps} maps: 0 or more")

    @property
    def side(self) -> int:
        """Cells of a map, across."""
        return _SIDES[self.space] if self.grid is None else self.grid

    @property
    def steps(self) -> int:
        """Maps of the zoom."""
        return _ZOOMS[self.space] if self.zoom is None else self.zoom


@Parameter(name="*", group="Images")
@dataclass(frozen=True, kw_only=True)
class PlaneImageOptions:
    """Which real images are placed on the plane.

    Parameters
    ----------
    run : Path, optional
        A run of this model: its images and their embeddings.
    images : tuple of str
        Without a run: a folder, .parquet, .tar or .txt file, hf:OWNER/NAME:SPLIT, miniature.
        Default for the miniature: its own.
    n : int
        Of --images: how many are taken, at random.
    """

    run: RunOption = None
    images: Annotated[tuple[str, ...], Parameter(name=("--images", "-i"))] = ()
    n: int = 400

    def __post_init__(self) -> None:
        if self.images:
            check_images(self.images)

    def open(self, model: str) -> tuple[Activations | None, ImageSet | None]:
        """Open the run, if there is one, and the images, if there are any."""
        if self.run is not None:
            opened = neurons.Activations.open(self.run)
            return opened, RunImageOptions(images=self.images).of(opened)
        source = self.images or ((MINIATURE,) if model == MINIATURE else ())
        return None, ImageOptions(images=source).open() if source else None

    def seen(
        self, clip: Clip, run: Activations | None, images: ImageSet | None, seed: int
    ) -> SeenImages | None:
        """Take the run's embeddings, or embed the images."""
        import numpy as np

        from neurons.readouts.concept_plane_pictures import SeenImages, embedded_images
        from neurons.readouts.unit_directions import unit_length

        if images is None:
            return None
        if run is not None:
            run.check_clip(clip)
            run.check_images(images)
            rows = run.good_rows()
            embedded = np.asarray(run.embeddings[:], np.float32)[rows]
            return SeenImages(images, rows, unit_length(embedded))
        with Bar("embedding", "images") as bar:
            return embedded_images(clip, images, n=self.n, seed=seed, progress=bar.show)


@Parameter(name="*", group="Pictures")
@dataclass(frozen=True, kw_only=True)
class PlanePictureOptions:
    """What stands at points of the plane.

    Parameters
    ----------
    pictures : str
        nearest (real image), made (feature visualisation towards the point: slow), or none.
    across : int
        Pictures across.
    steps : int
        Of the ascent of made ones.
    """

    pictures: str = _NEAREST
    across: int = 7
    steps: int = 128

    def check(self) -> None:
        """Refuse what there is not."""
        known = (_NEAREST, _MADE, _NONE)
        if self.pictures not in known:
            raise OptionError(f"no pictures {self.pictures!r}; there are: {', '.join(known)}")
        if not 1 <= self.across <= 20 or self.steps < 1:
            raise OptionError(
                f"{self.across} pictures across, {self.steps} steps: take 1 to 20, and 1 or more"
            )

    def at(self, clip: Clip, seen: SeenImages | None) -> PictureAt | None:
        """Say how a point becomes a picture; None if it does not."""
        from neurons.readouts.concept_plane_pictures import nearest_pictures

        if self.pictures == _MADE:
            from neurons.studies.representation.plane_pictures import made_pictures

            return made_pictures(clip, neurons.Settings(steps=self.steps))
        return nearest_pictures(seen) if self.pictures == _NEAREST and seen is not None else None


def plane(
    model: ModelArgument,
    /,
    *,
    through: PlaneOptions,
    other: Annotated[str | None, Parameter(validator=check_model)] = None,
    shown: PlaneImageOptions = PlaneImageOptions(),
    pictures: PlanePictureOptions = PlanePictureOptions(),
    classes: ClassOptions = ClassOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Map the space between three concepts: `neurons plane miniature --of text:cat text:dog ...`.

    Parameters
    ----------
    other : str, optional
        A second model: how far do both give the same plane the same classes?
    """
    answer = to.answer("plane", locals())
    through.check()
    pictures.check()
    run, images = shown.open(model)
    if classes.classes is None and images is None:
        raise OptionError(
            "no classes to compare; name some by --classes, or images with labels by --images or "
            "a run by --run"
        )
    classes.check(images)
    clip = on.load(model)
    readout = classes.readout(clip, images)
    if answer is not None:
        answer = answer.made_of(clip, images)
    found: list[Result]
    second = None if other is None else on.load(other)
    if through.space == PIXELS:
        found = _in_pixels(clip, through, images, readout, second, classes)
    else:
        anchors = [_anchor(clip, readout, each, run, images) for each in through.of]
        seen = shown.seen(clip, run, images, through.seed)
        found = [
            neurons.concept_plane(
                clip,
                anchors,
                readout,
                side=through.side,
                zoom=through.steps,
                seen=seen,
                picture_at=pictures.at(clip, seen),
                pictures=pictures.across,
                seed=through.seed,
            )
        ]
        if second is not None:
            asked = classes.readout(second, images)
            others = [_anchor(second, asked, each, None, images) for each in through.of]
            found.append(
                neurons.plane_agreement(
                    clip, anchors, readout, second, others, asked, seed=through.seed
                )
            )
        if through.attractors:
            found.append(_attractors(clip, anchors, readout, seen, through.seed))
    for each in found:
        say(each.verdict())
    _tell(found[0])
    if answer is not None:
        say_path("pages", answer.write(found[0], *found[1:]))


def _in_pixels(
    clip: Clip,
    through: PlaneOptions,
    images: ImageSet | None,
    readout: ZeroShot,
    second: Clip | None,
    classes: ClassOptions,
) -> list[Result]:
    """Let one model, or two, see the images of a plane in pixel space."""
    from neurons.readouts.concept_plane_anchors import picture_of
    from neurons.studies.representation.plane_agreement import agreement_result

    named = [picture_of(images, _parted(each)[1]) for each in through.of]
    names, pixels = [name for name, _ in named], [each for _, each in named]

    def seen_by(seeing: Clip, asked: ZeroShot) -> neurons.PixelPlane:
        with Bar(f"{seeing.name} sees the plane", "images") as bar:
            return neurons.pixel_plane(
                seeing,
                pixels,
                names,
                asked,
                side=through.side,
                zoom=through.steps,
                seed=through.seed,
                progress=bar.show,
            )

    first = seen_by(clip, readout)
    found: list[Result] = [first]
    if second is not None:
        other = seen_by(second, classes.readout(second, images))
        made_of = {"model": clip.provenance(), "other": second.provenance(), "anchors": names}
        both, called = (first.plane, other.plane), (clip.name, second.name)
        found.append(agreement_result(made_of, called, first.class_names, both, seed=through.seed))
    return found


def _attractors(
    clip: Clip,
    anchors: Sequence[Anchor],
    readout: ZeroShot,
    seen: SeenImages | None,
    seed: int,
) -> Result:
    if seen is None:
        raise OptionError("attractors are images; name some by --images, or a run by --run")
    return neurons.attractor_map(clip, anchors, readout, seen, seed=seed)


def _anchor(
    clip: Clip,
    readout: ZeroShot,
    text: str,
    run: Activations | None,
    images: ImageSet | None,
) -> Anchor:
    """Read one point of the plane."""
    from neurons.cli.linear_options import LinearOptions
    from neurons.readouts.concept_plane_anchors import image_anchor, text_anchor, unit_anchor

    kind, rest = _parted(text)
    if kind == _TEXT:
        return text_anchor(clip, readout, rest)
    if kind == _IMAGE:
        return image_anchor(clip, images, rest)
    if images is None:
        raise OptionError(
            f"where {rest} points is measured on images; name some by --images, or a run by --run"
        )
    neuron = neurons.Neuron.parse(rest)
    directions = LinearOptions(fit=400).directions(clip, images, neuron.layer)
    return unit_anchor(directions, neuron)


def _parted(text: str) -> tuple[str, str]:
    """Part an anchor into its kind and the rest."""
    kind, _, rest = text.partition(":")
    if kind not in _KINDS or not rest.strip():
        raise OptionError(f"{text!r} is no point of a plane; write {_FORMS}")
    if kind == _UNIT:
        neurons.Neuron.parse(rest)
    return kind, rest.strip()


def _tell(found: Result) -> None:
    """Draw the classes of the first map, one line each."""
    drawn = table("class", "share", "clear", "regions")
    for row in list(found.rows())[:12]:
        values = dict(row) if isinstance(row, dict) else {}
        drawn.add_row(
            str(values["class"]),
            f"{values['share']:.1%}",
            f"{values['share_clear']:.1%}",
            str(values["regions"]),
        )
    out_console.print(drawn)
