"""How are association tests told: in a sentence, a chart and tables?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.address import EMBEDDING
from neurons.readouts.association import Association
from neurons.readouts.confounds import Confound
from neurons.results.blocks import Dots, Panel, Table
from neurons.stats import Interval

_ALPHA = 0.05
_ENDS = 3


@dataclass(frozen=True)
class NamedConfound:
    """A confound of one test in one place."""

    test: str
    layer: str
    confound: Confound


@dataclass(frozen=True)
class MeasuredTest:
    """One test in one place.

    Parameters
    ----------
    name : str
    layer : str
        ``embedding``, or a layer's path.
    x, y, a, b : str
        What the sets are called; y is empty where X alone was asked about.
    kinds : str
        What they are: ``text``, ``written``, ``pictures``, targets first where attributes differ.
    n : int
        Items on each side of the exchange.
    n_a, n_b : int
        Attributes.
    found : Association
    p_adjusted : float
        The two-sided p over all tests of this result, by Benjamini and Hochberg.
    p_adjusted_any : float
        By Benjamini and Yekutieli, whatever the tests have in common.
    items : tuple of str
        Those that were exchanged, in the order of the scores.
    source : str
        Who proposed the test.
    """

    name: str
    layer: str
    x: str
    y: str
    a: str
    b: str
    kinds: str
    n: int
    n_a: int
    n_b: int
    found: Association
    p_adjusted: float
    p_adjusted_any: float
    items: tuple[str, ...]
    source: str

    @property
    def shown(self) -> bool:
        """Whether chance parts the items so rarely, and other items might not show the contrary."""
        interval = self.found.difference_interval
        return self.p_adjusted <= _ALPHA and (interval.low > 0 or interval.high < 0)

    @property
    def label(self) -> str:
        """The test, and where it was measured if not in the embedding."""
        return self.name if self.layer == EMBEDDING else f"{self.name} in {self.layer}"

    def told(self) -> str:
        """Say in a sentence what was found."""
        near, far = (self.a, self.b) if self.found.effect > 0 else (self.b, self.a)
        if self.y:
            way = f"{self.x!r} lies nearer to {near!r}, and {self.y!r} nearer to {far!r}"
            than = f" than {self.y!r}"
        else:
            way, than = f"{self.x!r} lies nearer to {near!r} than to {far!r}", ""
        none = f"{self.x!r} is not shown to lie nearer to {self.a!r} or {self.b!r}{than}"
        where = "" if self.layer == EMBEDDING else f" in {self.layer}"
        found, interval = self.found, self.found.difference_interval
        unsure = (
            " (chance rarely parts these items so, but with others of the kind, attributes too, "
            "there might be no difference)"
            if not self.shown and self.p_adjusted <= _ALPHA
            else ""
        )
        return (
            f"{way if self.shown else none}{where}{unsure}: difference {found.difference:+.4f} "
            f"in cosine ({interval.low:+.4f} to {interval.high:+.4f}), d = {found.effect:+.2f}, "
            f"p = {found.test.p_value:.2g}, n = {self.n} of each."
        )


def effects_chart(tests: Sequence[MeasuredTest]) -> Dots:
    """Draw effects and raw differences, each with its interval."""
    found = [each.found for each in tests]
    return Dots(
        "How far the groups lie apart",
        tuple(each.label for each in tests),
        (
            _panel("effect", "d, standard deviations", found, "effect"),
            _panel("raw difference", "cosine", found, "difference"),
        ),
        note="With 95 % intervals by resampling targets and attributes; 0: no association. "
        "Above 0: the first group lies nearer to the first attributes. d is large also where a "
        "tiny difference is the same for every item; the raw difference tells.",
    )


def association_table(tests: Sequence[MeasuredTest]) -> Table:
    """List every test with its n, intervals and p values."""
    return Table(
        "Association tests",
        ("test", "targets", "attributes", "as", "n", "difference", "d", "p", "one-sided",
         "adjusted", "partitions"),
        tuple(
            (
                each.label,
                f"{each.x} against {each.y}" if each.y else each.x,
                f"{each.a} ({each.n_a}) or {each.b} ({each.n_b})",
                each.kinds,
                f"{each.n:,}",
                each.found.difference_interval.beside(each.found.difference, "+.4f"),
                each.found.effect_interval.beside(each.found.effect, "+.2f"),
                f"{each.found.test.p_value:.2g}",
                f"{each.found.test.p_greater:.2g}",
                f"{each.p_adjusted:.2g}",
                each.found.test.told(),
            )
            for each in tests
        ),
        "p: share of equal partitions of the items that differ as much, either way; one-sided: "
        "in this direction, as published tests give it. Adjusted: over the tests above, by "
        "Benjamini and Hochberg. The interval resamples attributes too, p exchanges targets "
        "only: an association is called shown if both say so." + _sources(tests),
    )  # fmt: skip


def items_table(tests: Sequence[MeasuredTest]) -> Table:
    """Name the items at the ends: what makes the difference, and what speaks against it."""
    rows = []
    for each in tests:
        halves = (each.x, each.y) if each.y else (each.a, each.b)
        for k, name in enumerate(halves):
            part = slice(k * each.n, (k + 1) * each.n)
            pairs = sorted(zip(each.found.scores[part], each.items[part], strict=True))
            rows.append(
                (each.label, name, _ends(pairs[::-1][:_ENDS]), _ends(pairs[:_ENDS])),
            )
    return Table(
        "Items at either end",
        ("test", "of", "highest scores", "lowest scores"),
        tuple(rows),
        "Score: mean cosine with the first attributes minus that with the second; where one "
        "group alone was asked about, an attribute's mean cosine with it.",
    )


def confounds_table(confounds: Sequence[NamedConfound]) -> tuple[Table, ...]:
    """List what else the sets differ in; nothing where all are pictures."""
    if not confounds:
        return ()
    table = Table(
        "What else differs",
        ("test", "what", "sets", "means", "difference", "goes with scores"),
        tuple(
            (
                each.test if each.layer == EMBEDDING else f"{each.test} in {each.layer}",
                c.what,
                f"{c.first}, {c.second}",
                f"{_plain(c.mean_first)}, {_plain(c.mean_second)}",
                f"{_plain(c.difference)} ({_plain(c.interval.low)} to {_plain(c.interval.high)})",
                "-"
                if np.isnan(c.correlation)
                else c.correlation_interval.beside(c.correlation, "+.2f"),
            )
            for each in confounds
            for c in (each.confound,)
        ),
        "Tokens of a word; merge rank of its rarest token (small: a frequent word); of written "
        "words the share of the picture that is ink, and the height of the letters in pixels. "
        "Goes with scores: Spearman's correlation over both sets.",
    )
    return (table,)


def _panel(name: str, axis: str, found: Sequence[Association], field: str) -> Panel:
    intervals: list[Interval] = [getattr(each, f"{field}_interval") for each in found]
    return Panel(
        name,
        axis,
        tuple(getattr(each, field) for each in found),
        tuple(each.low for each in intervals),
        tuple(each.high for each in intervals),
        reference=0.0,
    )


def _sources(tests: Sequence[MeasuredTest]) -> str:
    """Say who proposed the tests."""
    told = dict.fromkeys(f"{each.name}: {each.source}." for each in tests if each.source)
    return f" Sources: {' '.join(told)}" if told else ""


def _plain(value: float) -> str:
    """Give a number without a power of ten: ranks are large, and shares of ink small."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _ends(pairs: Sequence[tuple[float, str]]) -> str:
    return ", ".join(f"{item} {score:+.3f}" for score, item in pairs)
