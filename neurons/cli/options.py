"""Which options do commands share? Each group is written once, and makes the library's value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.address import Neuron
from neurons.cli.checks import (
    MINIATURE,
    check_images,
    check_probe,
    check_run,
    read_neuron,
    read_neurons,
)
from neurons.cli.terminal import Bar, console

if TYPE_CHECKING:
    from neurons import Activations, Clip, ImageSet, Lettering, Sample
    from neurons.network.inference import Precision
    from neurons.readouts.readout import Readout, ZeroShot

MODEL_HELP = "MODEL/TAG, local-dir:PATH, hf-hub:OWNER/NAME or miniature."
IMAGES_HELP = (
    "A folder, .parquet, .tar or .txt file, hf:OWNER/NAME:SPLIT, miniature; repeat for a list."
)

ModelArgument = Annotated[str, Parameter(help=MODEL_HELP)]
RunPath = Annotated[
    Path, Parameter(validator=check_run, help="A run's folder, as `neurons scan` made it.")
]
RunOption = Annotated[Path | None, Parameter(validator=check_run)]
ProbePath = Annotated[
    Path, Parameter(validator=check_probe, help="A folder that `neurons probe` made.")
]
ProbeOption = Annotated[Path | None, Parameter(validator=check_probe)]
NeuronAddress = Annotated[Neuron, Parameter(converter=read_neuron, n_tokens=1, accepts_keys=False)]
NeuronAddresses = Annotated[
    tuple[Neuron, ...], Parameter(converter=read_neurons, n_tokens=1, accepts_keys=False)
]
LayerPaths = Annotated[tuple[str, ...], Parameter(name=("--layers", "-l"))]
Out = Annotated[Path, Parameter(name=("--out", "-o"))]
OptionalOut = Annotated[Path | None, Parameter(name=("--out", "-o"))]


@Parameter(name="*", group="Model")
@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """On which device the network runs.

    Parameters
    ----------
    device : str, optional
        cpu, cuda, cuda:1; default: a GPU if any.
    """

    device: str | None = None

    def load(self, name: str) -> Clip:
        """Load a model there."""
        with console.status("loading the model"):
            return neurons.load(name, device=self.device)


@Parameter(name="*", group="Model")
@dataclass(frozen=True, kw_only=True)
class ModelOptions(DeviceOptions):
    """Which model, and how it is run.

    Parameters
    ----------
    model : str
        MODEL/TAG, local-dir:PATH, hf-hub:OWNER/NAME or miniature.
    precision : str
        exact, fast, or compiled where a command can use it.
    """

    model: Annotated[str, Parameter(name=("--model", "-m"))]
    precision: str = "exact"

    def open(self) -> Clip:
        """Load the model."""
        return self.load(self.model)

    def how(self) -> Precision:
        """Find the precision by its name."""
        from neurons.network.inference import parse_precision

        return parse_precision(self.precision)


@Parameter(name="*", group="Images")
@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """Which images.

    Parameters
    ----------
    images : tuple of str
        A folder, .parquet, .tar or .txt file, hf:OWNER/NAME:SPLIT, miniature; repeat for a list.
    label_column : str
        Where a table keeps the class.
    """

    images: Annotated[tuple[str, ...], Parameter(name=("--images", "-i"))]
    label_column: str = "label"

    def __post_init__(self) -> None:
        check_images(self.images)

    def open(self) -> ImageSet:
        """Open them, with a bar while the miniature's are drawn."""
        from neurons.drawn_world import labelled_pictures

        source = self.images[0] if len(self.images) == 1 else list(self.images)
        if source == MINIATURE:
            with Bar("drawing", "pictures") as bar:
                labelled_pictures.folder(progress=bar.show)
        return neurons.images(source, label_column=self.label_column)


@Parameter(name="*", group="Images")
@dataclass(frozen=True, kw_only=True)
class RunImageOptions(ImageOptions):
    """Where a run's images are.

    Parameters
    ----------
    images : tuple of str
        Where the run's images are now; default: where they lay when it was made.
    """

    images: Annotated[tuple[str, ...], Parameter(name=("--images", "-i"))] = ()

    def of(self, run: Activations) -> ImageSet:
        """Open those named, or the run's."""
        from neurons.activations.run import images_of

        return self.open() if self.images else images_of(run)


