"""What does a model associate with what?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.checks import check_model, check_run
from neurons.cli.options import DeviceOptions, LetteringOptions, RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, AssociationCarriers, Associations, Clip, ImageSet
    from neurons.readouts.item_sets import AssociationTest
    from neurons.readouts.readout import ZeroShot


@Parameter(name="*", group="What is compared")
@dataclass(frozen=True, kw_only=True)
class SetOptions:
    """Which sets are compared.

    Parameters
    ----------
    targets : tuple of str
        X and Y: each a file of words (.txt, one a line), words parted by commas, a folder of
        pictures, or COLUMN=VALUE of a run's images. X alone: nearer to A or to B?
    attributes : tuple of str
        A and B, likewise.
    test : tuple of str
        A named test, such as flowers-insects; repeat for more.
    pictures : str, optional
        Folder with a named test's folders of pictures; default: a run's images.
    pairs : bool
        Targets are pairs, in order: one scene in two versions.
    written : bool
        Words are written on plain grounds and looked at.
    prompts : str
        Sentences around text: word (none), plain, openai, or a file with {} in each line.
    """

    targets: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ()
    attributes: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ()
    test: tuple[str, ...] = ()
    pictures: str | None = None
    pairs: bool = False
    written: bool = False
    prompts: str = "word"

    @property
    def needs_images(self) -> bool:
        """Whether a run's images are named."""
        sides = (*self.targets, *self.attributes)
        named = any("=" in side and not Path(side).exists() for side in sides)
        return named or (self.pictures is None and any("pictures-" in name for name in self.test))


def associations(
    subject: str,
    /,
    *,
    sets: SetOptions = SetOptions(),
    layer: Annotated[tuple[str, ...], Parameter(name=("--layer", "-l"))] = (),
    units: int = 10,
    draws: int = 99_999,
    seed: int = 0,
    to: OptionalOutOptions = OptionalOutOptions(),
    where: DeviceOptions = DeviceOptions(),
    images: RunImageOptions = RunImageOptions(),
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Test whether two groups lie nearer to different things; in a run's layer, which units do it.

    Parameters
    ----------
    subject : str
        A model (RN50/openai, miniature ...) or a run's folder.
    layer : tuple of str
        Of a run: measured there too, and the units that carry it are looked for; repeat for more.
    units : int
        To set to zero together, at most.
    draws : int
        Partitions to draw where there are too many to count.
    seed : int
        Of draws, and of the halves that choose and test units.
    """
    answer = to.answer("audit associations", locals())
    letters.check()
    from neurons.cli.parse_associations import parse_templates, parse_tests

    run = _run(subject, layer)
    shown = images.of(run) if run is not None and (layer or sets.needs_images) else None
    templates = parse_templates(sets.prompts)
    tests = parse_tests(
        sets.test,
        sets.targets,
        sets.attributes,
        pictures=sets.pictures,
        images=shown,
        written=sets.written,
        pairs=sets.pairs,
    )
    clip = where.load(subject) if run is None else where.load_of(run)
    if answer is not None:
        answer = answer.made_of(clip)
    writing = letters.lettering(clip)
    with Bar("looking", "pictures") as bar:
        found = neurons.associations(
            clip,
            tests,
            run=run,
            layers=layer,
            templates=templates,
            lettering=writing,
            n_draws=draws,
            seed=seed,
            progress=bar.show,
        )
    say(found.verdict())
    out_console.print(_drawn(found))
    more: tuple[AssociationCarriers, ...] = ()
    if layer:
        why = _why_no_carriers(tests, layer, found)
        if why:
            say(f"no units are looked for: {why}")
        else:
            with Bar(f"setting units of {layer[0]} to zero", "edits") as bar:
                carried = neurons.association_carriers(
                    clip,
                    tests[0],
                    layer[0],
                    elsewhere=_labelled(shown),
                    readout=_readout(clip, shown),
                    templates=templates,
                    lettering=writing,
                    most_units=units,
                    seed=seed,
                    progress=bar.show,
                )
            say(carried.verdict())
            more = (carried,)
    if answer is not None:
        say_path("pages", answer.write(found, *more))


def _run(subject: str, layers: tuple[str, ...]) -> Activations | None:
    """Open a run, if it is one and no model's name; its layers must be there."""
    if not Path(subject).is_dir():
        check_model(None, subject)
        if layers:
            raise OptionError(
                f"{subject!r} is a model, and layers are looked at in a run: give the folder of "
                f"one, as `neurons scan` made it"
            )
        return None
    check_run(None, Path(subject))
    run = neurons.Activations.open(subject)
    for path in layers:
        run.layer(path)
    return run


def _why_no_carriers(
    tests: list[AssociationTest], layers: tuple[str, ...], found: Associations
) -> str:
    """Say why the units that carry an association are not looked for; empty if they are."""
    from neurons.interventions.carriers import FEWEST
    from neurons.readouts.item_sets import Pictures, WrittenWords

    if len(tests) * len(layers) > 1:
        return "that is done for one test in one layer at a time; name one of each"
    (test,) = tests
    if test.y is None:
        return f"{test.name} has one group of targets, and units carry a difference between two"
    if not all(isinstance(side, (Pictures, WrittenWords)) for side in (test.x, test.y)):
        return "the targets are text, which the image tower does not read; write them (--written)"
    if len(test.x.items) < 2 * FEWEST:
        return f"half of the targets chooses units, and the other tests them: give {2 * FEWEST}"
    if not found.tests[0].shown:
        return f"the embedding shows no association of {test.name}, so there is nothing to carry"
    return ""


def _labelled(shown: ImageSet | None) -> ImageSet | None:
    """Give the run's images, if they are labelled: what setting units to zero costs there."""
    return shown if shown is not None and shown.labels is not None else None


def _readout(clip: Clip, shown: ImageSet | None) -> ZeroShot | None:
    from neurons.cli.parse_attack import parse_readout

    labelled = _labelled(shown)
    return None if labelled is None else parse_readout(clip, labelled, None, "auto")


def _drawn(found: Associations) -> Table:
    """Draw the tests, one line each."""
    drawn = table("test", "shown", "difference (95 %)", "d (95 %)", "p", "adjusted", "n")
    for each in found.tests:
        one, raw, effect = each.found, each.found.difference_interval, each.found.effect_interval
        drawn.add_row(
            each.label,
            "yes" if each.shown else "no",
            f"{one.difference:+.4f} ({raw.low:+.4f} to {raw.high:+.4f})",
            f"{one.effect:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})",
            f"{one.test.p_value:.2g}",
            f"{each.p_adjusted:.2g}",
            f"{each.n:,}",
        )
    return drawn
