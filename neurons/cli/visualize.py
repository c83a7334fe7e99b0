"""What do neurons, sentences or images look like to a model? The command that makes an album."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

import neurons
from neurons.cli.checks import MINIATURE, check_images
from neurons.cli.options import DeviceOptions, ImageOptions, ModelArgument, RunOption
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, console, out_console, say_path, table
from neurons.folder_kinds import ALBUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurons import Clip, Objective, Series, Settings, Visualization


@Parameter(name="*", group="Targets")
@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """What is asked of the targets.

    Parameters
    ----------
    every : bool
        Every unit of the layers named.
    negative : bool
        What silences them.
    stops : int
        Pictures along a walk.
    """

    every: Annotated[bool, Parameter(name="--all")] = False
    negative: bool = False
    stops: int = 5

    def objectives(self, clip: Clip, targets: Sequence[str]) -> list[Objective]:
        """Read what pictures are asked of."""
        from neurons.cli.parse_pictures import parse_picture_targets

        return parse_picture_targets(
            clip, targets, every=self.every, stops=self.stops, negative=self.negative
        )


@Parameter(name="*", group="Pictures")
@dataclass(frozen=True, kw_only=True)
class SeriesOptions:
    """Which pictures are made of each target.

    Parameters
    ----------
    seeds : int
        Plain pictures of each target.
    diverse : float
        How far to drive them apart in style.
    facets : tuple of str
        A folder of facet folders (face, text, ...), or miniature.
    facet_column : str, optional
        Column that names the facet; default: the folder.
    """

    seeds: int = 2
    diverse: float = 0.0
    facets: tuple[str, ...] = ()
    facet_column: str | None = None

    def __post_init__(self) -> None:
        check_images(self.facets)

    def series(self, clip: Clip) -> Series:
        """Find the facets' directions if there are facets, and tell what they are worth."""
        probes = None
        if self.facets:
            by = "facet" if self.facets == (MINIATURE,) else self.facet_column
            shown = ImageOptions(images=self.facets).open()
            with Bar("seeing facets", "images") as bar:
                probes = neurons.facet_probes(clip, shown, by=by, progress=bar.show)
            out_console.print(probes)
        weights = probes.weights() if probes else None
        return neurons.Series(n_seeds=self.seeds, facets=weights, diversity=self.diverse)


@Parameter(name="*", group="Ascent")
@dataclass(frozen=True, kw_only=True)
class AscentOptions:
    """How pictures are optimised.

    Parameters
    ----------
    steps : int
        Of the ascent.
    size : int, optional
        Side in px; default: the model's.
    paint : str
        fourier, alpha, pixels, maco, or maco:IMAGES for their spectrum.
    transforms : str
        goh2021, lucent or none.
    precision : str
        exact, fast or compiled.
    batch : int, optional
        Images per pass; default 16, GPU 64.
    seed : int
        Of the noise.
    """

    steps: int = 512
    size: int | None = None
    paint: str = "fourier"
    transforms: str = "goh2021"
    precision: str = "exact"
    batch: int | None = None
    seed: int = 0

    def settings(self, clip: Clip) -> Settings:
        """Put them together."""
        from neurons.cli.parse_pictures import parse_paint, parse_transforms
        from neurons.network.inference import parse_precision

        return neurons.Settings(
            steps=self.steps,
            size_px=self.size,
            paint=parse_paint(self.paint, self.size or clip.preprocess.size[0]),
            transforms=parse_transforms(self.transforms),
            precision=parse_precision(self.precision),
            batch=self.batch,
            seed=self.seed,
        )


def visualize(
    model: ModelArgument,
    targets: tuple[str, ...],
    /,
    *,
    to: OutOptions,
    run: RunOption = None,
    asked: TargetOptions = TargetOptions(),
    pictures: SeriesOptions = SeriesOptions(),
    ascent: AscentOptions = AscentOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Make pictures of what neurons, sentences or images look like to the model.

    Stop it at any time; the same command goes on where it was.

    Parameters
    ----------
    targets : tuple of str
        LAYER:UNIT, LAYER with --all, text:A SENTENCE, image:FILE, random:SEED, or walk:A|B[|C]
        between sentences or units.
    run : Path, optional
        A run of this model: how pictures compare with images.
    """
    from neurons.network.inference import told_slow

    to.check(ALBUM)
    opened = None if run is None else neurons.Activations.open(run)
    clip = on.load(model)
    if opened is not None:
        opened.check_clip(clip)
        clip = neurons.with_run_dictionaries(clip, opened)
    wanted = asked.objectives(clip, targets)
    series, settings = pictures.series(clip), ascent.settings(clip)
    slow = told_slow(settings.precision, clip.device)
    with _climbing(len(wanted), ascent.steps, slow) as (keep, step):
        index = neurons.visualize_to(
            clip,
            wanted,
            to.out,
            settings=settings,
            series=series,
            run=opened,
            replace=to.replace,
            done=keep,
            step_done=step,
            told=lambda text: console.print(text, highlight=False),
        )
    out_console.print(_picture_table(to.out, wanted))
    say_path("pictures", index)


@contextmanager
def _climbing(
    n_wanted: int, steps: int, note: str
) -> Iterator[tuple[Callable[[Visualization, int, int], None], Callable[[int], None]]]:
    """Show one bar for both: the targets that are kept, and the steps of those under way."""
    with Bar("climbing", "units", per_minute=True, note=note) as bar:
        kept = [0, n_wanted]

        def keep(made: Visualization, n: int, total: int) -> None:
            kept[:] = n, total
            bar.show(n, total)

        def step(done: int) -> None:
            if done % 8 == 0 or done == steps:
                bar.show(kept[0], kept[1], f"step {done:,} of {steps:,}")

        yield keep, step


def _picture_table(out: Path, wanted: Sequence[Objective], most: int = 20) -> Table:
    from neurons.visualization.album import open_album

    album = open_album(out)
    listed = table("target", "activation", "beyond images", "units it excites most")
    for target in wanted[:most]:
        made = album.get(target.name)
        first = made.plain()[0]
        known = first.reaches is not None
        listed.add_row(
            Text(made.target),
            "dead" if made.dead else f"{first.activation:.3g}",
            f"{first.percentile:.1%}" if known and not made.dead else "-",
            ", ".join(str(each.unit) for each in first.excited) or "-",
        )
    if len(wanted) > most:
        listed.add_row(f"... {len(wanted) - most:,} more on the pages", "", "", "")
    return listed
