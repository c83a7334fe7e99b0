"""What do lesions cost a model? The numbers of all of them, with a map, curves and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurons.interventions.lesion_blocks import (
    curve_lines,
    each_with,
    hardest,
    heat,
    order_lines,
    order_table,
)
from neurons.interventions.lesion_losses import Loss, losses
from neurons.interventions.lesion_modules import LesionModule
from neurons.interventions.lesion_records import LesionRecord
from neurons.interventions.lesion_series import (
    NOISE,
    SCALE,
    LesionCurve,
    LesionOrder,
    at_chance,
    choosing_half,
)
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share


@dataclass(frozen=True)
class Lesions(Result):
    """What lesions cost a model; small accuracies of few images say little of any one class.

    Parameters
    ----------
    modules : tuple of LesionModule
        In the order of running.
    hows : tuple of str
    classes : tuple of str
    rows_of_images : tuple of int
        Which of the set's images were measured.
    watched : str
    top_k : int
    chance : float
        What guessing, or one answer for all images, gives: the larger.
    intact : LesionRecord
    single : tuple of LesionRecord
        Of one module at a time: each way with all its modules.
    curves : tuple of LesionCurve
    orders : tuple of LesionOrder
    doubts : tuple of str
        What makes these numbers mean little.
    left_out : tuple of str
        Modules that could not be changed so, and why.
    note : str
        How passes were saved.
    """

    modules: tuple[LesionModule, ...]
    hows: tuple[str, ...]
    classes: tuple[str, ...]
    rows_of_images: tuple[int, ...]
    watched: str
    top_k: int
    chance: float
    intact: LesionRecord
    single: tuple[LesionRecord, ...]
    curves: tuple[LesionCurve, ...]
    orders: tuple[LesionOrder, ...]
    doubts: tuple[str, ...]
    left_out: tuple[str, ...]
    note: str

    @property
    def title(self) -> str:
        """What the study is."""
        return "Lesions"

    def of(self, how: str) -> tuple[LesionRecord, ...]:
        """Give the records of one way, one per module, in the order of running."""
        return tuple(each for each in self.single if each.lesions[0].how == how)

    def at(self, path: str) -> tuple[LesionRecord, ...]:
        """Give the records of one module, one per way."""
        return tuple(each for each in self.single if each.lesions[0].module == path)

    def losses(self, how: str) -> tuple[Loss, ...]:
        """Test the records of one way, adjusted over its modules."""
        return self._tested.get(how, ())

    @cached_property
    def _tested(self) -> dict[str, tuple[Loss, ...]]:
        # every module's page asks for its own
        return {how: losses(self.intact, self.of(how)) for how in self.hows}

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give what the lesions are measured by."""
        again = self.intact.recalibrated_accuracy
        return (
            ("intact accuracy", f"{self.intact.accuracy.value:.3f}"),
            *((("recalibrated", f"{again.value:.3f}"),) if again else ()),
            ("chance", f"{self.chance:.3f}"),
            ("modules", f"{len(self.modules):,}"),
            ("images", f"{self.intact.accuracy.n:,}"),
        )

    def verdict(self) -> str:
        """Say what is lost, and by which modules; that numbers mean little comes first."""
        told = [*self.doubts, *(self._told_single(how) for how in self.hows)]
        told += [self._told_curve(each) for each in self.curves]
        told += [_told_orders(self.orders)] if self.orders else []
        told += self.left_out
        shared = [each for each in self.modules if each.tied or each.n_runs > 1]
        if shared:
            told.append(
                f"{len(shared):,} modules share weights or run more than once; their pages say so."
            )
        return " ".join(told)

    def _told_single(self, how: str) -> str:
        records, found = self.of(how), self.losses(how)
        sure = sum(each.sure for each in found)
        gone = [each for each in records if at_chance(each.accuracy, self.chance)]
        worst = min(records, key=lambda each: each.accuracy.value)
        again = ""
        if worst.recalibrated_accuracy is not None:
            back = sum(not at_chance(r, self.chance) for r in map(_again, gone))
            again = f" With BatchNorm recalibrated {back:,} of the {len(gone):,} are above chance."
        return (
            f"Of {len(records):,} modules, {each_with(how)}, {sure:,} cost accuracy and "
            f"{len(gone):,} leave no more than chance ({self.chance:.3f}; intact "
            f"{self.intact.accuracy}); the worst is {worst.lesions[0].module}, which leaves "
            f"{worst.accuracy.value:.3f}.{again}"
        )

    def _told_curve(self, curve: LesionCurve) -> str:
        half = self.intact.accuracy.value / 2
        below = [
            amount
            for amount, record in zip(curve.amounts, curve.records, strict=True)
            if record.accuracy.value < half
        ]
        if curve.what == "noise":
            found = (
                f"at {min(below):.0%} of noise" if below else f"at no share up to {NOISE[-1]:.0%}"
            )
            return f"Half of the accuracy is gone {found} in all weights at once."
        less, more = [a for a in below if a < 1], [a for a in below if a > 1]
        sides = [
            *([f"shrunk to {max(less):g}"] if less else []),
            *([f"enlarged to {min(more):g}"] if more else []),
        ]
        if not sides:
            return f"Weights scaled by {SCALE[0]:g} to {SCALE[-1]:g} keep half of the accuracy."
        return f"So it is with all weights {' or '.join(sides)} times their size."

    def blocks(self) -> tuple[Block, ...]:
        """Draw the map of the network, curves, orders, and the modules that cost most."""
        shown: list[Block] = []
        for how in self.hows:
            records = self.of(how)
            modules = [self.module(each.lesions[0].module) for each in records]
            shown.append(heat(modules, self.intact, records, chance=self.chance))
            if records[0].recalibrated:
                shown.append(
                    heat(modules, self.intact, records, chance=self.chance, recalibrated=True)
                )
        shown += [curve_lines(each, chance=self.chance) for each in self.curves]
        if self.orders:
            held = self.orders[0].steps[0].held.n
            rows = np.setdiff1d(np.arange(len(self.intact.truth)), choosing_half(self.intact.truth))
            assert len(rows) == held, "orders are told on the images that chose nothing"
            shown.append(
                order_lines(self.orders, self.intact.accuracy_of(rows), chance=self.chance)
            )
            shown += [order_table(each) for each in self.orders if each.greedy]
        return (*shown, *self.tables(), Note(f"{_MEANING} How it was computed: {self.note}."))

    def tables(self) -> tuple[Table, ...]:
        """List the modules that cost most, a table per way."""
        told = []
        for how in self.hows:
            records = self.of(how)
            modules = [self.module(each.lesions[0].module) for each in records]
            told.append(hardest(modules, records, self.losses(how)))
        return tuple(told)

    def module(self, path: str) -> LesionModule:
        """Find a module by its path."""
        return next(each for each in self.modules if each.path == path)

    def rows(self) -> Sequence[Row]:
        """One row per lesion of one module, per point of a curve and per step of an order."""
        rows: list[Row] = []
        for how in self.hows:
            for record, found in zip(self.of(how), self.losses(how), strict=True):
                rows.append(self._row(record, found))
        for curve in self.curves:
            for amount, each in zip(curve.amounts, curve.records, strict=True):
                rows.append(
                    {"measured": curve.what, "modules": curve.n_modules, "amount": amount}
                    | _numbers(each)
                )
        for number, order in enumerate(self.orders):
            for i, step in enumerate(order.steps, 1):
                rows.append(
                    {
                        "measured": "greedy order" if order.greedy else f"random order {number}",
                        "modules": i,
                        "module": step.module,
                        "accuracy": step.held,
                        "choosing": step.choosing,
                        "cosine": step.cosine,
                    }
                )
        return rows

    def _row(self, record: LesionRecord, found: Loss) -> Row:
        (lesion,) = record.lesions
        module = self.module(lesion.module)
        return {
            "measured": "one module",
            "modules": 1,
            "module": module.path,
            "kind": module.kind,
            "depth": module.depth,
            "weights": module.n_weights,
            "how": lesion.how,
            "amount": lesion.amount,
            **_numbers(record),
            "loss": found,
        }


