"""An edit is kept as it was, and given to no other model."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import Clip, Neuron
from neurons.errors import MismatchError, OptionError
from neurons.interventions.saved_edits import load_edit, save_edit


def test_an_edit_comes_back_as_it_was(planted: Clip, vit: Clip, tmp_path: Path) -> None:
    edits = {Neuron("visual.layer4", 3): 0.0, Neuron("visual.layer1", 7): 1.5}
    path = save_edit(tmp_path / "a" / "edit.json", edits, clip=planted)
    assert load_edit(path, clip=planted) == load_edit(path) == edits
    again = save_edit(tmp_path / "again.json", dict(reversed(edits.items())), clip=planted)
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(MismatchError, match="is an edit of 'local-dir:"):
        load_edit(path, clip=vit)


@pytest.mark.parametrize("text", ["", "[]", '{"edit": {}}', '{"model": {}, "edit": {"a:1": "x"}}'])
def test_what_is_no_edit_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "edit.json").write_text(text)
    with pytest.raises(OptionError, match="is no edit"):
        load_edit(tmp_path / "edit.json")
    with pytest.raises(OptionError, match="no edit at"):
        load_edit(tmp_path / "none.json")


def test_addresses_mean_the_same_as_neurons(planted: Clip, tmp_path: Path) -> None:
    unit = Neuron("visual.layer4", 3)
    one = save_edit(tmp_path / "a.json", {unit: 0.5}, clip=planted)
    two = save_edit(tmp_path / "b.json", {"visual.layer4:3": 0.5}, clip=planted)
    assert one.read_bytes() == two.read_bytes()
