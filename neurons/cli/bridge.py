"""Can what is known of one model be used on another?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.address import EMBEDDING
from neurons.cli.common_options import CommonOptions, pooled
from neurons.cli.options import ClassOptions, DeviceOptions, ProbeOption, RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.system_options import SystemOptions, SystemPath, images_of_any
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, ArraySystem, Bridges, ImageSet
    from neurons.readouts.readout import Readout
    from neurons.stats import Share


@Parameter(name="*", group="Bridge")
@dataclass(frozen=True, kw_only=True)
class BridgeOptions:
    """How the bridge is built, and what is to cross it.

    Parameters
    ----------
    through : tuple of Path
        Another run on the same images, for hyperalignment; repeat for more.
    probe : Path, optional
        A probe of the other run's layer, to be used on the first; default: the other model's
        zero-shot sentences, where the bridge leads to its embeddings.
    width : int, optional
        Of the random projection; default: half of the narrower layer, at most 256.
    """

    through: tuple[SystemPath, ...] = ()
    probe: ProbeOption = None
    width: int | None = None


def bridge(
    run: SystemPath,
    other: SystemPath,
    /,
    *,
    layer: Annotated[str, Parameter(name=("--layer", "-l"))] = EMBEDDING,
    other_layer: str | None = None,
    permutations: int = 20,
    how: BridgeOptions = BridgeOptions(),
    classes: ClassOptions = ClassOptions(),
    common: CommonOptions = CommonOptions(),
    systems: SystemOptions = SystemOptions(),
    on: DeviceOptions = DeviceOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Map a run's rows into another model, and use that model's sentences or probe on them.

    Parameters
    ----------
    layer : str
        Of the first run; default: its embeddings.
    other_layer : str, optional
        Of the other one; default: the same.
    permutations : int
        Shuffles of the images that every bridge is compared with.
    """
    through = [str(path.resolve()) for path in how.through]
    answer = to.answer("bridge", {**locals(), "through": through})
    opened = systems.open((run, other, *how.through))
    shown = images_of_any(opened[:1], images)
    onto = other_layer or layer
    readout = _readout(opened, onto, shown, how, classes, on)
    one, two, *more = pooled(opened, readout.pooling if readout and how.probe else systems.pooling)
    with Bar("fitting", "bridges") as bar:
        found = neurons.bridge(
            pooled(opened[:1], systems.pooling)[0] if how.probe else one,
            two,
            layer,
            target_layer=onto,
            through=more,
            readout=readout,
            images=shown if readout is not None else None,
            width=how.width,
            n_images=common.n,
            n_permutations=permutations,
            seed=common.seed,
            progress=bar.show,
        )
    say(found.verdict())
    out_console.print(_drawn(found))
    if answer is not None:
        say_path("pages", answer.write(found))


def _readout(
    opened: Sequence[Activations | ArraySystem],
    layer: str,
    images: ImageSet | None,
    how: BridgeOptions,
    classes: ClassOptions,
    on: DeviceOptions,
) -> Readout | None:
    """Take the other run's probe, or its zero-shot sentences; None, and say why, if neither can."""
    from neurons import Activations
    from neurons.cli.parse_attack import PROBE, parse_readouts

    target = opened[1]
    if not isinstance(target, Activations):
        if how.probe is not None:
            raise OptionError("a probe is of a run, and the other side is responses: give a run")
        return None
    if layer != EMBEDDING and how.probe is None:
        say(f"no classes are read: {layer} has no sentences; give a probe of it to use one")
        return None
    if not isinstance(opened[0], Activations):
        say("no classes are read: the first system is responses, which hold no images")
        return None
    if images is None or images.labels is None:
        say("no classes are read: the images have no labels")
        return None
    classes.check(images)
    clip = on.load_of(target)
    found = parse_readouts(clip, images, classes.classes, classes.prompts, how.probe)
    return found[PROBE] if how.probe is not None else next(iter(found.values()))


def _drawn(found: Bridges) -> Table:
    """Draw every bridge beside its controls, one line each."""
    classes = ("right (95 %)", "right permuted", "p right") if found.class_counts else ()
    drawn = table("bridge", *classes, "R2 (95 %)", "R2 permuted", "p R2")
    for each in found.outcomes:
        right = (
            (
                _share(each.right),
                f"{sum(each.right_permuted) / len(each.right_permuted):.3f}",
                f"{each.p_right:.2g}",
            )
            if classes
            else ()
        )
        drawn.add_row(
            each.method,
            *right,
            each.interval.beside(each.r2),
            f"{each.r2_permuted:.2f}",
            f"{each.p_r2:.2g}",
        )
    if classes:
        drawn.add_row(f"{found.names[1]} itself", _share(found.own), "", "", "", "", "")
    return drawn


def _share(right: Share) -> str:
    return f"{right.value:.3f} ({right.interval.low:.3f}-{right.interval.high:.3f})"
