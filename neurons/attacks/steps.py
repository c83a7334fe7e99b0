"""How far is a study that runs a network many times?"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]


def stepper(progress: Progress, total: int) -> Callable[..., None]:
    """Give a function that counts steps and tells how many of ``total`` are done.

    Parameters
    ----------
    progress : callable
        Takes how many of how many are done.
    total : int
        Never passed, also where more steps are made than were foreseen.

    Returns
    -------
    callable
        Takes how many steps were made: one, if not told.
    """
    done = 0

    def step(n: int = 1) -> None:
        nonlocal done
        done = min(done + n, total)
        progress(done, total)

    return step
