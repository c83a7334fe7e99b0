"""What makes each class of a probe? A row per class, each name the way to its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurons.readouts.probe import Probe
from neurons.results.blocks import Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

_UNITS = 3


@dataclass(frozen=True)
class ListedClass:
    """A class of a probe.

    Parameters
    ----------
    name : str
    n_for, n_against : int
        Units with a positive and with a negative weight.
    right : Share
        Test images of the class that are given to it.
    units : tuple of str
        Addresses of the units with the largest positive weights.
    """

    name: str
    n_for: int
    n_against: int
    right: Share
    units: tuple[str, ...]


@dataclass(frozen=True)
class ClassList(Result):
    """The classes of a probe.

    Parameters
    ----------
    classes : tuple of ListedClass
    """

    classes: tuple[ListedClass, ...]

    @classmethod
    def of(cls, probe: Probe) -> ClassList:
        """List the classes in the probe's order."""
        weights = probe.standardised
        listed = []
        for k, name in enumerate(probe.class_names):
            order = (-weights[k]).argsort(kind="stable")[:_UNITS]
            listed.append(
                ListedClass(
                    name,
                    int((weights[k] > 0).sum()),
                    int((weights[k] < 0).sum()),
                    Share(int(probe.confusion[k, k]), int(probe.confusion[k].sum())),
                    tuple(f"{probe.layer}:{unit}" for unit in order if weights[k, unit] > 0),
                )
            )
        return cls({"probe": probe.provenance}, tuple(listed))

    @property
    def title(self) -> str:
        """What is listed."""
        return "Classes"

    def rows(self) -> Sequence[Row]:
        """One row per class."""
        return list(self.classes)

    def blocks(self) -> tuple[Block, ...]:
        """Draw the list."""
        return (
            Table(
                "The classes",
                ("class", "right", "of", "units for", "against", "the largest weights"),
                tuple(
                    (
                        each.name,
                        f"{each.right.successes:,}",
                        f"{each.right.n:,}",
                        f"{each.n_for:,}",
                        f"{each.n_against:,}",
                        ", ".join(each.units) or "-",
                    )
                    for each in self.classes
                ),
                "Right: test images of the class that the probe gives to it. A class that "
                "`neurons compose` has shown is a link to its page.",
            ),
        )
