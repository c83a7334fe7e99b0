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
    check_layers,
    check_model,
    check_probe,
    check_run,
    read_neuron,
    read_neurons,
)
from neurons.cli.terminal import Bar, console
from neurons.errors import OptionError

if TYPE_CHECKING:
    from neurons import Activations, Clip, ImageSet, Lettering, Sample
    from neurons.network.inference import Precision
    from neurons.readouts.readout import Readout, ZeroShot

MODEL_HELP = "MODEL/TAG, local-dir:PATH, hf-hub:OWNER/NAME or miniature."
IMAGES_HELP = (
    "A folder, .parquet, .tar or .txt file, hf:OWNER/NAME:SPLIT, miniature; repeat for a list."
)

ModelArgument = Annotated[str, Parameter(help=MODEL_HELP, validator=check_model)]
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
LayerPaths = Annotated[tuple[str, ...], Parameter(name=("--layers", "-l"), validator=check_layers)]
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

    def load_of(self, run: Activations) -> Clip:
        """Load a run's model there, with the dictionaries that the run keeps."""
        with console.status("loading the model"):
            return neurons.clip_of(run, device=self.device)


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

    model: Annotated[str, Parameter(name=("--model", "-m"), validator=check_model)]
    precision: str = "exact"

    def open(self) -> Clip:
        """Load the model."""
        return self.load(self.model)

    def how(self) -> Precision:
        """Find the precision by its name."""
        from neurons.network.inference import parse_precision

        return parse_precision(self.precision)

    def slow(self, clip: Clip) -> str:
        """Say that this precision is slower than exact where the model lies; empty if it is not."""
        from neurons.network.inference import told_slow

        return told_slow(self.how(), clip.device)


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
    limit : int, optional
        Only the first so many.
    sample : int, optional
        Only so many, drawn at random.
    sample_seed : int
        Of that draw.
    """

    images: Annotated[tuple[str, ...], Parameter(name=("--images", "-i"))]
    label_column: str = "label"
    limit: int | None = None
    sample: int | None = None
    sample_seed: int = 0

    def __post_init__(self) -> None:
        check_images(self.images)
        if self.limit is not None and self.sample is not None:
            raise OptionError("give --limit (the first images) or --sample (drawn): not both")

    def open(self) -> ImageSet:
        """Open them, and take those that are asked for."""
        shown = self._all()
        if self.limit is not None:
            return shown.first(self.limit)
        if self.sample is not None:
            return shown.sample(self.sample, seed=self.sample_seed)
        return shown

    def _all(self) -> ImageSet:
        """Open all, with a bar while the miniature's are drawn."""
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
        from neurons.activations.run import images_of, taken_again

        if not self.images:
            if self.limit is not None or self.sample is not None:
                raise OptionError(
                    "the run's images are those that it was made of: scan fewer, or name other "
                    "images"
                )
            return images_of(run)
        if self.limit is not None or self.sample is not None:
            return self.open()
        # the run remembers which of them it was made of
        return taken_again(run, self._all())


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

    def check(self, images: ImageSet | None, *wanted: str) -> None:
        """Refuse classes and prompts that are not there, before a model is loaded.

        Parameters
        ----------
        images : ImageSet or None
            Whose classes they are where none are named.
        *wanted : str
            Classes that must be among them.

        Raises
        ------
        OptionError
            If there are no such prompts or classes.
        LabelsMissingError
            If the images carry no labels.
        """
        from neurons.cli.parse_attack import check_classes, check_prompts

        check_prompts(self.prompts)
        check_classes(self._names(images), wanted)

    def _names(self, images: ImageSet | None) -> list[str]:
        from neurons.cli.parse_attack import parse_classes

        return parse_classes(self.classes, images)

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

    def _names(self, images: ImageSet | None) -> list[str]:
        if self.probe is None or self.classes is not None:
            return super()._names(images)
        return list(neurons.Probe.load(self.probe).class_names)

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
    place : str, optional
        article (eight places), random, least-salient, or X,Y in shares; default: article where
        the network's input is large enough to read eight copies, else random.
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
    place: str | None = None
    colour: str | None = None
    stroke: int | None = None
    stroke_colour: str | None = None
    plate: str | None = None
    rotation: float = 0.0
    opacity: float = 1.0
    repeats: bool = False

    def check(self) -> None:
        """Refuse what makes no sense, before a model is loaded.

        Raises
        ------
        OptionError
            If a colour or a place cannot be read, or a number makes no sense.
        """
        neurons.Lettering(**self._given())  # type: ignore[arg-type]

    def lettering(self, clip: Clip) -> Lettering | None:
        """Put them together for a network's input; None where the library is to choose.

        Raises
        ------
        OptionError
            As `check`.
        """
        from dataclasses import replace

        from neurons.lettering.default import default_lettering

        given = self._given()
        if not given:
            return None
        return replace(default_lettering(clip.preprocess.size), **given)  # type: ignore[arg-type]

    def for_files(self) -> Lettering:
        """Put them together for images of any size, which no network has resized yet.

        Raises
        ------
        OptionError
            As `check`.
        """
        return neurons.Lettering(**self._given())  # type: ignore[arg-type]

    def _given(self) -> dict[str, object]:
        from neurons.cli.parse_lettering import parse_colour, parse_place

        def colour(text: str | None) -> tuple[int, int, int] | None:
            return None if text is None else parse_colour(text)

        asked: dict[str, object] = {
            "font": self.font,
            "size_px": self.size,
            "area": self.area,
            "places": None if self.place is None else parse_place(self.place),
            "colour": colour(self.colour),
            "stroke_px": self.stroke,
            "stroke_colour": colour(self.stroke_colour),
            "plate": colour(self.plate),
            "rotation_deg": self.rotation or None,
            "opacity": None if self.opacity == 1 else self.opacity,
            "repeats": self.repeats or None,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        # an area that is asked for counts, whatever height the default has
        return {"size_px": None, **given} if "area" in given else given
