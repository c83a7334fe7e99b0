"""An album's pages are made of what its pictures say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import Clip, Neuron, Series, Settings, visualize_to
from neurons.errors import MismatchError
from neurons.visualization.album import open_album
from tests.conftest import DEAD, LAYER, RED

SHORT, ONE = Settings(steps=4, size_px=32, batch=2), Series(n_seeds=1)


def test_each_target_has_a_page_with_the_facts_of_its_pictures(
    planted: Clip, tmp_path: Path
) -> None:
    wanted = [Neuron(LAYER, RED), Neuron(LAYER, DEAD)]
    kept = []
    index = visualize_to(
        planted, wanted, tmp_path, settings=SHORT, series=ONE,
        done=lambda made, n, total: kept.append((made.target, n, total)),
    )  # fmt: skip
    assert kept == [(str(wanted[0]), 1, 2), (str(wanted[1]), 2, 2)]
    album = open_album(tmp_path)
    for neuron, state in zip(wanted, ("alive", "dead"), strict=True):
        made = album.get(str(neuron))
        assert dict(made.facts())["state"] == state
        text = (tmp_path / f"{LAYER}-{neuron.unit}.html").read_text()
        assert f"<h1>{neuron}</h1>" in text
        for name, value in made.facts():
            assert f"<dt>{name}</dt><dd>{value}</dd>" in text
    assert index.read_text().count('<th scope="row">') == 2


def test_pictures_of_other_settings_are_refused_and_stay(planted: Clip, tmp_path: Path) -> None:
    visualize_to(planted, [Neuron(LAYER, RED)], tmp_path, settings=SHORT, series=ONE)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.png")}
    with pytest.raises(MismatchError, match=r"settings\.seed: the album has 0, asked is 1"):
        visualize_to(
            planted, [Neuron(LAYER, RED)], tmp_path,
            settings=Settings(steps=4, size_px=32, batch=2, seed=1), series=ONE,
        )  # fmt: skip
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.png")} == before
