"""Steps are counted, and more than were foreseen are not told."""

from __future__ import annotations

from neurons.attacks.steps import stepper


def test_progress_reaches_the_total_and_never_passes_it() -> None:
    told: list[tuple[int, int]] = []
    step = stepper(lambda done, total: told.append((done, total)), 5)
    step()
    step(3)
    step(4)
    step()
    assert told == [(1, 5), (4, 5), (5, 5), (5, 5)]
