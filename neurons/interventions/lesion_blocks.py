"""How are lesions drawn: as a map of the network, as curves, as orders, as a table?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.interventions.lesion_losses import Loss
from neurons.interventions.lesion_map import network_map
from neurons.interventions.lesion_modules import LesionModule
from neurons.interventions.lesion_records import LesionRecord
from neurons.interventions.lesion_series import LesionCurve, LesionOrder, at_chance
from neurons.results.blocks import Heat, Lines, Stroke, Table
from neurons.stats import Share

# what is done, in the middle of a sentence
DONE = {
    "zero": "weights set to zero",
    "shuffle": "weights shuffled",
    "gaussian": "weights replaced by noise of their mean and spread",
    "noise": "weights mixed with noise",
    "shrink": "weights shrunk",
    "enlarge": "weights enlarged",
    "output-zero": "output set to zero",
    "mean": "output set to its mean over images",
    "skip": "skipped",
}
_AXES = {"noise": "share of the weights that is noise", "scale": "factor of the weights"}


def each_with(how: str) -> str:
    """Say what is done to each of several modules: ``each with its weights set to zero``."""
    return f"each {DONE[how]}" if how == "skip" else f"each with its {DONE[how]}"


def with_its(record: LesionRecord) -> str:
    """Say how a module is measured: ``with its weights set to zero``, ``with it skipped``."""
    return f"with {'it' if record.lesions[0].how == 'skip' else 'its'} {done(record)}"


def done(record: LesionRecord) -> str:
    """Say what was done to the one module of a record, such as ``weights shrunk (x 0.5)``."""
    (lesion,) = record.lesions
    amount = {"noise": f" ({lesion.amount:.0%})"}.get(lesion.how, f" (x {lesion.amount:g})")
    return DONE[lesion.how] + (amount if lesion.how in ("noise", "shrink", "enlarge") else "")


def heat(
    modules: Sequence[LesionModule],
    intact: LesionRecord,
    records: Sequence[LesionRecord],
    *,
    chance: float,
    recalibrated: bool = False,
) -> Heat:
    """Show what each module costs, on a map of the network.

    Parameters
    ----------
    modules : sequence of LesionModule
        In the order of running.
    intact : LesionRecord
    records : sequence of LesionRecord
        One per module, in the same order: one lesion each.
    chance : float
        Accuracy that means nothing.
    recalibrated : bool
        Whether BatchNorm's statistics were estimated anew: that accuracy is shown then.
    """
    paths = [each.path for each in modules]
    placed = network_map(paths)
    shape = len(placed.rows), len(placed.columns)
    whole = _share(intact, recalibrated=recalibrated)
    values, told = np.full(shape, np.nan), np.full(shape, "", object)
    opens, marked = np.full(shape, "", object), []
    for path, record in zip(paths, records, strict=True):
        here, place = _share(record, recalibrated=recalibrated), placed.places[path]
        values[place] = whole.value - here.value
        told[place] = f"accuracy {here}; cosine to the intact embedding {_or_none(record.cosine)}"
        opens[place] = path
        if at_chance(here, chance):
            marked.append(place)
    how = f"{done(records[0])}{', BatchNorm recalibrated' if recalibrated else ''}"
    return Heat(
        f"What each module is worth: {how}",
        placed.rows,
        placed.columns,
        tuple(map(tuple, values.tolist())),
        f"accuracy that is lost, of {whole.value:.3f}; an image enters on top",
        0.0,
        max(whole.value - chance, 0.01),
        corner="block",
        marked=tuple(sorted(marked)),
        told=tuple(map(tuple, told.tolist())),
        opens=tuple(map(tuple, opens.tolist())),
        note=f"One module at a time. Click a cell for its page. Framed: no more is left than "
        f"chance gives ({chance:.3f}). n = {intact.accuracy.n:,} images.",
    )


def curve_lines(curve: LesionCurve, *, chance: float) -> Lines:
    """Draw accuracy over the amount, and recalibrated beside it."""
    strokes = [_stroke("as it is", [each.accuracy for each in curve.records])]
    again = [each.recalibrated_accuracy for each in curve.records]
    if curve.records[-1].recalibrated:
        strokes.append(_stroke("BatchNorm recalibrated", [each for each in again if each]))
    strokes.append(Stroke("chance", (chance,) * len(curve.amounts)))
    noise = curve.what == "noise"
    return Lines(
        "Weights replaced by noise" if noise else "Weights shrunk and enlarged",
        tuple(f"{a:.0%}" if noise else f"{a:g}" for a in curve.amounts),
        tuple(strokes),
        f"{_AXES[curve.what]}, {curve.n_modules:,} modules at once (norms keep theirs)",
        "accuracy",
        note="Bands: 95 % of each accuracy alone. "
        + (
            "One draw of noise, the same at every amount: of each tensor's own mean and spread."
            if noise
            else "Amounts stand at equal distances."
        ),
    )


def order_lines(orders: Sequence[LesionOrder], intact: Share, *, chance: float) -> Lines:
    """Draw what is left as modules go one after another."""
    longest = max(len(each.steps) for each in orders)
    steps = tuple(str(i) for i in range(longest + 1))
    random = [each for each in orders if not each.greedy]
    strokes = []
    if random:
        left = np.array([_carried(each, intact.value, longest) for each in random])
        low, high = left.min(0), left.max(0)
        name = f"random order, mean and range of {len(random):,}"
        strokes.append(Stroke(name, _plain(left.mean(0)), _plain(low), _plain(high)))
    for each in orders:
        if each.greedy:
            held = [intact, *(step.held for step in each.steps)]
            strokes.append(_stroke("least harmful next", held, longest + 1))
    strokes.append(Stroke("chance", (chance,) * len(steps)))
    ends = sorted({each.stopped for each in orders if each.stopped})
    stopped = f" An order ends {' or '.join(ends)}; it counts as it was then." if ends else ""
    return Lines(
        "How many modules can go",
        steps,
        tuple(strokes),
        f"modules changed, of {orders[0].n_modules:,}",
        "accuracy",
        note=f"On {intact.n:,} images that chose no order.{stopped}",
    )


def order_table(order: LesionOrder) -> Table:
    """List the steps of an order that was chosen."""
    rows = tuple(
        (f"{i}", step.module, str(step.choosing), str(step.held), _or_none(step.cosine))
        for i, step in enumerate(order.steps, 1)
    )
    return Table(
        "The least harmful module next, step by step",
        ("step", "module", "accuracy, images that chose", "other images", "cosine"),
        rows,
        f"It ends {order.stopped}." if order.stopped else "",
    )


def hardest(
    modules: Sequence[LesionModule],
    records: Sequence[LesionRecord],
    found: Sequence[Loss],
    *,
    most: int = 12,
) -> Table:
    """List the modules that cost most, and the one that costs least."""
    order = sorted(range(len(records)), key=lambda i: (records[i].accuracy.value, modules[i].depth))
    shown = order if len(order) <= most else [*order[: most - 1], order[-1]]
    again = bool(records[0].recalibrated)
    rows = [
        (
            modules[i].path,
            modules[i].kind,
            str(records[i].accuracy),
            *((str(records[i].recalibrated_accuracy),) if again else ()),
            f"{found[i].lost:,}",
            f"{found[i].gained:,}",
            f"{found[i].adjusted:.2g}",
            _or_none(records[i].cosine),
            *((f"{records[i].overlap:.2f}",) if records[i].overlaps else ()),
        )
        for i in shown
    ]
    columns = (
        "module",
        "kind",
        "accuracy",
        *(("recalibrated",) if again else ()),
        "lost",
        "gained",
        "adjusted p",
        "cosine",
        *(("overlap",) if records[0].overlaps else ()),
    )
    left_out = f"{len(order) - len(shown):,} modules lie between the last two rows. "
    return Table(
        f"The modules that cost most: {done(records[0])}",
        columns,
        tuple(rows),
        f"{left_out if len(shown) < len(order) else ''}Lost and gained: images that only the "
        "intact, and only the changed network gives to their class. Overlap: of the watched "
        "units' top images, the share that still are.",
    )


def _share(record: LesionRecord, *, recalibrated: bool) -> Share:
    again = record.recalibrated_accuracy
    return again if recalibrated and again is not None else record.accuracy


def _stroke(name: str, found: Sequence[Share], length: int = 0) -> Stroke:
    beyond = (float("nan"),) * max(length - len(found), 0)
    return Stroke(
        name,
        (*(each.value for each in found), *beyond),
        (*(each.interval.low for each in found), *beyond),
        (*(each.interval.high for each in found), *beyond),
    )


def _carried(order: LesionOrder, intact: float, longest: int) -> list[float]:
    """Give what is left after each step; after the last measured one it stays."""
    left = [intact, *(step.held.value for step in order.steps)]
    return left + [left[-1]] * (longest + 1 - len(left))


def _or_none(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
