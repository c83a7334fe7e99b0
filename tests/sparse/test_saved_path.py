from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neurons.errors import MismatchError, OptionError, RunLockedError
from neurons.sparse.path import PathStep
from neurons.sparse.saved_path import SavedPath, saved_path

MADE_FROM = {"layer": "visual.layer4", "l1_ratio": 1.0}


def step(strength: float) -> PathStep:
    return PathStep(strength, 1e-4, True, 9, 2.5, 31, 1.25, 0.125, 0.75)


def weights(dtype: torch.dtype, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn(50, 4, generator=generator, dtype=dtype)
    found[torch.rand(50, 4, generator=generator) < 0.9] = 0
    return found, torch.randn(4, generator=generator, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_was_saved_is_read_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    given = weights(dtype)
    with saved_path(tmp_path, MADE_FROM) as path:
        assert not path.has(3) and path.start_of(3) is None
        path.save(3, step(0.5), *given)
    with saved_path(tmp_path, MADE_FROM) as again:
        assert again.has(3) and not again.has(0)
        assert again.step(3) == step(0.5)
        found = again.start_of(3)
        assert found is not None
        for one, other in zip(found, given, strict=True):
            assert one.dtype == dtype and torch.equal(one, other)


def test_a_strength_whose_writing_was_cut_off_is_not_done(tmp_path: Path) -> None:
    with saved_path(tmp_path, MADE_FROM) as path:
        path.save(0, step(0.5), *weights(torch.float32))
    # what a killed process leaves: a file beside its place
    whole = (tmp_path / "strength-000.npz").read_bytes()
    (tmp_path / "strength-001.npz.partial").write_bytes(whole[: len(whole) // 2])
    with saved_path(tmp_path, MADE_FROM) as again:
        assert again.has(0) and not again.has(1)


def test_without_a_folder_a_path_lives_in_memory() -> None:
    given = weights(torch.float32)
    with saved_path(None, MADE_FROM) as path:
        path.save(0, step(0.5), *given)
        found = path.start_of(0)
        assert found is not None and torch.equal(found[0], given[0])
    assert not SavedPath(None).has(0)


def test_a_path_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    with saved_path(tmp_path, MADE_FROM) as path:
        path.save(0, step(0.5), *weights(torch.float32))
    with (
        pytest.raises(MismatchError, match="l1_ratio: .* has 1.0, asked is 0.5"),
        saved_path(tmp_path, {**MADE_FROM, "l1_ratio": 0.5}),
    ):
        pass
    assert (tmp_path / "strength-000.npz").is_file()


def test_a_folder_of_something_else_and_one_that_is_in_use_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(OptionError, match="is not empty"), saved_path(tmp_path, MADE_FROM):
        pass
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    with (
        saved_path(tmp_path / "probe", MADE_FROM),
        pytest.raises(RunLockedError, match="another process"),
        saved_path(tmp_path / "probe", MADE_FROM),
    ):
        pass
