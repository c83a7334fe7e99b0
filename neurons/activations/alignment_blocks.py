"""How are layers beside layers shown: as a table, a heat map, depth curves, and a map?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.activations.aligned_layers import BACK, AlignedLayers, Match
from neurons.activations.layer_places import LayerPlaces
from neurons.activations.response_ceilings import LayerCeiling
from neurons.results.blocks import Dots, Heat, Panel, Places, Table, Trail

# dots of permuted numbers beside a layer's own
_CONTROLS = 20
_REFITTED = " Intervals of ridge: 20 groups of images left out in turn, everything fitted anew."
_NOT_REFITTED = (
    " Intervals of ridge leave the fits as they are, and are too narrow: 95 % intervals held "
    "the mean in 76 to 83 % of draws where this was measured."
)
_R2 = (
    " R2: mean over units of the held-out variance that ridge predicts; 0 is as good as the mean "
    "of the images fitted to."
)


def way(table: AlignedLayers, one: str, other: str) -> str:
    """Name a measure, with its direction where it has one."""
    if table.measure == "ridge":
        return f"{table.title}, {other} from {one}"
    if table.measure.endswith(BACK):
        return f"{table.title}, {one} from {other}"
    return table.title


def matches_table(tables: Sequence[AlignedLayers], one: str, other: str, *, back: bool) -> Table:
    """Show the closest layer to each layer, by every measure.

    Parameters
    ----------
    tables : sequence of AlignedLayers
    one, other : str
        The two systems.
    back : bool
        Whether rows are layers of the second.
    """
    of, there = (other, one) if back else (one, other)
    found = [each.back if back else each.matches for each in tables]
    rows = tuple(
        (
            matches[0].layer,
            *(_told(match, each, back) for match, each in zip(matches, tables, strict=True)),
        )
        for matches in zip(*found, strict=True)
    )
    n = ", ".join(f"{each.n_permutations:,} ({each.measure})" for each in tables)
    return Table(
        f"The layer of {there} that is closest to each layer of {of}",
        (of, *(way(each, one, other) for each in tables)),
        rows,
        f"Each cell: the layer, the measure with its 95 % interval (of "
        f"{tables[0].n_resamples:,} resamples of the images), how much closer (+) it is than "
        f"the closest layer when the images of one system are shuffled, and the share of shuffles "
        f"that come as close. n = {tables[0].n:,} images; shuffles: {n}. The search for the "
        f"closest layer is repeated in each shuffle, so that p holds for it; the interval leaves "
        f"it out.{_told_ridge(tables)}",
    )


def _told_ridge(tables: Sequence[AlignedLayers]) -> str:
    """Say what R2 is, and what the intervals of ridge hold; empty without ridge."""
    ridge = [each for each in tables if each.r2 is not None]
    if not ridge:
        return ""
    return _R2 + (_REFITTED if all(each.refitted for each in ridge) else _NOT_REFITTED)


def _told(match: Match, table: AlignedLayers, back: bool) -> str:
    pair = (match.other, match.layer) if back else (match.layer, match.other)
    r2 = table.told_r2(*pair)
    told = f"{match.other}: {match.told()}, {match.excess:+.2f} (p {match.p_value:.2g})"
    return f"{told}, {r2}" if r2 else told


def heat(table: AlignedLayers, one: str, other: str, *, high: float) -> Heat:
    """Show by how much every pair of layers is closer than its null.

    Parameters
    ----------
    table : AlignedLayers
    one, other : str
    high : float
        The excess that is darkest: the same for all maps of a measure.
    """
    columns = {name: k for k, name in enumerate(table.columns)}
    marked = tuple((i, columns[match.other]) for i, match in enumerate(table.matches))
    told = tuple(
        tuple(
            f"{table.values[i, k]:.3g} ({table.low[i, k]:.3g} to {table.high[i, k]:.3g}), shuffled "
            f"{table.null_mean[i, k]:.3g}, p = {table.p_values[i, k]:.2g} as one pair alone"
            + (f", {table.told_r2(table.rows[i], table.columns[k])}" if table.r2 else "")
            for k in range(len(table.columns))
        )
        for i in range(len(table.rows))
    )
    closer = "" if table.higher_is_closer else "; of a distance, larger still means closer"
    return Heat(
        f"{one} and {other}: {way(table, one, other)}",
        table.rows,
        table.columns,
        tuple(map(tuple, table.excess.tolist())),
        f"above shuffled images{closer}; rows: {one}, columns: {other}",
        0.0,
        high,
        marked=marked,
        told=told,
        note=f"Framed: the closest layer of {other} to each layer of {one}. n = {table.n:,}. "
        f"{table.doubt}",
    )


def depth(pairs: Sequence[tuple[str, AlignedLayers]], one: str) -> Dots:
    """Show how close the closest layer of each other system is, along the depth of the first.

    Parameters
    ----------
    pairs : sequence of (str, AlignedLayers)
        Each other system and what one measure gives for it.
    one : str
    """
    first = pairs[0][1]
    panels = []
    for name, table in pairs:
        excess = [match.excess for match in table.matches]
        # the interval of the value, moved by its null
        null = [m.value - m.excess * _sign(table) for m in table.matches]
        ends = [
            sorted((_sign(table) * (m.interval.low - b), _sign(table) * (m.interval.high - b)))
            for m, b in zip(table.matches, null, strict=True)
        ]
        shuffled = table.null_excess - table.null_excess.mean(0)
        panels.append(
            Panel(
                f"closest layer of {name}",
                "above shuffled images",
                tuple(excess),
                tuple(low for low, _ in ends),
                tuple(high for _, high in ends),
                tuple(map(tuple, shuffled[:_CONTROLS].T.tolist())),
                reference=0.0,
            )
        )
    return Dots(
        f"Along the depth of {one}: {way(first, one, 'others' if len(pairs) > 1 else pairs[0][0])}",
        first.rows,
        tuple(panels),
        controls="the closest layer where images are shuffled",
        note="The first layer is at the top.",
    )


def _sign(table: AlignedLayers) -> float:
    return 1.0 if table.higher_is_closer else -1.0


def places(found: LayerPlaces) -> Places:
    """Draw the map of all layers of all systems."""
    trails = []
    for name in dict.fromkeys(found.systems):
        of = [i for i, each in enumerate(found.systems) if each == name]
        x, y = found.places[of].T.tolist()
        trails.append(Trail(name, tuple(found.layers[i] for i in of), tuple(x), tuple(y)))
    longest = float(np.max(found.distances, initial=0))
    return Places(
        "All layers on one map: near means alike",
        tuple(trails),
        f"Angular Procrustes distances, the largest {longest:.2f} of at most 1.57, laid out in two "
        f"dimensions: distances on the map correlate {found.kept:.2f} with the true ones. No null "
        f"is subtracted here: layers with many units for the number of images come near to all.",
    )


def ceilings_table(name: str, predicted_by: str, found: Sequence[LayerCeiling]) -> Table:
    """Show what noise allows on each layer of repeated responses, and what is reached of it.

    Parameters
    ----------
    name, predicted_by : str
        The responses, and the system beside them.
    found : sequence of LayerCeiling
    """
    return Table(
        f"What noise allows in {name}, and how much of it {predicted_by} predicts",
        ("layer", "RSA ceiling", "highest mean r", "predicted from", "r of what repeats", "units"),
        tuple(
            (
                each.layer,
                f"{each.rsa_low:.2f} to {each.rsa_high:.2f}",
                f"{each.r:.2f}",
                each.predicted_by or "-",
                each.interval.beside(each.corrected) if each.predicted_by else "-",
                f"{each.n_units:,} ({each.n_noisy:,} left out: noise)"
                if each.predicted_by
                else "-",
            )
            for each in found
        ),
        f"From {found[0].n_repeats} trials of {found[0].n:,} images. The ceiling of RSA is that of "
        f"single trials, while the tables compare the mean of trials, which has less noise: it is "
        f"no bound for the RSA shown there, which may be higher. Highest "
        f"mean r: what a perfect prediction of the mean would have. r of what repeats: held-out "
        f"ridge, each unit divided by what noise allows, 95 % interval over units. It is predicted "
        f"from the layer that did best on the same images; the interval leaves this search out.",
    )
