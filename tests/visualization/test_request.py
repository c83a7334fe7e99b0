"""Settings tell all that an image depends on, as plain values."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from neurons import Clip, Settings
from neurons.network.inference import fast
from neurons.visualization.parameterisation import pixels
from neurons.visualization.request import batch_size
from neurons.visualization.transforms import LUCENT

OTHERS = {
    "steps": 9, "size_px": 64, "paint": pixels(), "transforms": LUCENT, "rate": 0.1,
    "precision": fast, "batch": 3, "seed": 5,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_every_setting_shows_in_the_provenance(planted: Clip, name: str) -> None:
    usual = Settings().provenance(planted)
    other = replace(Settings(), **{name: OTHERS[name]}).provenance(planted)
    assert {key for key in usual if usual[key] != other[key]} == {name}
    assert json.loads(json.dumps(other)) == other


def test_no_setting_is_forgotten(planted: Clip) -> None:
    assert {field.name for field in fields(Settings)} == set(OTHERS)
    usual = Settings().provenance(planted)
    assert usual["size_px"] == 96
    assert usual["batch"] == batch_size(planted, Settings()) == 16
