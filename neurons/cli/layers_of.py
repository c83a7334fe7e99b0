"""What does each stage of a network make of one image?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.checks import MINIATURE, check_images
from neurons.cli.options import (
    ClassOptions,
    DeviceOptions,
    LayerPaths,
    ModelArgument,
    RunOption,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import LabelsMissingError, OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Clip, ImageSet, LayersOf
    from neurons.activations.stage_reference import StageReference
    from neurons.readouts.readout import ZeroShot
    from neurons.visualization.control_image import NamedImage

# of a set of images so many are compared with: enough for a lens of some hundred units
_COMPARED = 1200


def layers_of(
    model: ModelArgument,
    image: str,
    /,
    *,
    to: OutOptions,
    run: RunOption = None,
    images: Annotated[str | None, Parameter(name=("--images", "-i"))] = None,
    other: str | None = None,
    layers: LayerPaths = (),
    count: int = 6,
    steps: int = 150,
    seed: int = 0,
    classes: ClassOptions = ClassOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Follow one image through a network, stage by stage: `neurons layers-of MODEL cat.jpg -o out`.

    Parameters
    ----------
    image : str
        A file; or the id or file name of an image of the run or of --images.
    run : Path, optional
        A run of the stages on other images: says which channels the image surprises, and a lens is
        fitted to it. The miniature needs none: its own pictures are shown to it.
    images : str, optional
        Instead of a run: other images, of which 1,200 are shown to the model; a folder, .parquet,
        .tar or .txt file, hf:OWNER/NAME:SPLIT or miniature.
    other : str, optional
        The image whose inverse is the control, as IMAGE; default: drawn from the other images, of
        another answer.
    layers : tuple of str
        Module paths, parted by commas; default: four stages, evenly over the depth.
    count : int
        Channels to show of each stage.
    steps : int
        Of each inversion.
    seed : int
        Of the noise that inverses start from, of the images that are drawn, and of the lens.
    """
    from neurons.visualization.inversion import InversionSettings

    answer = to.answer("layers-of", locals())
    if run is not None and images is not None:
        raise OptionError("the other images are those of a run or of --images: not both")
    if images is not None:
        check_images((images,))
    if count < 1 or steps < 1:
        raise OptionError(f"{count} channels per stage, {steps} steps: at least 1 of each")
    shown = _others(model, run, images)
    asked, second = _named(shown, image), None if other is None else _named(shown, other)
    _check_classes(classes, shown)
    clip = on.load(model)
    answer = answer.made_of(clip, shown)
    paths = [part.strip() for text in layers for part in text.split(",") if part.strip()]
    reference, compared = _reference(clip, run, shown, paths, seed)
    readout = classes.readout(clip, shown)
    if second is None and compared is not None:
        second = _unlike(clip, readout, compared, asked, seed)
    found: LayersOf
    with Bar("inverting", "steps") as bar:
        found = neurons.layers_of(
            clip, asked, readout, reference=reference, other=second, layers=paths, count=count,
            inversion=InversionSettings(steps=steps), seed=seed, progress=bar.show,
        )  # fmt: skip
    say(found.verdict())
    out_console.print(_drawn(found))
    if not found.reference:
        told = " ".join(f"-l {stage.layer}" for stage in found.stages)
        say(f"compare it: neurons scan -m {model} -i IMAGES {told} -o run, and give --run run")
    say_path("pages", answer.write(found))


def _others(model: str, run: Path | None, images: str | None) -> ImageSet | None:
    """Open the images to compare with: those named, a run's where they lie, the miniature's own."""
    from neurons.activations.run import images_of
    from neurons.errors import ImagesNotFoundError

    if run is not None:
        try:
            return images_of(neurons.Activations.open(run))
        except ImagesNotFoundError as error:
            say(f"the run's images are not there, its numbers are: {error}")
            return None
    source = images or (MINIATURE if model == MINIATURE else None)
    if source == MINIATURE:
        from neurons.drawn_world import labelled_pictures

        with Bar("drawing", "pictures") as bar:
            labelled_pictures.folder(progress=bar.show)
    return None if source is None else neurons.images(source)


def _named(images: ImageSet | None, image: str) -> NamedImage:
    """Read a file, or an image of the other ones."""
    from neurons.data.image_names import picture_called
    from neurons.visualization.control_image import NamedImage

    if images is None:
        return NamedImage.of(image)
    return NamedImage(*picture_called(images, image))


def _check_classes(classes: ClassOptions, images: ImageSet | None) -> None:
    """Refuse what gives no classes, before the model is loaded."""
    try:
        classes.check(images)
    except (LabelsMissingError, OptionError) as error:
        if classes.classes is not None:
            raise
        raise OptionError(
            f"which classes is the answer chosen from? Name them with --classes cat,dog,car or a "
            f"file of one per line ({error})"
        ) from None


def _reference(
    clip: Clip, run: Path | None, images: ImageSet | None, paths: list[str], seed: int
) -> tuple[StageReference | None, ImageSet | None]:
    """Take what other images give: a run's numbers, or those of some images."""
    from neurons.activations.stage_reference import reference_of_images, reference_of_run
    from neurons.network.layers import stages

    wanted = paths or list(stages(clip))
    if run is not None:
        opened = neurons.Activations.open(run)
        opened.check_clip(clip)
        return reference_of_run(opened, wanted), images
    if images is None:
        return None, None
    drawn = images.sample(min(_COMPARED, len(images)), seed=seed)
    with Bar("showing other images", "images") as bar:
        return reference_of_images(clip, drawn, wanted, progress=bar.show), drawn


def _unlike(
    clip: Clip, readout: ZeroShot, images: ImageSet, asked: NamedImage, seed: int
) -> NamedImage | None:
    """Draw an image to which the model answers another class."""
    from neurons.visualization.control_image import control_image

    return control_image(clip, readout, images, asked, seed=seed)


def _drawn(found: LayersOf) -> Table:
    """Draw the stages, one line each."""
    drawn = table("layer", "first channel", "z", "usual", "lens", "own readout", "inverses", "keep")
    for stage in found.stages:
        own, seen = stage.own(found.image), stage.surprised
        drawn.add_row(
            stage.layer,
            "-" if seen is None else seen.channels[0].neuron.rpartition(":")[2],
            "-" if seen is None else f"{seen.channels[0].z:+.1f}",
            "-" if seen is None else f"{seen.usual:.1f}",
            "-" if stage.tuned is None else stage.tuned.answer,
            "-" if stage.plain is None else stage.plain.answer,
            ", ".join(f"{each.error:.2f}" for each in own) or "-",
            f"{sum(each.keeps for each in own)} of {len(own)}" if own else "-",
        )
    return drawn
