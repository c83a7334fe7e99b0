"""Is it texture or shape that a model sees, or a word?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.checks import MINIATURE, check_images, check_layers, check_model
from neurons.cli.options import MODEL_HELP, ClassOptions, DeviceOptions, RunOption
from neurons.cli.out_options import Answer, OutOptions
from neurons.cli.parse import parted, read_groups
from neurons.cli.terminal import Bar, out_console, say, say_path, show, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Clip, CueConflict, CueLayers, ImageSet, Robustness
    from neurons.data.cue_images import CueImages
    from neurons.network.inference import Precision
    from neurons.readouts.readout import ZeroShot
    from neurons.results.result import Result

Model = Annotated[str | None, Parameter(help=MODEL_HELP, validator=check_model)]
Images = Annotated[str | None, Parameter(name=("--images", "-i"))]
Layers = Annotated[tuple[str, ...], Parameter(name=("--layers", "-l"), validator=check_layers)]


@Parameter(name="*", group="Layers")
@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """Where in the network cues are followed.

    Parameters
    ----------
    run : Path, optional
        A run of labelled images of the same classes: which cue wins in its layers and units?
    layers : tuple of str, optional
        Of the run; default: all.
    """

    run: RunOption = None
    layers: Layers = ()


def shape(
    model: Model = None,
    /,
    *,
    images: Images = None,
    answers: tuple[Path, ...] = (),
    plain: str | None = None,
    words: Path | None = None,
    n: int = 500,
    seed: int = 0,
    precision: str = "exact",
    to: OutOptions,
    asked: ClassOptions = ClassOptions(),
    device: DeviceOptions = DeviceOptions(),
    where: LayerOptions = LayerOptions(),
) -> None:
    """Count which cue answers follow where shape, texture and word are of different classes.

    Parameters
    ----------
    images : str, optional
        Cue conflicts: a folder with SHAPE1-TEXTURE2.png, a folder of such folders, images with
        columns shape and texture, or miniature; or labelled images, such as STYLE/CLASS/x.jpg.
    answers : tuple of Path, optional
        Tables of answers that somebody gave already, in place of a model; repeat for more.
    plain : str, optional
        Labelled images whose accuracy is measured under distortions; default: those given, if
        they have no conflict.
    words : Path, optional
        What each class is called, one a line, as "dog: golden retriever, poodle"; default: its
        name.
    n : int
        Images that are distorted, drawn at random.
    seed : int
        Of draws, phases and orders.
    precision : str
        exact or fast.
    """
    answer = to.answer("audit shape", locals())
    if answers:
        _check_alone(model, images, plain, where.run)
        _of_answers(answers, seed, answer)
        return
    if model is None or images is None:
        raise OptionError("name a model and cue conflicts, or tables of answers (--answers)")
    from neurons.network.inference import parse_precision

    how = parse_precision(precision)
    # all that can be refused is, before the model is loaded
    conflicts = _conflicts(images)
    others = _plain(plain, conflicts)
    called = None if words is None else _words(words, conflicts)
    if called is None:
        asked.check(conflicts.images, *conflicts.classes)
    clip = device.load(model)
    answer = answer.made_of(clip, conflicts.images)
    readout = _readout(clip, conflicts.images, asked, called)
    with Bar("reading", "images") as bar:
        found = neurons.cue_conflict(
            clip, conflicts, readout=readout, precision=how, seed=seed, progress=bar.show
        )
    show(found)
    if found.parts:
        out_console.print(_drawn(found))
    more: list[Result] = []
    if others is not None:
        more.append(_distorted(clip, others, readout, asked, n, seed, how))
    if where.run is not None:
        more.append(_in_layers(clip, where.run, conflicts, parted(where.layers), seed, how))
    say_path("pages", answer.write(found, *more))


def _check_alone(*given: object) -> None:
    """Refuse a model, or images, beside answers that were given already."""
    if any(each is not None for each in given):
        raise OptionError(
            "tables of answers are counted by themselves: name them without a model, images or run"
        )


def _words(path: Path, conflicts: CueImages) -> dict[str, tuple[str, ...]]:
    """Read what the classes are called; every class of the set must be there."""
    called = read_groups(path)
    missing = [name for name in conflicts.classes if name not in called]
    if missing:
        raise OptionError(
            f"{str(path)!r} has no line for {missing[0]!r} ({len(missing)} of "
            f"{len(conflicts.classes)} classes are missing)"
        )
    return called


def _readout(
    clip: Clip, images: ImageSet, asked: ClassOptions, called: Mapping[str, Sequence[str]] | None
) -> ZeroShot:
    """Read the classes by their names, or by what they are called."""
    if called is None:
        return asked.readout(clip, images)
    named = ClassOptions(classes=",".join(list(called)), prompts=asked.prompts)
    return neurons.zero_shot(clip, called, templates=named.readout(clip, None).templates)


def _conflicts(source: str) -> CueImages:
    """Open the images, with a bar while the miniature's are drawn."""
    from neurons.drawn_world import cue_contest

    check_images((source,))
    if source == MINIATURE:
        with Bar("drawing", "pictures") as bar:
            cue_contest.folder(progress=bar.show)
    return neurons.cue_images(source)


