"""How are a few units told to someone who knows no unit's number?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.results.blocks import Gallery, Strip

_PICTURED, _TOP = 5, 6


@dataclass(frozen=True)
class ToldUnit:
    """A unit, by what is known of it.

    Parameters
    ----------
    neuron : str
    name : str
        Such as `label_units` gives it; empty where there is none.
    words : tuple of str
        Those that it speaks for most.
    top : tuple of Example
        Its strongest images; empty for units further down.
    """

    neuron: str
    name: str
    words: tuple[str, ...]
    top: tuple[Example, ...]

    @property
    def called(self) -> str:
        """Its address, and its name if it has one."""
        return f"{self.neuron} ({self.name})" if self.name else self.neuron


def told_units(
    run: Activations,
    images: ImageSet,
    units: Sequence[Neuron],
    words: Sequence[Sequence[str]],
    names: Mapping[str, str],
) -> tuple[ToldUnit, ...]:
    """Tell of units, and show what excites the first of them.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        The set that was scanned.
    units : sequence of Neuron
    words : sequence of sequence of str
        Of each unit.
    names : mapping of str to str
        By address, as far as there are any.
    """
    return tuple(
        ToldUnit(
            str(unit),
            names.get(str(unit), ""),
            tuple(own),
            UnitActivations(run, images, unit).strongest(_TOP) if i < _PICTURED else (),
        )
        for i, (unit, own) in enumerate(zip(units, words, strict=True))
    )


def strip_of(told: Sequence[ToldUnit], values: Sequence[str], title: str) -> tuple[Strip, ...]:
    """Show the strongest images of units, each with a number; nothing if there are none."""
    galleries = tuple(
        Gallery(f"{unit.called} · {value}", tuple(each.tile() for each in unit.top))
        for unit, value in zip(told, values, strict=True)
        if unit.top
    )
    note = "The strongest images of each unit in the whole set, whatever they show."
    return (Strip(title, galleries, note),) if galleries else ()
