"""What is left of a model when its modules are changed? The command that draws the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import (
    ClassOptions,
    DeviceOptions,
    ImageOptions,
    ModelArgument,
    NeuronAddress,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import parted
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.folder_kinds import LESIONS

if TYPE_CHECKING:
    from neurons import LesionPlan, Lesions, Settings

_SHOWN = 8


@Parameter(name="*", group="Lesions")
@dataclass(frozen=True, kw_only=True)
class LesionOptions:
    """Which lesions are made.

    Parameters
    ----------
    modules : str
        Which modules, such as "visual.layer4.*"; several patterns are parted by commas.
    how : tuple of str
        Of weights: zero, shuffle, gaussian, noise, shrink, enlarge; of outputs: output-zero, mean,
        skip (blocks, and heads as PATH.attn.head.3). Several are parted by commas.
    amount : float, optional
        Of noise (default 0.5), shrink (0.5) or enlarge (2), one module at a time.
    no_curves : bool
        Leave out what becomes of all modules at once by degrees of noise and scale.
    orders : int
        Random orders in which modules are changed, none put back.
    greedy : int
        Steps of the order that always takes the least harmful module next: slow, since each step
        tries all that are left.
    recalibrate : bool
        Also estimate BatchNorm's statistics anew on the images, under each lesion.
    """

    modules: str = "visual*"
    how: Annotated[tuple[str, ...], Parameter(show_default=", ".join)] = ("zero",)
    amount: float | None = None
    no_curves: bool = False
    orders: int = 5
    greedy: int = 0
    recalibrate: bool = False

    def plan(self) -> LesionPlan:
        """Put them together, which refuses what makes no sense."""
        return neurons.LesionPlan(
            self.modules,
            tuple(parted(self.how)),
            self.amount,
            not self.no_curves,
            self.orders,
            self.greedy,
        )


@Parameter(name="*", group="Measured")
@dataclass(frozen=True, kw_only=True)
class LesionMeasureOptions:
    """On what, and by what, lesions are measured.

    Parameters
    ----------
    n : int
        Images, drawn as evenly over the classes as there are.
    seed : int
        Of the draw, of noise, and of random orders.
    watch : str, optional
        A layer whose units' top images are compared; default: the last block.
    top_k : int
        Images that are a unit's top.
    """

    n: int = 200
    seed: int = 0
    watch: str | None = None
    top_k: int = 10


@Parameter(name="*", group="Pictures")
@dataclass(frozen=True, kw_only=True)
class LesionPictureOptions:
    """Which unit is made visible under lesions.

    Parameters
    ----------
    visualize : Neuron, optional
        A unit: its pictures from the same noise, intact and under the modules that cost most and
        least.
    steps : int
        Of each picture's ascent.
    """

    visualize: NeuronAddress | None = None
    steps: int = 512

    def settings(self) -> Settings:
        """Say how pictures are made."""
        return neurons.Settings(steps=self.steps)


def lesion(
    model: ModelArgument,
    /,
    *,
    images: ImageOptions,
    to: OutOptions,
    lesions: LesionOptions = LesionOptions(),
    asked: ClassOptions = ClassOptions(),
    measured: LesionMeasureOptions = LesionMeasureOptions(),
    pictures: LesionPictureOptions = LesionPictureOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Knock out each module in turn, and draw the network as a map of what each is worth.

    Stop it at any time; the same command goes on where it was.
    """
    to.check(LESIONS)
    plan = lesions.plan()
    shown = images.open()
    asked.check(shown)
    shown.require_labels()
    clip = on.load(model)
    readout = asked.readout(clip, shown)
    with Bar("changing", "lesions") as bar, Bar("climbing", "pictures") as climbing:
        found = neurons.lesion_to(
            clip,
            shown,
            to.out,
            readout=readout,
            plan=plan,
            recalibrate=lesions.recalibrate,
            watch=measured.watch,
            top_k=measured.top_k,
            n=measured.n,
            seed=measured.seed,
            visualize=pictures.visualize,
            settings=pictures.settings(),
            replace=to.replace,
            progress=bar.show,
            picture_done=climbing.show,
        )
    _tell(found)
    say_path("pages", to.out / "index.html")


def _tell(found: Lesions) -> None:
    """Tell what was found, and the modules that cost most."""
    from neurons.interventions.lesion_blocks import each_with  # with numpy, which the help need not

    say(found.verdict())
    for how in found.hows:
        pairs = zip(found.of(how), found.losses(how), strict=True)
        worst = sorted(pairs, key=lambda pair: pair[0].accuracy.value)[:_SHOWN]
        drawn = table("module", "kind", "accuracy (95 %)", "recalibrated", "lost", "p", "cosine")
        for record, loss in worst:
            path, again = record.lesions[0].module, record.recalibrated_accuracy
            bounds = record.accuracy.interval
            drawn.add_row(
                path,
                found.module(path).kind,
                f"{record.accuracy.value:.3f} ({bounds.low:.2f} to {bounds.high:.2f})",
                f"{again.value:.3f}" if again else "-",
                f"{loss.lost:,}",
                f"{loss.adjusted:.1g}",
                f"{record.cosine:.2f}".replace("nan", "-"),
            )
        say(f"\nThe modules that cost most, {each_with(how)}:")
        out_console.print(drawn)
    say("")
