"""Lesions in order: of two modules that stand in for each other, the second one harms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch

from neurons.errors import OptionError
from neurons.interventions.lesion_modules import lesion_modules
from neurons.interventions.lesion_orders import (
    Left,
    least_harmful_next,
    needed_after,
    one_after_another,
    random_orders,
)
from neurons.interventions.lesions import Lesion, lesioned
from tests.interventions.lesion_networks import Branches

ROWS = torch.eye(3).repeat(4, 1)
TRUTH = ROWS.argmax(1)


class Counted:
    """Measures the wired network's accuracy, and counts how often."""

    def __init__(self) -> None:
        self.network, self.n = Branches().requires_grad_(False), 0

    def lesions(self) -> list[Lesion]:
        found = lesion_modules(self.network, "left,right,dead,end", run=lambda: self.network(ROWS))
        return [Lesion(each.path, "zero") for each in found]

    def __call__(self, several: Sequence[tuple[Lesion, ...]]) -> Iterator[Left]:
        for lesions in several:
            self.n += 1
            with lesioned(self.network, lesions):
                found = self.network(ROWS)
            # equal answers are none
            right = (found.argmax(1) == TRUTH) & (found.std(1) > 0)
            yield float(right.float().mean()), 1.0 if bool(right.all()) else float("nan")


def test_single_lesions_of_twin_branches_are_harmless_and_greedy_finds_the_pair() -> None:
    measure = Counted()
    lesions = measure.lesions()
    alone = {each.module: left[0] for each, left in
             zip(lesions, measure([(each,) for each in lesions]), strict=True)}  # fmt: skip
    assert alone == {"left": 1.0, "right": 1.0, "dead": 1.0, "end": 0.0}
    measure.n = 0
    steps = list(least_harmful_next(lesions, measure))
    assert measure.n == 4 + 3 + 2 + 1
    # of equals the first; the twin and the end, which all need, are left for last
    assert [step.added.module for step in steps] == ["left", "dead", "right", "end"]
    assert [step.left[0] for step in steps] == [1.0, 1.0, 0.0, 0.0]
    assert {each.module: left[0] for each, left in steps[1].candidates} == {
        "right": 0.0,
        "dead": 1.0,
        "end": 0.0,
    }
    # the end was harmful from the start: it waits for nobody
    (pair,) = needed_after(steps)
    assert (pair.lesion.module, pair.after.module) == ("right", "left")
    assert (pair.before_left, pair.after_left) == (1.0, 0.0)


def test_a_search_goes_on_where_it_was_stopped() -> None:
    measure = Counted()
    lesions = measure.lesions()
    steps = list(least_harmful_next(lesions, measure))
    first = list(least_harmful_next(lesions, measure, most=2))
    rest = list(least_harmful_next(lesions, measure, start=[step.added for step in first]))
    assert [step.added for step in (*first, *rest)] == [step.added for step in steps]
    with pytest.raises(OptionError, match="not among the lesions of this search: x: zero"):
        next(least_harmful_next(lesions, measure, start=[Lesion("x", "zero")]))


def test_orders_are_drawn_each_with_all_lesions_and_the_same_for_a_seed() -> None:
    lesions = [Lesion(f"m{n}", "zero") for n in range(8)]
    orders = random_orders(lesions, n_orders=6, seed=1)
    assert all(sorted(order, key=lesions.index) == lesions for order in orders)
    assert len(set(orders)) == 6
    assert random_orders(lesions, n_orders=3, seed=1) == orders[:3]
    assert random_orders(lesions, n_orders=6, seed=2) != orders
    with pytest.raises(OptionError, match="0 orders of 8 lesions"):
        random_orders(lesions, n_orders=0)


def test_lesions_in_an_order_are_not_undone_between_steps() -> None:
    measure = Counted()
    order = [Lesion("dead", "zero"), Lesion("left", "zero"), Lesion("right", "zero")]
    steps = list(one_after_another(order, measure))
    assert [step.left[0] for step in steps] == [1.0, 1.0, 0.0]
    assert [step.added for step in steps] == order


def test_no_embeddings_are_worse_than_wrong_ones() -> None:
    lesions = [Lesion("a", "zero"), Lesion("b", "zero")]
    left = {"a": (0.0, float("nan")), "b": (0.0, -0.5)}
    (step, _) = least_harmful_next(
        lesions, lambda several: [left[each[-1].module] for each in several]
    )
    assert step.added.module == "b"
