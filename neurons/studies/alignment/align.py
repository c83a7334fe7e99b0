"""Does another model, or a brain, see the same thing? Layers beside layers, and their null."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neurons.activations.aligned_layers import measures_called, tables_of
from neurons.activations.alignment_blocks import (
    ceilings_table,
    depth,
    heat,
    matches_table,
    places,
)
from neurons.activations.common_images import common_images
from neurons.activations.layer_places import LayerPlaces, layer_places
from neurons.activations.run import Activations
from neurons.activations.run_system import RunSystem
from neurons.activations.system_alignment import (
    SystemAlignment,
    compared_layers,
    sampled,
    system_alignment,
    told_constant,
)
from neurons.data.images import ImageSet
from neurons.data.responses import ArraySystem
from neurons.errors import OptionError
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]

_FEW = 100


def align(
    system: Activations | ArraySystem,
    *others: Activations | ArraySystem,
    layers: Sequence[str] = (),
    other_layers: Sequence[str] = (),
    measures: Sequence[str] = ("cka", "rsa", "ridge", "procrustes", "knn"),
    pooling: str = "peak",
    images: ImageSet | None = None,
    most_images: int = 1000,
    n_permutations: int = 100,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Alignment:
    """Compare every layer of a system with every layer of others, on the same images.

    Images are joined by id, never by position. Every number has its interval, and stands beside
    what it is when the images of one system are shuffled; where the closest of several layers is
    looked for, the search is repeated in each shuffle. Copies of an image count once.

    Parameters
    ----------
    system : Activations or ArraySystem
        A run, or arrays that `responses` opened.
    *others : Activations or ArraySystem
        One or more.
    layers, other_layers : sequence of str
        Of the first system and of the others; a name that one of the others lacks is left out
        there. Default: all.
    measures : sequence of str
        Of ``cka``, ``rsa``, ``ridge``, ``procrustes``, ``knn``, ``rho-a``. The first leads the
        verdict. Ridge is taken both ways.
    pooling : str
        Of runs: ``peak`` or ``mean`` over a layer's map.
    images : ImageSet, optional
        Of one of the runs: shows images on which two systems differ most.
    most_images : int >= 4
        Of more common images so many are drawn.
    n_permutations : int >= 19
        Shuffles; ridge and Procrustes take 20 at most.
    seed : int
        Of the draw, the shuffles and the resamples.
    progress : callable
        Takes how many of how many steps are done.

    Returns
    -------
    Alignment

    Raises
    ------
    MismatchError
        If the systems have too few images in common, or the same ids are of other files.
    LayerNotFoundError
        If a system does not hold a layer.
    OptionError
        If there is no such measure, no other system, or a layer says nothing.

    Notes
    -----
    A number above its null says that two systems share something about these images, not that they
    compute it alike, nor that people see it: colour or brightness alone suffices.
    """
    chosen = measures_called(measures)
    _check_numbers(len(others), most_images, n_permutations)
    systems = (system, *others)
    common = common_images(
        *(RunSystem(each, pooling) if isinstance(each, Activations) else each for each in systems)
    )
    held, n_common = compared_layers(common, layers, other_layers), len(common)
    common, told = sampled(common, most_images, seed)
    names = common.names
    tables = [tables_of(side, each) for side, each in zip(common.sides, held, strict=True)]
    n_ways = sum(1 if each.symmetric else 2 for each in chosen)
    steps = n_ways * len(others) + 1
    pairs = [
        system_alignment(
            names[k],
            common,
            (common.sides[0], common.sides[k]),
            (tables[0], tables[k]),
            chosen,
            images=images,
            n_permutations=n_permutations,
            seed=seed,
            progress=_from((k - 1) * n_ways, steps, progress),
        )
        for k in range(1, len(systems))
    ]
    spread = layer_places(list(zip(names, tables, strict=True)), seed=seed)
    progress(steps, steps)
    lost = (s.told_left_out(each) for s, each in zip(common.sides, held, strict=True))
    return Alignment(
        provenance={**common.provenance(), "most images": most_images, "seed": seed},
        systems=names,
        n=len(common),
        n_common=n_common,
        pairs=tuple(pairs),
        places=spread,
        left_out=common.told + told + "".join(dict.fromkeys(lost)) + told_constant(names, tables),
    )


@dataclass(frozen=True)
class Alignment(Result):
    """How alike the layers of one system and of others are, beside shuffled images.

    Parameters
    ----------
    systems : tuple of str
        The first is compared with each of the others.
    n, n_common : int
        Images that were measured, of those that all systems have.
    pairs : tuple of SystemAlignment
        One per other system.
    places : LayerPlaces
        All layers of all systems on one map.
    left_out : str
        Which images and units were left out, in sentences; empty if none.
    """

    systems: tuple[str, ...]
    n: int
    n_common: int
    pairs: tuple[SystemAlignment, ...]
    places: LayerPlaces
    left_out: str

    @property
    def title(self) -> str:
        """The systems."""
        return f"{self.systems[0]} beside {', '.join(self.systems[1:])}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Images, measures, and the closest layers of each pair by the first measure."""
        measures = ", ".join(each.measure for each in self.pairs[0].tables)
        closest = (
            (
                f"closest in {pair.name}",
                f"{pair.tables[0].closest.layer} - {pair.tables[0].closest.other} "
                f"({pair.tables[0].closest.excess:+.2f})",
            )
            for pair in self.pairs
        )
        return (("images", f"{self.n:,}"), ("measures", measures), *closest)

    def verdict(self) -> str:
        """Say of each pair whether layers are closer than by chance; first where none is."""
        few = ""
        if self.n < _FEW:
            few = f"{self.n:,} images are few: intervals and p say little below {_FEW}. "
        order = sorted(self.pairs, key=lambda pair: (not pair.same, pair.found))
        return few + "".join(pair.verdict(self.systems[0]) for pair in order).strip()

    def blocks(self) -> tuple[Block, ...]:
        """Show tables, heat maps, depth, the map, where systems differ, and what was left out."""
        one = self.systems[0]
        found = self._maps(0)
        for pair in self.pairs:
            found.append(matches_table(pair.tables, one, pair.name, back=False))
            if pair.ceilings_of_first:
                found.append(ceilings_table(one, pair.name, pair.ceilings_of_first))
            if pair.ceilings:
                found.append(ceilings_table(pair.name, one, pair.ceilings))
        found.append(places(self.places))
        for pair in self.pairs:
            if pair.differing is not None:
                found += pair.differing.blocks(one, pair.name)
        for k in range(1, len(self.pairs[0].tables)):
            found += self._maps(k)
        found += [matches_table(each.tables, one, each.name, back=True) for each in self.pairs]
        return (*found, Note(self.told()))

    def _maps(self, k: int) -> list[Block]:
        """Show one measure: a heat map per other system, and the depth of the first."""
        one, each = self.systems[0], [(pair.name, pair.tables[k]) for pair in self.pairs]
        high = max(0.05, *(float(table.excess.max()) for _, table in each))
        return [*(heat(table, one, name, high=high) for name, table in each), depth(each, one)]

    def rows(self) -> Sequence[Row]:
        """One row per measure and pair of layers."""
        return [
            {
                "system": self.systems[0],
                "other": pair.name,
                "measure": table.measure,
                "layer": layer,
                "other_layer": other,
                "value": table.values[i, k],
                "low": table.low[i, k],
                "high": table.high[i, k],
                "null_mean": table.null_mean[i, k],
                "excess": table.excess[i, k],
                "p_value": table.p_values[i, k],
                "closest": table.matches[i].other == other,
                "p_of_closest": table.matches[i].p_value,
                "p_of_all": table.p_values_of_table[i, k],
                "r2": table.r2.values[i, k] if table.r2 else None,
                "r2_low": table.r2.low[i, k] if table.r2 else None,
                "r2_high": table.r2.high[i, k] if table.r2 else None,
                "n": table.n,
                "n_permutations": table.n_permutations,
            }
            for pair in self.pairs
            for table in pair.tables
            for i, layer in enumerate(table.rows)
            for k, other in enumerate(table.columns)
        ]

    def columns_about(self) -> dict[str, str]:
        """Tell what the less plain columns say."""
        return {
            "null_mean": "what the pair gives on average when the images of one are shuffled",
            "excess": "how much closer than that; positive is closer, of a distance too",
            "p_value": "share of shuffles as close, as if this pair alone had been looked at",
            "closest": "whether it is the closest layer of the other system, by its excess",
            "p_of_closest": "of the layer's closest one, against the closest in each shuffle",
            "p_of_all": "of the pair, against the closest of all pairs in each shuffle",
            "r2": "of ridge: mean over units of the variance that is predicted on held-out images; "
            "0 is as good as the mean of the images fitted to",
        }

    def told(self) -> str:
        """Say what was left out, and what the numbers do not mean."""
        without = [self.systems[0]] if self.pairs[0].no_ceiling[0] else []
        without += [pair.name for pair in self.pairs if pair.no_ceiling[1]]
        ceiling = ""
        if without:
            ceiling = (
                f"{', '.join(without)}: one response per image, so there is no noise ceiling; "
                f"where responses are noisy or were averaged, low numbers may be all that noise "
                f"allows. "
            )
        doubts = dict.fromkeys(
            f"{table.measure}: {table.doubt} "
            for pair in self.pairs
            for table in pair.tables
            if table.doubt
        )
        return (
            f"{self.left_out}{''.join(doubts)}{ceiling}A number above shuffled images says that "
            f"two systems share something about these images: colour or brightness may suffice. "
            f"Numbers of different measures, and of different images, are not comparable."
        )


def _from(done_before: int, total: int, progress: Progress) -> Progress:
    """Count on from what is done."""
    return lambda done, _: progress(done_before + done, total)


def _check_numbers(n_others: int, most_images: int, n_permutations: int) -> None:
    if not n_others:
        raise OptionError("one system is compared with nothing; give another run, or responses")
    if most_images < 4 or n_permutations < 19:
        raise OptionError(
            f"{most_images} images and {n_permutations} shuffles: take 4 images or more, and 19 "
            f"shuffles or more, below which no p is under 0.05"
        )
