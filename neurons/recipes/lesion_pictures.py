"""What does a unit look like when modules before it are changed? The same noise, other networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.interventions.lesion_blocks import done
from neurons.interventions.lesion_records import LesionRecord
from neurons.interventions.lesion_result import Lesions
from neurons.interventions.lesions import WEIGHTS, Lesion, lesioned
from neurons.network.clip import Clip
from neurons.results.blocks import Block, Gallery, Strip
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.studies.visualization.visualize import Series, visualize
from neurons.visualization.album import folder_name
from neurons.visualization.request import DEFAULT, Settings
from neurons.visualization.result import Visualization

# modules of either kind that pictures are made under
_MOST = 3


@dataclass(frozen=True)
class LesionPictures(Result):
    """Pictures of one unit, intact and under lesions, each from the same noise.

    Parameters
    ----------
    unit : str
    names : tuple of str
        What was done; ``intact`` first.
    made : tuple of Visualization
        One per name.
    """

    unit: str
    names: tuple[str, ...]
    made: tuple[Visualization, ...]

    @property
    def title(self) -> str:
        """The unit."""
        return f"{self.unit} under lesions"

    def blocks(self) -> tuple[Block, ...]:
        """Show all of them beside each other."""
        galleries = tuple(
            Gallery(name, () if each.dead else each.gallery().tiles)
            for name, each in zip(self.names, self.made, strict=True)
        )
        dead = [name for name, each in zip(self.names, self.made, strict=True) if each.dead]
        silent = f" Nothing excites the unit with: {'; '.join(dead)}." if dead else ""
        return (
            Strip(
                f"What {self.unit} looks like under lesions",
                galleries,
                "Each picture climbs from the same noise. First the modules that cost most, then "
                f"those that cost least, of those that change the unit's responses.{silent}",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """Give one row per picture."""
        return tuple(
            {"lesion": name, **row} for name, each in zip(self.names, self.made, strict=True)
            for row in each.rows()
        )  # fmt: skip


def lesion_pictures(
    clip: Clip,
    lesions: Lesions,
    unit: Neuron | str,
    out: Path,
    *,
    settings: Settings = DEFAULT,
    step_done: Callable[[int, int], None] = lambda done, total: None,
) -> LesionPictures:
    """Make pictures of a unit, intact and under the most and the least harmful lesions.

    Parameters
    ----------
    clip : Clip
    lesions : Lesions
        Whose watched layer is the unit's.
    unit : Neuron or str
    out : Path
        Folder where each is kept; what is there is not made again.
    settings : Settings
    step_done : callable
        Takes how many of how many pictures are made.

    Raises
    ------
    OptionError
        If the lesions are of outputs, or watched another layer.
    """
    unit = Neuron.of(unit)
    chosen = _chosen(lesions, unit)
    named: list[tuple[str, tuple[Lesion, ...]]] = [("intact", ())]
    named += [(f"{each.lesions[0].module}: {done(each)}", each.lesions) for each in chosen]
    made = []
    for i, (name, changed) in enumerate(named):
        place = out / f"picture-{folder_name(name)}"
        if not (place / "result.json").is_file():
            with lesioned(clip.network, changed):
                found = visualize(clip, unit, settings=settings, series=Series(n_seeds=1))
            found.save(place)
        made.append(Visualization.load(place))
        step_done(i + 1, len(named))
    return LesionPictures(
        lesions.provenance, str(unit), tuple(name for name, _ in named), tuple(made)
    )


def check_pictures(hows: Sequence[str], watch: str, unit: Neuron) -> None:
    """Refuse pictures that cannot be made, before any work.

    Raises
    ------
    OptionError
        If no weights are changed, or another layer is watched.
    """
    if hows[0] not in WEIGHTS:
        raise OptionError(
            f"pictures are made under lesions of weights ({', '.join(WEIGHTS)}), not {hows[0]!r}: "
            f"an ascent runs copies of the network, which hooks do not reach"
        )
    if watch != unit.layer:
        raise OptionError(f"pictures of {unit} need its layer watched, not {watch!r}")


def _chosen(lesions: Lesions, unit: Neuron) -> list[LesionRecord]:
    """Choose the lesions that change the unit: those that cost most, and those that cost least."""
    check_pictures(lesions.hows, lesions.watched, unit)
    changed = [
        each
        for each in lesions.of(lesions.hows[0])
        if np.isnan(each.overlaps[unit.unit]) or min(each.overlaps) < 1
    ]
    order = sorted(changed, key=lambda each: (each.accuracy.value, each.cosine))
    least = [each for each in reversed(order) if each not in order[:_MOST]]
    return [*order[:_MOST], *least[:_MOST]]
