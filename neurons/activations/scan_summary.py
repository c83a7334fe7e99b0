"""What did a scan do, how fast, and what did it leave out?"""

from __future__ import annotations

from dataclasses import dataclass

from neurons.results.blocks import Block, Table
from neurons.results.result import Result


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
    """

    run: str
    n_images: int
    n_scanned: int
    n_skipped: int
    seconds: float
    stages: dict[str, float]
    bottleneck: str
    reasons: tuple[tuple[str, str], ...]

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
        """Say what was done, and how fast."""
        if not self.n_scanned:
            return f"{self.run}: nothing to do, all {self.n_images:,} images were scanned."
        return (
            f"{self.run}: {self.n_scanned:,} of {self.n_images:,} images in {self.seconds:.1f} s, "
            f"{self.rate:,.0f} images/s; the busiest stage was {self.bottleneck}."
        )

    def rows(self) -> list[dict[str, object]]:
        """One row per stage: the share of the session in which it was busy."""
        return [
            {"stage": name, "busy": share, "seconds": self.seconds, "n_images": self.n_scanned}
            for name, share in self.stages.items()
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Describe the stages, and what was skipped."""
        if not self.n_scanned:
            return ()
        busy = tuple((name, f"{share:.0%}") for name, share in self.stages.items())
        stages = Table("Stages (they overlap)", ("stage", "busy"), busy)
        return (stages, self._skipped()) if self.n_skipped else (stages,)

    def _skipped(self) -> Table:
        more = self.n_skipped - len(self.reasons)
        note = f"and {more:,} more, in {self.run}/skipped" if more > 0 else ""
        was = "bad image was" if self.n_skipped == 1 else "bad images were"
        return Table(f"{self.n_skipped:,} {was} skipped", ("image", "reason"), self.reasons, note)