@Parameter(name="*", group="Sampling")
@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """Which of the images are taken.

    Parameters
    ----------
    n : int
        Images, drawn at random.
    only : str, optional
        Images to draw from: COLUMN=VALUE,VALUE of their table.
    seed : int
        Of images and places.
    """

    n: int = 200
    only: str | None = None
    seed: int = 0

    def of(self, images: ImageSet) -> Sample:
        """Say which of the images are taken."""
        from neurons.cli.parse_attack import parse_rows

        return neurons.Sample(self.n, parse_rows(images, self.only), self.seed)


@Parameter(name="*", group="Classes")
@dataclass(frozen=True, kw_only=True)
class ClassOptions:
    """What an answer is chosen from, zero-shot.

    Parameters
    ----------
    classes : str, optional
        What to choose from, parted by commas, or a file; default: the images'.
    prompts : str
        auto, openai (80 templates), plain, miniature, or a file.
    """

    classes: str | None = None
    prompts: str = "auto"

    def readout(self, clip: Clip, images: ImageSet | None) -> ZeroShot:
        """Read the classes zero-shot."""
        from neurons.cli.parse_attack import parse_readout

        return parse_readout(clip, images, self.classes, self.prompts)


@Parameter(name="*", group="Classes")
@dataclass(frozen=True, kw_only=True)
class ReadoutOptions(ClassOptions):
    """What an answer is chosen from, zero-shot and by a probe.

    Parameters
    ----------
    probe : Path, optional
        A fitted probe's folder: it reads the classes too, beside zero-shot.
    """

    probe: ProbeOption = None

    def readouts(self, clip: Clip, images: ImageSet) -> dict[str, Readout]:
        """Read the classes zero-shot, and by the probe if there is one."""
        from neurons.cli.parse_attack import parse_readouts

        return parse_readouts(clip, images, self.classes, self.prompts, self.probe)


@Parameter(name="*", group="Lettering")
@dataclass(frozen=True, kw_only=True)
class LetteringOptions:
    """How words are written.

    Parameters
    ----------
    font : str, optional
        A bundled typeface, or a font file.
    size : float, optional
        Height of the letters, px; instead of --area.
    area : float, optional
        Share of the pixels to change; default 0.07.
    place : str
        article (eight places), random, least-salient, or X,Y in shares.
    colour : str, optional
        Of the letters: #rrggbb or a name; default black.
    stroke : int, optional
        Outline, px; default 1.
    stroke_colour : str, optional
        Of the outline; default: white.
    plate : str, optional
        Colour of a paper behind the word; default: none.
    rotation : float
        Degrees, counter-clockwise.
    opacity : float
        From 0 to 1.
    repeats : bool
        Eight small copies.
    """

    font: str | None = None
    size: float | None = None
    area: float | None = None
    place: str = "article"
    colour: str | None = None
    stroke: int | None = None
    stroke_colour: str | None = None
    plate: str | None = None
    rotation: float = 0.0
    opacity: float = 1.0
    repeats: bool = False

    def lettering(self) -> Lettering:
        """Put them together; what is not asked for keeps the library's default.

        Raises
        ------
        OptionError
            If a colour or a place cannot be read, or a number makes no sense.
        """
        from neurons.cli.parse_lettering import parse_colour, parse_place

        def colour(text: str | None) -> tuple[int, int, int] | None:
            return None if text is None else parse_colour(text)

        asked: dict[str, object] = {
            "font": self.font,
            "size_px": self.size,
            "area": self.area,
            "colour": colour(self.colour),
            "stroke_px": self.stroke,
            "stroke_colour": colour(self.stroke_colour),
            "plate": colour(self.plate),
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return neurons.Lettering(
            places=parse_place(self.place),
            rotation_deg=self.rotation,
            opacity=self.opacity,
            repeats=self.repeats,
            **given,  # type: ignore[arg-type]
        )
