"""What did a scan do, how fast, and what did it leave out?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from neurons.activations.dictionary_figures import DictionaryFigures, figures_tables
from neurons.address import Neuron
from neurons.results.blocks import Block, Table
from neurons.results.result import Result

# of units that are no numbers
_LISTED = 20


@dataclass(frozen=True)
class Progress:
    """How far a scan is.

    Parameters
    ----------
    done, total : int
        Images, skipped ones included.
    skipped : int
        Images that could not be decoded, in this session.
    """

    done: int
    total: int
    skipped: int


@dataclass(frozen=True)
class LostUnit:
    """A unit, and the images on which what it said is lost.

    Parameters
    ----------
    neuron : str
    not_finite : int
        Images on which it gave NaN or infinity.
    rounded : int
        Images on which its peak is not 0, but too small for float16, and stored as 0.
    """

    neuron: str
    not_finite: int
    rounded: int


@dataclass(frozen=True)
class ScanSummary(Result):
    """What a scan did.

    Parameters
    ----------
    run : str
        Where the activations lie.
    n_images, n_scanned, n_skipped : int
        In the set; in this session; bad images among the latter.
    seconds : float
        This session's wall time, from the first read to the last commit.
    stages : mapping of str to float
        For each stage, the share of that time in which it was busy, in [0, 1]. Stages overlap, so
        the shares do not add up to 1; on a CPU they compete for the same cores.
    bottleneck : str
        The busiest stage: a faster one of the others would change nothing.
    reasons : tuple of (str, str)
        The first skipped images: id and reason.
    lost : tuple of LostUnit
        Units of the whole run that gave NaN or infinity, or were rounded to 0.
    dictionaries : tuple of DictionaryFigures
        Of the features that the run holds, and of their controls.
    """

    run: str
    n_images: int
    n_scanned: int
    n_skipped: int
    seconds: float
    stages: dict[str, float]
    bottleneck: str
    reasons: tuple[tuple[str, str], ...]
    lost: tuple[LostUnit, ...] = ()
    dictionaries: tuple[DictionaryFigures, ...] = ()

    @property
    def rate(self) -> float:
        """Images per second in this session; 0 where nothing was left to do."""
        return self.n_scanned / self.seconds if self.n_scanned else 0.0

    @property
    def title(self) -> str:
        """The run's folder."""
        return f"Scan: {self.run}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the number of images, of skipped ones, and the rate."""
        return (
            ("images", f"{self.n_images:,}"),
            ("scanned in this session", f"{self.n_scanned:,}"),
            ("skipped", f"{self.n_skipped:,}"),
            ("images per second", f"{self.rate:,.0f}"),
        )

    def verdict(self) -> str:
        """Say what was done, and how fast; first, if so, that units are no numbers."""
        lost = self._told_lost()
        if not self.n_scanned:
            return f"{lost}{self.run}: nothing to do, all {self.n_images:,} images were scanned."
        return (
            f"{lost}{self.run}: {self.n_scanned:,} of {self.n_images:,} images in "
            f"{self.seconds:.1f} s, {self.rate:,.0f} images/s; the busiest stage was "
            f"{self.bottleneck}."
        )

    def rows(self) -> list[dict[str, object]]:
        """One row per stage: the share of the session in which it was busy."""
        return [
            {"stage": name, "busy": share, "seconds": self.seconds, "n_images": self.n_scanned}
            for name, share in self.stages.items()
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Describe the stages, what was skipped, and units that are no numbers."""
        lost = (
            *((self._lost(),) if self.lost else ()),
            *figures_tables(self.dictionaries),
        )
        if not self.n_scanned:
            return lost
        busy = tuple((name, f"{share:.0%}") for name, share in self.stages.items())
        stages = Table("Stages (they overlap)", ("stage", "busy"), busy)
        return (stages, *((self._skipped(),) if self.n_skipped else ()), *lost)

    def _told_lost(self) -> str:
        not_finite = _by_layer([each.neuron for each in self.lost if each.not_finite])
        rounded = _by_layer([each.neuron for each in self.lost if each.rounded])
        told = ""
        if not_finite:
            told += (
                f"NaN or infinity came from {not_finite}: these are ranked nowhere. If the "
                f"precision was not exact, scan with it; else look at the weights. "
            )
        if rounded:
            told += f"float16 stored peaks of {rounded} as 0: scan with float32 to keep them. "
        return told

    def _lost(self) -> Table:
        more = len(self.lost) - _LISTED
        rows = tuple(
            (each.neuron, f"{each.not_finite:,}", f"{each.rounded:,}")
            for each in self.lost[:_LISTED]
        )
        return Table(
            f"{len(self.lost):,} units have no numbers on some images",
            ("neuron", "not finite, images", "rounded to 0, images"),
            rows,
            f"and {more:,} more, in {self.run}/lost" if more > 0 else "",
        )

    def _skipped(self) -> Table:
        more = self.n_skipped - len(self.reasons)
        note = f"and {more:,} more, in {self.run}/skipped" if more > 0 else ""
        was = "bad image was" if self.n_skipped == 1 else "bad images were"
        return Table(f"{self.n_skipped:,} {was} skipped", ("image", "reason"), self.reasons, note)


def _by_layer(neurons: Sequence[str]) -> str:
    counts = Counter(Neuron.parse(each).layer for each in neurons)
    return " and ".join(
        f"{n:,} {'unit' if n == 1 else 'units'} of {path}" for path, n in counts.items()
    )
