"""Tables keep each number beside its controls, and a dash where there is none."""

from __future__ import annotations

import numpy as np

from neurons.attacks.outcome_tables import (
    accuracy_table,
    class_table,
    gallery_of,
    success_bars,
    success_table,
    texts_of,
)
from neurons.attacks.outcomes import ClassOutcome, Outcome, ShownImage
from neurons.attacks.pooled import pool
from neurons.stats import Share


def outcome(readout: str, text: str, condition: str, hits: int, n: int = 10) -> Outcome:
    share = Share(hits, n)
    return Outcome(readout, f"the {text}", text, condition, "", share, Share(9, 10), 0.125)


OUTCOMES = [
    outcome("mine", "$$", "clean", 1), outcome("mine", "$$", "word", 8),
    outcome("mine", "$$", "blank", 0), outcome("mine", "$$", "no class", 2),
    outcome("mine", "cat", "clean", 0), outcome("mine", "cat", "word", 6),
    outcome("mine", "cat", "blank", 1), outcome("mine", "cat", "shuffled", 3),
    outcome("mine", "cat", "no class", 0), outcome("other", "cat", "word", 10, 20),
]  # fmt: skip


def test_each_text_is_listed_once() -> None:
    assert texts_of(OUTCOMES) == [("$$", "the $$"), ("cat", "the cat")]


def test_a_text_without_another_order_shows_a_dash() -> None:
    table = success_table(OUTCOMES, "mine", "one copy")
    assert table.title == "Success, read by mine (one copy)"
    at = table.columns.index("shuffled")
    assert [row[at] for row in table.rows] == ["-", str(Share(3, 10))]
    assert [row[2] for row in table.rows] == ["12.5%", "12.5%"]
    right = accuracy_table(OUTCOMES, ["mine"])
    assert right.rows[0][right.columns.index("shuffled")] == "-"
    assert right.rows[0][2] == str(Share(9, 10))


def test_bars_leave_out_what_was_not_measured() -> None:
    hits = {"word": np.arange(10) < 8, "blank": np.zeros(10, bool)}
    pools = [pool("mine", name, [hits[name]], [np.ones(10, bool)], 0) for name in hits]
    pools += [pool("mine", "shuffled", [], [], 0), pool("other", "word", [], [], 0)]
    bars = success_bars(pools, "mine", "one copy")
    assert bars.labels == ("word", "blank") and bars.values == (0.8, 0.0)
    assert (bars.low[0], bars.high[0]) == (pools[0].low, pools[0].high)
    assert "one copy" in bars.title and str(pools[0]) in bars.note


def test_classes_are_those_of_one_readout() -> None:
    parts = [ClassOutcome(name, "pig", Share(1, 2), Share(0, 2)) for name in ("mine", "other")]
    assert class_table(parts, "mine").rows == (("pig", str(Share(1, 2)), str(Share(0, 2))),)


def test_every_picture_is_shown_before_and_after() -> None:
    one = ShownImage("a.png", "mine", "cat", b"c", b"d", (("pig", 0.75),), (("cat", 0.5),))
    gallery, table = gallery_of([one], "Images")
    assert [(tile.image, tile.value) for tile in gallery.tiles] == [
        (b"c", "pig 0.75"),
        (b"d", "cat 0.50"),
    ]
    assert table.rows == (("a.png", "pig 0.75", "cat 0.50"),) and "read by mine" in table.title
