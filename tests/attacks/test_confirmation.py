"""A string is confirmed beside its controls, and by other readouts than it was chosen for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons.attacks.conditions import AttackTarget
from neurons.attacks.confirmation import (
    confirm,
    confirmed_bars,
    confirmed_facts,
    confirmed_rows,
    confirmed_table,
    named_readouts,
    unwritable_note,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.errors import OptionError
from neurons.results.table import as_arrow
from neurons.stats import Share
from tests.glyphs import probe_of

# says "thing" whatever it sees
BLIND = replace(probe_of("#"), bias=np.array([1e6, 0], np.float32))


def test_a_glyph_is_confirmed_and_another_is_not(attack: RepeatableAttack) -> None:
    three = replace(attack, readouts={**attack.readouts, "blind": BLIND})
    good = confirm(three, AttackTarget("the #", "#"), score=0.5)
    poor = confirm(three, AttackTarget("the #", "oA"), score=0.25)
    assert good.success == Share(12, 12) and poor.success == Share(0, 12)
    # the readouts beside the attacked one are asked about the class by its name
    assert good.also == (("probe", Share(12, 12)), ("blind", Share(0, 12)))
    assert dict(good.controls) == {"blank": Share(0, 12), "no class": Share(0, 12)}
    assert set(dict(poor.controls)) == {"blank", "shuffled", "no class"}
    assert 0 < good.coverage < 0.1 and good.score == 0.5

    table = confirmed_table("the #", [good, poor], "one copy")
    assert table.columns == (
        "text", "score", "success", "success by probe", "success by blind", "blank", "shuffled",
        "no class", "coverage",
    )  # fmt: skip
    # one letter has no other order
    assert table.rows[0][6] == "-" and table.rows[1][6] == str(Share(0, 12))
    assert confirmed_bars("the #", [good, poor], "one copy").values == (1.0, 0.0)
    assert confirmed_facts([good, poor]) == (("best string", "#"), ("success", "1.000"))

    rows = as_arrow(confirmed_rows([good, poor])).to_pylist()
    assert rows[0]["success.value"] == 1 and rows[0]["success.n"] == 12
    assert rows[0]["success by blind.successes"] == 0 and rows[1]["success, shuffled.n"] == 12
    assert rows[0]["success.interval.low"] == good.success.interval.low


def test_strings_that_were_left_out_are_told() -> None:
    assert unwritable_note(()) == ""
    assert unwritable_note(["too long", "x"]) == (
        " 2 strings cannot be written like this, the first: 'too long'."
    )


def test_no_other_readout_takes_the_place_of_the_attacked_one() -> None:
    named = named_readouts(BLIND, {"probe": probe_of("#")})
    assert list(named) == ["readout", "probe"] and named["readout"] is BLIND
    with pytest.raises(OptionError, match="name the other anew"):
        named_readouts(BLIND, {"readout": probe_of("#")})
