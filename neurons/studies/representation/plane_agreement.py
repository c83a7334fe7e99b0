"""Do two models give the points of one plane the same classes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurons.errors import MismatchError
from neurons.network.clip import Clip
from neurons.readouts.concept_plane import chart_through, check_side, window_of
from neurons.readouts.concept_plane_agreement import Agreement, agreement_of, same_plane_of
from neurons.readouts.concept_plane_anchors import Anchor
from neurons.readouts.concept_plane_blocks import drawn_map, hues_on
from neurons.readouts.concept_plane_map import PlaneMap, doubt_of, map_of
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Block, Regions
from neurons.results.result import Result
from neurons.results.table import Row

_N_PLANES, _COARSE = 50, 32


def plane_agreement(
    clip: Clip,
    anchors: Sequence[Anchor],
    readout: ZeroShot,
    other: Clip,
    other_anchors: Sequence[Anchor],
    other_readout: ZeroShot,
    *,
    side: int = 120,
    seed: int = 0,
) -> PlaneAgreement:
    """Compare two models on the plane through the same three points of their joint spaces.

    Points correspond that are the same mixture of the anchors. As a measure of what is usual, both
    are also compared on planes through three classes that are drawn at random.

    Parameters
    ----------
    clip : Clip
    anchors : sequence of Anchor, three
    readout : ZeroShot
        The classes, by this model.
    other : Clip
    other_anchors : sequence of Anchor, three
        The same three, by the other model.
    other_readout : ZeroShot
        The same classes, by the other model.
    side : int
        Points along each side of the map.
    seed : int

    Raises
    ------
    MismatchError
        If the anchors or the classes are not the same.
    OptionError
        As `chart_through`.
    """
    names = [each.name for each in anchors]
    if names != [each.name for each in other_anchors]:
        raise MismatchError("the anchors of the two models differ; ask both about the same three")
    if readout.class_names != other_readout.class_names:
        raise MismatchError("the classes of the two models differ; ask both about the same")
    check_side(side)
    vectors = np.stack([each.vector for each in anchors])
    others = np.stack([each.vector for each in other_anchors])
    chart_through(others, names)
    first, second = _both(vectors, others, readout, other_readout, names, side)
    n = len(readout.class_names)
    random, elsewhere = np.random.default_rng((seed, 155)), []
    for _ in range(_N_PLANES if n > 3 else 0):
        few = random.choice(n, 3, replace=False)
        pair = (readout.directions[few], other_readout.directions[few])
        drawn = _both(*pair, readout, other_readout, ["a", "b", "c"], _COARSE)
        elsewhere.append(agreement_of(*drawn, n, seed=seed).share)
    return agreement_result(
        {"model": clip.provenance(), "other": other.provenance(), "anchors": names, "seed": seed},
        (clip.name, other.name),
        readout.class_names,
        (first, second),
        elsewhere=elsewhere,
        seed=seed,
    )


def agreement_result(
    provenance: Mapping[str, Any],
    models: tuple[str, str],
    class_names: Sequence[str],
    maps: tuple[PlaneMap, PlaneMap],
    *,
    elsewhere: Sequence[float] = (),
    seed: int = 0,
) -> PlaneAgreement:
    """Compare two maps of one plane, such as those of two models in pixel space.

    Parameters
    ----------
    provenance : mapping
    models : (str, str)
    class_names : sequence of str
    maps : (PlaneMap, PlaneMap)
    elsewhere : sequence of float
        The agreement on other planes, if that was measured.
    seed : int

    Raises
    ------
    MismatchError
        If the maps have not the same cells.
    """
    return PlaneAgreement(
        provenance=provenance,
        models=models,
        class_names=tuple(class_names),
        first=maps[0],
        second=maps[1],
        agreement=agreement_of(*maps, len(class_names), seed=seed),
        elsewhere=tuple(elsewhere),
    )


@dataclass(frozen=True)
class PlaneAgreement(Result):
    """The share of one plane's points to which two models give the same class.

    Parameters
    ----------
    models : (str, str)
    class_names : tuple of str
    first, second : PlaneMap
    agreement : Agreement
    elsewhere : tuple of float
        On planes through three other classes; empty where that was not measured.
    """

    models: tuple[str, str]
    class_names: tuple[str, ...]
    first: PlaneMap
    second: PlaneMap
    agreement: Agreement
    elsewhere: tuple[float, ...]

    @property
    def title(self) -> str:
        """The two models."""
        return f"{self.models[0]} and {self.models[1]} on the same plane"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the agreement and what chance gives."""
        return (
            ("agreement", f"{self.agreement.share:.3f}"),
            ("names permuted", f"{self.agreement.shuffled.mean():.3f}"),
            ("points", f"{self.agreement.n:,}"),
        )

    def verdict(self) -> str:
        """Say how far they agree, beside chance; that it is chance, if so, comes first."""
        found = self.agreement
        high = float(np.quantile(found.shuffled, 0.95))
        chance = (
            f"{found.shuffled.mean():.3f} with class names permuted (95 % of draws: at most "
            f"{high:.3f}), {found.independent:.3f} for unrelated maps with the same shares"
        )
        usual = ""
        if self.elsewhere:
            low, middle, top = np.quantile(self.elsewhere, [0.025, 0.5, 0.975])
            usual = (
                f" On {len(self.elsewhere)} planes through other classes: median {middle:.2f}, "
                f"95 % of them {low:.2f} to {top:.2f}."
            )
        none = "" if found.share > max(high, found.independent) else "No more than chance: "
        return (
            f"{none}{self.models[0]} and {self.models[1]} give {found.share:.1%} of {found.n:,} "
            f"points of this plane the same class; chance: {chance}.{usual}"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show both maps side by side."""
        hues = hues_on(self.first, self.class_names)
        maps = tuple(
            drawn_map(seen, self.class_names, hues, title=name, small=True)
            for seen, name in zip((self.first, self.second), self.models, strict=True)
        )
        note = "The same points by both models, in the coordinates of the first."
        return (Regions("Two models on the same plane", maps, note),)

    def rows(self) -> Sequence[Row]:
        """One row: the agreement, and what chance gives."""
        return [
            {
                "first": self.models[0],
                "second": self.models[1],
                "agreement": self.agreement.share,
                "n_points": self.agreement.n,
                "names_permuted": float(self.agreement.shuffled.mean()),
                "names_permuted_95": float(np.quantile(self.agreement.shuffled, 0.95)),
                "independent": self.agreement.independent,
                "elsewhere_median": float(np.median(self.elsewhere or [np.nan])),
            }
        ]


def _both(
    vectors: np.ndarray,
    others: np.ndarray,
    readout: ZeroShot,
    other_readout: ZeroShot,
    names: Sequence[str],
    side: int,
) -> tuple[PlaneMap, PlaneMap]:
    chart = chart_through(vectors, names)
    window = window_of(chart)
    doubts = doubt_of(readout.directions), doubt_of(other_readout.directions)
    first = map_of(chart, window, readout.directions, side, doubts[0])
    second = same_plane_of(chart, window, others, other_readout.directions, side, doubts[1])
    return first, second