def _plain(source: str | None, conflicts: CueImages) -> ImageSet | None:
    """Open the images to distort: those named, or those given where none is in conflict."""
    if source is not None:
        check_images((source,))
        opened = neurons.images(source)
        opened.require_labels()
        return opened
    return None if conflicts.in_conflict.any() else conflicts.images


def _distorted(
    clip: Clip,
    images: ImageSet,
    readout: ZeroShot,
    asked: ClassOptions,
    n: int,
    seed: int,
    how: Precision,
) -> Robustness:
    """Measure accuracy under distortions, among the images' own classes if they have others."""
    if not set(images.class_names) <= set(readout.class_names):
        readout = asked.readout(clip, images)
    with Bar("distorting", "images") as bar:
        found = neurons.robustness(
            clip, images, readout=readout, n=n, seed=seed, precision=how, progress=bar.show
        )
    show(found)
    drawn = table("distortion", "accuracy", "what is left")
    for each in found.outcomes:
        drawn.add_row(each.name, str(each.right), each.keeps)
    out_console.print(drawn)
    return found


def _in_layers(
    clip: Clip,
    run: Path,
    conflicts: CueImages,
    layers: Sequence[str],
    seed: int,
    how: Precision,
) -> CueLayers:
    """Read the conflicts off a run's layers and units."""
    from neurons.activations.run import images_of

    opened = neurons.Activations.open(run, clip=clip)
    with Bar("reading layers", "images") as bar:
        found = neurons.cue_layers(
            clip,
            opened,
            images_of(opened),
            conflicts,
            layers=layers,
            seed=seed,
            precision=how,
            progress=bar.show,
        )
    show(found)
    return found


def _drawn(found: CueConflict) -> Table:
    """Draw what answers follow, one line per cue of each part, beside guessing."""
    drawn = table("images", "answers follow", "share", "guessing")
    for part in found.parts:
        guessing = f"{part.chance.guessing / len(part.whole.cues):.3f}"
        for i, cue in enumerate(part.whole.cues):
            drawn.add_row("" if i else part.name, cue, str(part.whole.share(cue)), guessing)
        drawn.add_row("", "none of them", str(part.whole.neither), "")
    return drawn


def _of_answers(paths: Sequence[Path], seed: int, answer: Answer) -> None:
    """Count answers that somebody gave, all together and by observer."""
    from neurons.data.cue_trials import read_trials

    trials = read_trials(paths)
    classes = tuple(sorted({name for names in trials.cues.values() for name in names}))

    def counted(who: str, rows: Sequence[int]) -> CueConflict:
        def of(names: Sequence[str]) -> list[str]:
            return [names[i] for i in rows]

        return neurons.shape_bias(
            of(trials.answers),
            of(trials.cues["shape"]),
            of(trials.cues["texture"]),
            classes=classes,
            sources={cue: of(names) for cue, names in trials.sources.items()},
            who=who,
            seed=seed,
        )

    observers = tuple(dict.fromkeys(trials.observers))
    whole = counted(", ".join(observers), range(len(trials.answers)))
    show(whole)
    if len(observers) > 1:
        drawn = table("observer", "shape bias", "cue accuracy")
        for name in observers:
            mine = [i for i, each in enumerate(trials.observers) if each == name]
            one = counted(name, mine).parts[0].whole
            drawn.add_row(name, str(one.bias), str(one.cue_accuracy))
        out_console.print(drawn)
        say("answers of several observers to one image are no independent trials")
    say_path("pages", answer.write(whole))
