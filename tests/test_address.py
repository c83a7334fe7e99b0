"""An address reads back as it was written, and anything else is refused."""

from __future__ import annotations

import pytest

from neurons import Neuron
from neurons.address import by_neuron
from neurons.errors import AddressError


def test_an_address_reads_back() -> None:
    for text in ("visual.layer4:89", "visual.transformer.resblocks.11.mlp.c_fc:0"):
        assert str(Neuron.parse(text)) == text
    assert Neuron.parse(" a:1 ") == Neuron("a", 1)


def test_units_count_from_0() -> None:
    with pytest.raises(AddressError, match="count from 0"):
        Neuron("visual.layer4", -1)


@pytest.mark.parametrize("text", ["", "layer4", "layer4:", ":3", "a:-1", "a:1.5", "a b:1", "a:1:2"])
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(AddressError, match="LAYER:UNIT"):
        Neuron.parse(text)


def test_a_string_means_the_neuron_of_its_address() -> None:
    unit = Neuron("visual.layer4", 89)
    assert Neuron.of("visual.layer4:89") == unit and Neuron.of(unit) is unit
    assert by_neuron({"visual.layer4:89": 1.5}) == by_neuron({unit: 1.5}) == {unit: 1.5}
    with pytest.raises(AddressError, match="LAYER:UNIT"):
        by_neuron({"visual.layer4": 0.0})
