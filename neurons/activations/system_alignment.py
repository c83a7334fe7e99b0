"""How alike are two systems, layer by layer, and what must be known about these numbers?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.aligned_layers import AlignedLayers, aligned_layers, two_places
from neurons.activations.common_halves import copies_of
from neurons.activations.common_images import CommonImages
from neurons.activations.differing_pictures import DifferingPictures, differing_pictures
from neurons.activations.response_ceilings import LayerCeiling, response_ceilings
from neurons.activations.run_system import RunSystem
from neurons.activations.system_side import Side
from neurons.alignment.measure import Measure
from neurons.alignment.responses import Responses, check
from neurons.data.images import ImageSet
from neurons.errors import LayerNotFoundError

_ALPHA = 0.05


@dataclass(frozen=True)
class SystemAlignment:
    """The first system beside one other.

    Parameters
    ----------
    name : str
        The other system.
    tables : tuple of AlignedLayers
        One per measure and way.
    ceilings : tuple of LayerCeiling
        Where the other are responses with repeats.
    ceilings_of_first : tuple of LayerCeiling
        Where the first system is.
    no_ceiling : tuple of bool
        Whether the first system, and the other, are responses without repeats.
    same : bool
        Whether both are the same model on the same images.
    differing : DifferingPictures or None
        On which images the closest two layers by the first measure differ; None without images.
    """

    name: str
    tables: tuple[AlignedLayers, ...]
    ceilings: tuple[LayerCeiling, ...]
    ceilings_of_first: tuple[LayerCeiling, ...]
    no_ceiling: tuple[bool, bool]
    same: bool
    differing: DifferingPictures | None

    @property
    def found(self) -> bool:
        """Whether any two layers are closer than the closest of shuffled images."""
        closest = self.tables[0].closest
        return closest.p_value <= _ALPHA and closest.excess > 0

    def verdict(self, one: str) -> str:
        """Say whether anything is shared, and which layers are closest; that none is, first."""
        table = self.tables[0]
        best = table.closest
        number = (
            f"{table.title} {best.told()[:-1]}, n = {table.n:,}), where the closest of all pairs "
            f"gives {two_places(best.null_mean)} with shuffled images (p = {best.p_value:.2g})"
        )
        if self.same:
            return f"{one} and {self.name} are the same model on the same images, and agree. "
        if not self.found:
            return (
                f"No layer of {self.name} is closer to one of {one} than shuffled images come: the "
                f"closest are {best.layer} and {best.other}, {number}. "
            )
        return (
            f"{best.layer} of {one} and {best.other} of {self.name} are closest: {number}. "
            f"{self._told_layers(one)}{self._told_measures()}"
        )

    def _told_layers(self, one: str) -> str:
        table = self.tables[0]
        # many layers are looked at: each as one of all pairs
        above = int((table.p_values_of_table.min(1) <= _ALPHA).sum())
        told = f"{above} of {len(table.rows)} layers of {one} have a match above shuffled images"
        shared = [each for each in table.matches if each.layer in table.columns]
        if len(shared) > 1:
            own = sum(each.layer == each.other for each in shared)
            told += f"; of {len(shared)} that both have, {own} are closest to their own"
        return f"{told}. "

    def _told_measures(self) -> str:
        below = [each.measure for each in self.tables[1:] if each.closest.p_value > _ALPHA]
        if not below:
            return ""
        return f"By {', '.join(below)} no pair is above shuffled images. "


def system_alignment(
    name: str,
    common: CommonImages,
    sides: tuple[Side, Side],
    tables: tuple[Sequence[Responses], Sequence[Responses]],
    measures: Sequence[Measure],
    *,
    images: ImageSet | None,
    n_permutations: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> SystemAlignment:
    """Compare two systems by several measures, and look at where they differ.

    Parameters
    ----------
    name : str
        Of the second.
    common : CommonImages
    sides : (Side, Side)
    tables : (sequence of Responses, sequence of Responses)
        Layers of either.
    measures : sequence of Measure
    images : ImageSet, optional
        Of one of the runs among the common images.
    n_permutations, seed, progress
        As `aligned_layers`.
    """
    xs, ys = tables
    measured = aligned_layers(
        xs, ys, measures, n_permutations=n_permutations, seed=seed, progress=progress
    )
    of_first = response_ceilings(sides[0], xs, ys, measured, first=True)
    ceilings = response_ceilings(sides[1], ys, xs, measured)
    closest = measured[0].closest
    x = next(each for each in xs if each.name == closest.layer)
    y = next(each for each in ys if each.name == closest.other)
    return SystemAlignment(
        name=name,
        tables=measured,
        ceilings=ceilings,
        ceilings_of_first=of_first,
        no_ceiling=(_lacks(sides[0], of_first), _lacks(sides[1], ceilings)),
        same=sides[0].system.provenance() == sides[1].system.provenance(),
        differing=None if images is None else differing_pictures(x, y, common, images),
    )


def _lacks(side: Side, ceilings: Sequence[LayerCeiling]) -> bool:
    return not isinstance(side.system, RunSystem) and not ceilings


def compared_layers(
    common: CommonImages, layers: Sequence[str], other_layers: Sequence[str]
) -> list[tuple[str, ...]]:
    """Choose the layers of each side.

    Parameters
    ----------
    common : CommonImages
    layers, other_layers : sequence of str
        Of the first side, and of the others; empty for all.

    Raises
    ------
    LayerNotFoundError
        If the first side lacks one, another side lacks them all, or one is in none of the others.
    """
    first, *others = (side.system for side in common.sides)
    for layer in layers:
        first.units(layer)
    held = [tuple(layers) or first.layers]
    for layer in other_layers:
        if all(layer not in each.layers for each in others):
            others[0].units(layer)
    for each in others:
        own = tuple(layer for layer in other_layers if layer in each.layers) or (
            () if other_layers else each.layers
        )
        if not own:
            raise LayerNotFoundError(
                f"{each.told} holds none of the layers {', '.join(other_layers)}; it holds: "
                f"{', '.join(each.layers)}"
            )
        held.append(own)
    return held


def told_constant(names: Sequence[str], tables: Sequence[Sequence[Responses]]) -> str:
    """Say which layers have units that give every image the same value; empty if none has.

    Raises
    ------
    OptionError
        If a layer has no others.
    """
    told = []
    for name, layers in zip(names, tables, strict=True):
        for table in layers:
            n = check(table)
            if n:
                told.append(f"{n:,} of {table.n_units:,} units of {name} {table.name}")
    if not told:
        return ""
    return f"Never change on these images, and count nothing: {', '.join(told)}. "


def sampled(common: CommonImages, most: int, seed: int) -> tuple[CommonImages, str]:
    """Keep one of images that are copies, and draw so many of more: says so in a sentence.

    A copy would stand in the fold that fits and in the one that tests, and be its own neighbour.
    """
    told = ""
    first = np.sort(np.unique(copies_of(common), return_index=True)[1])
    if len(first) < len(common):
        told = f"{len(common) - len(first):,} copies of other images are left out. "
        common = common.part(first)
    if len(common) > most:
        rows = np.random.default_rng(seed).choice(len(common), most, replace=False)
        told += f"{most:,} of {len(common):,} common images were drawn at random (seed {seed}). "
        common = common.part(np.sort(rows))
    return common, told
