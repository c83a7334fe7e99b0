"""The align command reads runs and arrays, prints the closest layers, and refuses the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import Activations
from tests.conftest import LAYER

QUICK = ("--measures", "cka,knn", "--permutations", 19)


@pytest.fixture(scope="module")
def responses(scanned: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What the layer said, in another order of the images, and their ids."""
    folder = tmp_path_factory.mktemp("responses")
    run = Activations.open(scanned)
    order = np.random.default_rng(0).permutation(40)
    values, _ = run.pooled(LAYER, "peak")
    np.save(folder / "v4.npy", values[order])
    ids = run.ids()
    (folder / "ids.txt").write_text("\n".join(ids[i] for i in order) + "\n")
    return folder / "v4.npy", folder / "ids.txt"


def test_responses_are_joined_by_id_and_shown_on_pages(
    command, scanned: Path, responses: tuple[Path, Path], tmp_path: Path
) -> None:
    array, ids = responses
    asked = ("align", scanned, array, "--ids", ids, *QUICK, "--out", tmp_path / "pages")
    done = command(*asked)
    assert done.code == 0, done.err
    assert f"{LAYER} of planted0 and v4 of v4 are closest: debiased linear CKA 1.00" in done.out
    assert "The layer of v4 closest to each layer of planted0:" in done.out
    assert "one response per image, so there is no noise ceiling" in done.out
    pages = list((tmp_path / "pages").glob("planted0*.html"))
    assert len(pages) == 1 and "nearest in v4" in pages[0].read_text(encoding="utf-8")
    # the same command again is no other question
    assert command(*asked).code == 0
    assert command(*asked, "--seed", 1).code == 2


def test_mistakes_are_refused_in_one_line(
    refused, scanned: Path, responses: tuple[Path, Path], tmp_path: Path
) -> None:
    array, ids = responses
    assert "needs" in refused("align") or "align takes" in refused("align")
    assert "it got one of them" in refused("align", scanned)
    assert "no run and no responses at" in refused("align", scanned, tmp_path / "x.npy")
    assert "is neither a run nor responses" in refused("align", scanned, ids)
    assert "hold no ids" in refused("align", scanned, array)
    assert "only runs are given" in refused("align", scanned, scanned, "--ids", ids)
    few = tmp_path / "few.txt"
    few.write_text("a\nb\n")
    assert "40 rows, and 2 ids" in refused("align", scanned, array, "--ids", few)
    assert "no measure 'cca'" in refused("align", scanned, array, "--ids", ids, "--measures", "cca")


def test_ids_and_repeats_go_to_the_arrays_that_take_them(
    command, refused, scanned: Path, responses: tuple[Path, Path], tmp_path: Path
) -> None:
    array, ids = responses
    values, order = np.load(array), ids.read_text().split()
    own, trials = tmp_path / "own.npz", tmp_path / "trials.npz"
    np.savez(own, it=values, ids=order)
    noise = np.random.default_rng(0).normal(size=(80, values.shape[1]))
    np.savez(trials, it=np.repeat(values, 2, axis=0) + noise, ids=np.repeat(order, 2))
    quick = ("--measures", "cka", "--permutations", 19)
    asked = ("align", scanned, array, own, trials, "--ids", ids, "--repeats", *quick)
    done = command(*asked)
    assert done.code == 0, done.err
    # only these two have one response per image
    assert "v4, own: one response per image" in done.out
    assert f"{LAYER} of planted0 and it of own are closest: debiased linear CKA 1.00" in done.out
    # whichever stands first
    done = command("align", own, array, "--ids", ids, *quick)
    assert "own, v4: one response per image" in done.out
    assert done.code == 0 and "it of own and v4 of v4 are closest" in done.out, done.err
    again = tmp_path / "again.npy"
    np.save(again, values)
    told = refused("align", scanned, array, again, "--ids", ids, *quick)
    assert "one file of ids is given, and v4.npy, again.npy hold none" in told
    two = tmp_path / "two.npz"
    np.savez(two, it=values, ids=order)
    assert "all responses hold their own" in refused("align", scanned, own, two, "--ids", ids)
    told = refused("align", scanned, own, two, "--repeats", *quick)
    assert "repeats are asked for, and none of own.npz, two.npz has any" in told
