"""Only the unit that reads the glyph mediates between the glyph and the answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Neuron
from neurons.attacks.mediators import Mediator, mediator_table, mediators
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.readouts.readout import log_shares
from tests.glyphs import BANK, GLYPHS


def found(attack: RepeatableAttack, text: str, n_candidates: int = 32) -> tuple[Mediator, ...]:
    return mediators(
        attack.network, attack.ready.pixels, attack.written(text), readout=attack.readout,
        wanted=1, layer=BANK, n_candidates=n_candidates,
    )  # fmt: skip


def test_the_reader_is_the_only_mediator(attack: RepeatableAttack) -> None:
    first, *others = found(attack, "#")
    assert first.neuron == f"{BANK}:{GLYPHS.index('#')}"
    assert first.before == 0 and first.after > 0.5 and first.drop > 0.3
    # units that the word excites too, but that the answer does not need
    assert others and all(abs(each.drop) < 1e-6 for each in others)


def test_what_is_lost_is_the_difference_that_silencing_by_hand_makes(
    attack: RepeatableAttack,
) -> None:
    first = found(attack, "#")[0]
    written = attack.written("#")
    whole, without = (
        log_shares(attack.network.respond(written, edits=edits).scores(attack.readout))[:, 1]
        for edits in ({}, {Neuron.parse(first.neuron): 0.0})
    )
    assert first.drop == pytest.approx(float((whole - without).mean()), abs=1e-6)


def test_what_is_lost_is_the_mean_over_images_and_not_the_largest(
    attack: RepeatableAttack,
) -> None:
    # on one half of the images the glyph is written: silencing its unit takes nothing on the other
    clean, written = attack.ready.pixels[:4], attack.written("#")[:4].clone()
    written[2:] = clean[2:]
    asked = {"readout": attack.readout, "wanted": 1, "layer": BANK}
    half = mediators(attack.network, clean, written, **asked)[0]
    whole = mediators(attack.network, clean[:2], written[:2], **asked)[0]
    assert half.neuron == whole.neuron == f"{BANK}:{GLYPHS.index('#')}"
    assert half.drop == pytest.approx(whole.drop / 2, rel=1e-3)


def test_no_more_are_measured_than_asked_for_and_none_where_nothing_rises(
    attack: RepeatableAttack,
) -> None:
    assert len(found(attack, "#", 3)) == 3
    pixels = attack.ready.pixels
    nothing = mediators(
        attack.network, pixels, pixels, readout=attack.readout, wanted=1, layer=BANK
    )
    assert nothing == ()


def test_one_image_is_enough(attack: RepeatableAttack) -> None:
    clean, written = attack.ready.pixels[:1], attack.written("#")[:1]
    assert torch.is_tensor(clean)
    only = mediators(attack.network, clean, written, readout=attack.readout, wanted=1, layer=BANK)
    assert only[0].neuron == f"{BANK}:{GLYPHS.index('#')}" and np.isfinite(only[0].drop)


def test_the_table_lists_them_as_they_come() -> None:
    table = mediator_table("Needed", [Mediator("a:1", 0.0, 2.0, 1.5), Mediator("a:2", 1, 1, -0.25)])
    assert table.rows == (("a:1", "0", "2", "+1.500"), ("a:2", "1", "1", "-0.250"))
