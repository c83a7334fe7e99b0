"""How are several things shown that are done one after another? A bar for each."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType

from neurons.cli.terminal import Bar


class Bars:
    """A bar for each thing that is done, which begins with the first of it.

    Parameters
    ----------
    units : mapping of str to str
        Of what each thing is done, such as ``pages`` of ``writing pages``.
    """

    def __init__(self, units: Mapping[str, str]) -> None:
        self._units = units
        self._bars: dict[str, Bar] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def show(self, what: str, done: int, total: int) -> None:
        """Show how much of a thing is done, and of how much; all of it ends its bar."""
        if what not in self._bars:
            self._bars[what] = self._stack.enter_context(Bar(what, self._units[what]))
        self._bars[what].show(done, total)
        if done == total:
            self._bars[what].stop()