_MEANING = (
    "A module that costs nothing here may be needed for other images or classes, and one that "
    "costs all need not hold what is lost: what follows it was never trained on what it gives now. "
    "McNemar's test compares each lesion with the intact network on the same images; p is adjusted "
    "over the modules that were changed alike."
)


def _numbers(record: LesionRecord) -> dict[str, object]:
    return {
        "accuracy": record.accuracy,
        "unanswered": record.n_unanswered,
        "cosine": record.cosine,
        "overlap": record.overlap,
        "recalibrated": record.recalibrated_accuracy,
    }


def _again(record: LesionRecord) -> Share:
    found = record.recalibrated_accuracy
    assert found is not None, "asked of recalibrated lesions only"
    return found


def _told_orders(orders: Sequence[LesionOrder]) -> str:
    """Say after how many modules half of the accuracy is gone."""
    random = [len(each.steps) for each in orders if not each.greedy]
    told = []
    if random:
        told.append(
            f"In random order, chance is reached after {min(random):,} to {max(random):,} modules."
            if all(each.stopped for each in orders if not each.greedy)
            else f"In random order, up to {max(random):,} modules were changed."
        )
    for each in orders:
        if each.greedy:
            last = each.steps[-1]
            told.append(
                f"With the least harmful always next, {len(each.steps):,} modules leave "
                f"{last.held} of the images that chose nothing."
            )
    return " ".join(told)
